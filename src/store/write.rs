//! The write path: validate, append, apply. Writes that wait are appended together (group commit).

use super::database::{Database, Inner};
use super::disk::Health;
use super::env::Env;
use super::intent::{Intent, Target};
use super::requests::Request;
use super::turn::Guard;
use super::{names, wire};
use crate::collection::{Checked, Op, Rows, State};
use crate::error::{Error, Kind, Result};
use crate::format::frame::encode_frame;
use crate::format::record::RequestV3;
use crate::room::{ask, out_of_memory};
use crate::storage::Storage;
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

/// Vectors of writes that are appended together, in bytes: enough to share one sync among many small writes,
/// little enough to keep memory low.
const GROUP_BYTES: usize = 4 * 1024 * 1024;

/// Bytes that checking rows takes, about: in all, for each row, and for each byte of metadata, which is parsed.
const ROOM_TO_CHECK: (usize, usize, usize) = (64 * 1024, 384, 12);

/// What a write did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// Rows written, changed or deleted.
    pub count: u64,
    /// Its sequence number; where nothing had to be written, that of the last write.
    pub seq: u64,
}

/// Makes room for the frame of rows behind others; there is enough, too, for what checking them takes for a while.
fn make_room(rows: &Rows, bytes: &mut Vec<u8>) -> Result<()> {
    let (count, (ids, metadata)) = (rows.ids.len(), rows.text_bytes());
    let frame = rows.vectors.len() * size_of::<f32>() + ids + metadata + 8 * count + 128;
    bytes.try_reserve(frame).map_err(out_of_memory)?;
    ask(ROOM_TO_CHECK.0 + ROOM_TO_CHECK.1 * count + ROOM_TO_CHECK.2 * metadata)
}

/// A write in the queue.
pub struct Pending {
    intent: RefCell<Option<Intent>>,
    request: Option<Request>,
    /// What it comes to, and how many rows it is about; from when it was checked until it is applied.
    ready: RefCell<Option<(Checked, u64)>>,
    /// Bytes of its frame.
    length: Cell<usize>,
    outcome: RefCell<Option<Result<Written>>>,
}

impl<S: Storage, E: Env> Database<S, E> {
    /// Removes a collection and its rows.
    pub async fn drop_collection(&self, name: &str) -> Result<Written> {
        self.write(Intent::drop_collection(name.to_owned())).await
    }

    /// Adds or replaces rows, all or none. Resolves when they are durable.
    pub async fn upsert(&self, name: &str, rows: Rows) -> Result<Written> {
        self.write(Intent::upsert(name.to_owned(), rows)).await
    }

    /// Changes metadata, all rows or none: see [`Intent::update`].
    pub async fn update(
        &self,
        name: &str,
        target: Target,
        metadata: Vec<String>,
        replace: bool,
    ) -> Result<Written> {
        self.write(Intent::update(name.to_owned(), target, metadata, replace)).await
    }

    /// Deletes rows, all or none.
    pub async fn delete(&self, name: &str, target: Target) -> Result<Written> {
        self.write(Intent::delete(name.to_owned(), target)).await
    }

    /// Makes a write, by the name of this handle if it has one. Resolves when it is durable.
    pub async fn write(&self, intent: Intent) -> Result<Written> {
        self.0.write_as(self.1, intent).await
    }

    /// As [`Database::write`], but in the queue when this returns, so that it goes along with whatever else is asked for
    /// before the first of them is polled.
    pub fn queue(&self, intent: Intent) -> impl Future<Output = Result<Written>> + use<S, E> {
        let (inner, pending) = (self.0.clone(), self.0.push(self.1, intent));
        async move { inner.written(&pending, inner.turn.take()).await }
    }
}

impl<S: Storage, E: Env> Inner<S, E> {
    /// A write of the store's own.
    pub(super) async fn write(&self, intent: Intent) -> Result<Written> {
        self.write_as(None, intent).await
    }

    /// Queues a write and waits until it was appended and applied, or refused.
    async fn write_as(&self, request: Option<Request>, intent: Intent) -> Result<Written> {
        let pending = self.push(request, intent);
        // Answered in the order of the queue, whoever is polled first.
        let turn = self.turn.take();
        // Once around: what was asked for in the same breath is queued then, and goes along.
        pass().await;
        self.written(&pending, turn).await
    }

    fn push(&self, request: Option<Request>, intent: Intent) -> Rc<Pending> {
        let intent = RefCell::new(Some(intent));
        let (ready, length, outcome) = Default::default();
        let pending = Rc::new(Pending { intent, request, ready, length, outcome });
        self.queue.borrow_mut().push_back(pending.clone());
        pending
    }

    /// Waits until a queued write was appended and applied, or refused: by itself, or along with another.
    async fn written(&self, pending: &Pending, turn: impl Future<Output = Guard<'_>>) -> Result<Written> {
        let _turn = turn.await;
        loop {
            if let Some(outcome) = pending.outcome.borrow_mut().take() {
                return outcome;
            }
            self.commit_group().await;
        }
    }

    /// Commits the first waiting write, together with those that can go with it.
    async fn commit_group(&self) {
        let group = self.next_group();
        if let Err(cause) = self.reload().await.and_then(|()| self.disk.borrow().check_open()) {
            group.iter().for_each(|pending| pending.fail(&cause));
            return;
        }
        // What room is made for has to find it: a graph that is worked on takes slots, and gives others back.
        let _still = self.freeze_graphs();
        let (mut bytes, mut together) = (Vec::new(), 0);
        for pending in &group {
            match self.prepare(pending, together + 1, &mut bytes) {
                Ok(true) => together += 1,
                Ok(false) => pending.idle(self.state.borrow().seq),
                Err(cause) => pending.fail(&cause),
            }
        }
        // Not before there is something to append: what turns out to write nothing needs no log.
        if together == 0 {
            return;
        }
        match self.append(bytes).await {
            Ok(()) => group.iter().for_each(|pending| self.apply(pending)),
            Err(cause) if cause.kind == Kind::Quota && together > 1 => self.commit_singly(&group).await,
            Err(cause) => self.give_up(&group, 0, &cause),
        }
    }

    /// Commits one after the other what there was no room for together.
    async fn commit_singly(&self, group: &[Rc<Pending>]) {
        for pending in group {
            let Some(ready) = pending.ready.take() else { continue };
            let mut bytes = Vec::new();
            let framed = {
                let mut state = self.state.borrow_mut();
                // Room was promised to it behind the others, of which the first had what all of them share.
                state.keep_promises();
                self.make_ready(&mut state, pending, ready, 1, &mut bytes)
            };
            let appended = match framed {
                Ok(()) => self.append(bytes).await,
                Err(cause) => Err(cause),
            };
            match appended {
                Ok(()) => self.apply(pending),
                Err(cause) => {
                    pending.fail(&cause);
                    // Where there is no room for one, there is none for what is as long.
                    let least = if cause.kind == Kind::Quota { pending.length.get() } else { 0 };
                    self.give_up(group, least, &cause);
                }
            }
        }
    }

    /// Fails those that are ready and so long at least.
    fn give_up(&self, group: &[Rc<Pending>], least: usize, cause: &Error) {
        self.state.borrow_mut().keep_promises();
        let waits =
            |pending: &&Rc<Pending>| pending.length.get() >= least && pending.ready.borrow().is_some();
        group.iter().filter(waits).for_each(|pending| pending.fail(cause));
    }

    /// Carries out what was appended.
    fn apply(&self, pending: &Pending) {
        let Some((checked, count)) = pending.ready.take() else { return };
        let mut state = self.state.borrow_mut();
        let seq = state.seq + 1;
        state.apply(checked, seq);
        self.disk.borrow_mut().requests.add(seq, pending.named(count));
        pending.done(Written { count, seq });
    }

    /// The first waiting write and the upserts behind it, if it is one.
    fn next_group(&self) -> Vec<Rc<Pending>> {
        let mut queue = self.queue.borrow_mut();
        let mut group = Vec::new();
        let mut bytes = 0;
        while let Some(pending) = queue.front() {
            let size = pending.upsert_bytes();
            // What is asked for again may be in this very group: only what is committed is known.
            let alone = size.is_none() || pending.is_repeated();
            if !group.is_empty() && (alone || bytes + size.unwrap_or(0) > GROUP_BYTES) {
                break;
            }
            bytes += size.unwrap_or(GROUP_BYTES);
            group.extend(queue.pop_front());
        }
        group
    }

    /// Validates a write and adds its frame to `bytes`; the `ahead`-th after what is applied. False where there is nothing to
    /// write.
    fn prepare(&self, pending: &Pending, ahead: u64, bytes: &mut Vec<u8>) -> Result<bool> {
        if let Some(request) = &pending.request
            && let Some(written) = self.disk.borrow().requests.outcome(request)?
        {
            pending.done(written);
            return Ok(false);
        }
        let mut state = self.state.borrow_mut();
        let (op, count) = match pending.intent.borrow_mut().take() {
            None => return Ok(false),
            Some(Intent::Upsert(name, rows)) => {
                let count = rows.ids.len() as u64;
                let collection = state.named(&name)?.number;
                if count == 0 && rows.vectors.is_empty() {
                    return Ok(false);
                }
                make_room(&rows, bytes)?;
                (Op::Upsert { collection, rows }, count)
            }
            Some(Intent::Resolve(resolve)) => match resolve(&state)? {
                Some(resolved) => resolved,
                None => return Ok(false),
            },
        };
        let checked = state.check(op)?;
        self.check_memory(&state, checked.op())?;
        let good = bytes.len();
        self.make_ready(&mut state, pending, (checked, count), ahead, bytes)
            .inspect_err(|_| bytes.truncate(good))?;
        Ok(true)
    }

    /// Adds the frame of a checked write to `bytes`, and makes room for what it does.
    fn make_ready(
        &self,
        state: &mut State,
        pending: &Pending,
        (mut checked, count): (Checked, u64),
        ahead: u64,
        bytes: &mut Vec<u8>,
    ) -> Result<()> {
        let start = bytes.len();
        // As long as it was, if it was there before.
        bytes.try_reserve(pending.length.get()).map_err(out_of_memory)?;
        let record = wire::op_to_wire(checked.op());
        encode_frame(bytes, state.seq + ahead, self.env.now_ms(), |out| {
            record.encode(pending.named(count), out)
        })?;
        state.reserve(&mut checked)?;
        pending.length.set(bytes.len() - start);
        pending.ready.replace(Some((checked, count)));
        Ok(())
    }

    /// Appends frames, to a log that is as it should be. On an error it is again as it was, or writing is refused until it is.
    async fn append(&self, bytes: Vec<u8>) -> Result<()> {
        self.settle().await?;
        let tail = self.disk.borrow().log;
        match self.storage.append(&names::log(tail.generation), tail.length, &bytes).await {
            Ok(()) => {
                self.disk.borrow_mut().log.length += bytes.len() as u64;
                Ok(())
            }
            Err(cause) => {
                // Where the log is not as long as we left it, all behind that is somebody else's.
                let tried = if cause.kind == Kind::Conflict { Vec::new() } else { bytes };
                self.disk.borrow_mut().health = Health::Unsettled { roll: false, tried: Rc::new(tried) };
                // Whatever comes of it, this write was not acknowledged: the error of the append is reported, unless
                // it failed because there is nothing any more to append to.
                match self.settle().await {
                    Err(gone) if gone.kind == Kind::Evicted => Err(gone),
                    _ => Err(cause),
                }
            }
        }
    }

    /// Drops collections that were being built when the database was last closed.
    pub(super) async fn drop_staged(&self) -> Result<()> {
        let staged: Vec<u32> =
            self.state.borrow().all().filter(|one| one.stages.is_some()).map(|one| one.number).collect();
        for collection in staged {
            let resolve = move |_: &State| Ok(Some((Op::Drop { collection }, 0)));
            let pending = self.push(None, Intent::resolve(resolve));
            self.written(&pending, self.turn.take()).await?;
        }
        Ok(())
    }
}

/// Lets others run that are ready.
async fn pass() {
    let mut passed = false;
    poll_fn(|context| {
        if std::mem::replace(&mut passed, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

impl Pending {
    /// Bytes of vectors of an upsert; `None` for anything else.
    fn upsert_bytes(&self) -> Option<usize> {
        match self.intent.borrow().as_ref() {
            Some(Intent::Upsert(_, rows)) => Some(rows.vectors.len() * 4),
            _ => None,
        }
    }

    /// Whether it was asked for before, perhaps in vain.
    fn is_repeated(&self) -> bool {
        self.request.is_some_and(|request| request.again.is_some())
    }

    /// As stored, where it was asked for by name.
    fn named(&self, count: u64) -> Option<RequestV3> {
        self.request.map(|Request { client, counter, .. }| RequestV3 { client, counter, count })
    }

    /// Nothing had to be written now.
    fn idle(&self, seq: u64) {
        self.outcome.borrow_mut().get_or_insert(Ok(Written { count: 0, seq }));
    }

    fn done(&self, written: Written) {
        *self.outcome.borrow_mut() = Some(Ok(written));
    }

    /// What was held for it is let go.
    fn fail(&self, cause: &Error) {
        self.ready.take();
        *self.outcome.borrow_mut() = Some(Err(cause.clone()));
    }
}
