//! Faults as a decorator on the storage trait: a crash before, during or after call N, or a refusal.

use lodestore::error::{Error, Kind, Result};
use lodestore::storage::{FileInfo, MemoryStorage, ReadNow, Source, Storage};
use std::cell::Cell;
use std::future::poll_fn;
use std::ops::Range;
use std::rc::Rc;
use std::task::Poll;

/// What happens at the chosen call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The process dies before the call has any effect.
    CrashBefore,
    /// The process dies when this many bytes of a create or append have arrived.
    CrashDuring(usize),
    /// The process dies after the call took effect and before its answer.
    CrashAfter,
    /// The call has no effect and fails.
    Refuse(Kind),
    /// This many bytes of a create or append arrive, and the call fails.
    Cut(usize, Kind),
    /// The call takes effect and fails all the same.
    Lie(Kind),
}

/// Files in memory with one fault at the n-th call that changes files. Every call yields once.
pub struct FaultStorage {
    pub files: MemoryStorage,
    at: u64,
    fault: Option<Fault>,
    calls: Cell<u64>,
    dead: Rc<Cell<bool>>,
    /// What reads without waiting fail with, from now on.
    unread: Rc<Cell<Option<Kind>>>,
    /// Bytes that may still be appended.
    room: Cell<usize>,
}

impl FaultStorage {
    pub fn new(files: MemoryStorage, at: u64, fault: Option<Fault>) -> FaultStorage {
        let (calls, room) = (Cell::new(0), Cell::new(usize::MAX));
        FaultStorage { files, at, fault, calls, dead: Rc::default(), unread: Rc::default(), room }
    }

    /// From now on so many bytes may be appended, and what is more is refused with `Quota`.
    pub fn set_room(&self, bytes: usize) {
        self.room.set(bytes);
    }

    /// Calls that changed files, or would have.
    pub fn calls(&self) -> u64 {
        self.calls.get()
    }

    /// Lets reads without waiting fail, or work again.
    pub fn refuse_reads_now(&self, kind: Option<Kind>) {
        self.unread.set(kind);
    }

    pub fn crashed(&self) -> bool {
        self.dead.get()
    }

    /// The fault, if it is the turn of this call.
    fn due(&self) -> Result<Option<Fault>> {
        self.alive()?;
        let call = self.calls.get();
        self.calls.set(call + 1);
        Ok(if call == self.at { self.fault } else { None })
    }

    fn alive(&self) -> Result<()> {
        if self.dead.get() { Err(Error::new(Kind::Unavailable, "the process is dead")) } else { Ok(()) }
    }

    fn die<T>(&self) -> Result<T> {
        self.dead.set(true);
        Err(Error::new(Kind::Unavailable, "the process died"))
    }
}

struct FaultReader {
    files: MemoryStorage,
    dead: Rc<Cell<bool>>,
    unread: Rc<Cell<Option<Kind>>>,
}

impl ReadNow for FaultReader {
    fn read_now(&self, name: &str, at: u64, out: &mut [u8]) -> Result<()> {
        match self.unread.get().or(self.dead.get().then_some(Kind::Unavailable)) {
            Some(kind) => refusal(kind),
            None => self.files.read_now(name, at, out),
        }
    }
}

async fn yield_once() {
    let mut first = true;
    poll_fn(|context| {
        if std::mem::take(&mut first) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    })
    .await;
}

fn refusal<T>(kind: Kind) -> Result<T> {
    Err(Error::new(kind, "the host refused"))
}

/// The first bytes of a source.
struct Head<'a, S>(&'a mut S, usize);

impl<S: Source> Source for Head<'_, S> {
    async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        let piece = self.0.next().await?;
        Ok(piece.map(|mut piece| {
            piece.truncate(self.1);
            self.1 -= piece.len();
            piece
        }))
    }
}

impl Storage for FaultStorage {
    async fn list(&self) -> Result<Vec<FileInfo>> {
        yield_once().await;
        self.alive()?;
        self.files.list().await
    }

    async fn read(&self, name: &str, range: Range<u64>) -> Result<Vec<u8>> {
        yield_once().await;
        self.alive()?;
        self.files.read(name, range).await
    }

    async fn create(&self, name: &str, source: &mut impl Source) -> Result<()> {
        yield_once().await;
        match self.due()? {
            None => self.files.create(name, source).await,
            Some(Fault::CrashBefore) => self.die(),
            Some(Fault::Refuse(kind)) => refusal(kind),
            Some(Fault::CrashDuring(bytes)) => {
                self.files.create(name, &mut Head(source, bytes)).await?;
                self.die()
            }
            Some(Fault::Cut(bytes, kind)) => {
                self.files.create(name, &mut Head(source, bytes)).await?;
                refusal(kind)
            }
            Some(Fault::CrashAfter) => {
                self.files.create(name, source).await?;
                self.die()
            }
            Some(Fault::Lie(kind)) => {
                self.files.create(name, source).await?;
                refusal(kind)
            }
        }
    }

    async fn append(&self, name: &str, at: u64, bytes: &[u8]) -> Result<()> {
        yield_once().await;
        let head = |count: usize| bytes.get(..count.min(bytes.len())).unwrap_or_default();
        match self.due()? {
            None => match self.room.get().checked_sub(bytes.len()) {
                None => refusal(Kind::Quota),
                Some(left) => {
                    self.room.set(left);
                    self.files.append(name, at, bytes).await
                }
            },
            Some(Fault::CrashBefore) => self.die(),
            Some(Fault::Refuse(kind)) => refusal(kind),
            Some(Fault::CrashDuring(count)) => {
                self.files.append(name, at, head(count)).await?;
                self.die()
            }
            Some(Fault::Cut(count, kind)) => {
                self.files.append(name, at, head(count)).await?;
                refusal(kind)
            }
            Some(Fault::CrashAfter) => {
                self.files.append(name, at, bytes).await?;
                self.die()
            }
            Some(Fault::Lie(kind)) => {
                self.files.append(name, at, bytes).await?;
                refusal(kind)
            }
        }
    }

    async fn remove(&self, name: &str) -> Result<()> {
        yield_once().await;
        match self.due()? {
            None => self.files.remove(name).await,
            Some(Fault::CrashBefore | Fault::CrashDuring(_)) => self.die(),
            Some(Fault::Refuse(kind) | Fault::Cut(_, kind)) => refusal(kind),
            Some(Fault::CrashAfter) => {
                self.files.remove(name).await?;
                self.die()
            }
            Some(Fault::Lie(kind)) => {
                self.files.remove(name).await?;
                refusal(kind)
            }
        }
    }

    fn reader(&self) -> Option<Rc<dyn ReadNow>> {
        let FaultStorage { files, dead, unread, .. } = self;
        Some(Rc::new(FaultReader { files: files.clone(), dead: dead.clone(), unread: unread.clone() }))
    }
}

/// The store wants to own its storage; the test wants to look at it afterwards.
pub struct Borrowed<'a>(pub &'a FaultStorage);

impl Storage for Borrowed<'_> {
    async fn list(&self) -> Result<Vec<FileInfo>> {
        self.0.list().await
    }
    async fn read(&self, name: &str, range: Range<u64>) -> Result<Vec<u8>> {
        self.0.read(name, range).await
    }
    async fn create(&self, name: &str, source: &mut impl Source) -> Result<()> {
        self.0.create(name, source).await
    }
    async fn append(&self, name: &str, at: u64, bytes: &[u8]) -> Result<()> {
        self.0.append(name, at, bytes).await
    }
    async fn remove(&self, name: &str) -> Result<()> {
        self.0.remove(name).await
    }
    fn reader(&self) -> Option<Rc<dyn ReadNow>> {
        self.0.reader()
    }
}
