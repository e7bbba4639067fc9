//! Opening is reconciling, every time: the newest snapshot that verifies, then the logs after it.

use super::chain::{Link, Logs, located};
use super::clock::Clock;
use super::database::{Database, Inner};
use super::disk::{Blocks, Disk, Health, Kept, LogTail};
use super::env::Env;
use super::found::{Found, Replayed};
use super::load::{LoadedState, Loading, load_state};
use super::log::{LogReader, Next};
use super::names::{self, Listing};
use super::options::Options;
use super::report::{OpenReport, SkippedSnapshot};
use super::stored::reader_of;
use super::turn::Turn;
use crate::collection::State;
use crate::error::{Error, Kind, Result};
use crate::format::header::{DatabaseId, FileHeader, FileKind, HEADER_BYTES};
use crate::format::snapshot::{RequestsV3, SnapshotV2, decode_snapshot};
use crate::limits::{FILES_MAX, MANIFEST_BYTES_MAX};
use crate::sorted::SortedMap;
use crate::storage::{FileInfo, Once, Storage};
use crate::vectors::ReadStored;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

/// A snapshot that was loaded, with what it was loaded from.
pub(super) struct Loaded {
    pub state: State,
    /// By number of the collection: why its stored graph was dropped.
    dropped: Vec<(u32, String)>,
    kept: Vec<Kept>,
    pub newest: Option<SnapshotV2>,
}

/// Whether something was left undone for want of room. What can be read is opened all the same: the first write makes
/// up for it.
fn may_wait(done: Result<()>, can_read: bool) -> Result<bool> {
    match done {
        Err(cause) if cause.kind == Kind::Quota && can_read => Ok(true),
        done => done.map(|()| false),
    }
}

impl<S: Storage, E: Env> Database<S, E> {
    /// Opens the database that stands in `storage`, or makes one where there is none.
    ///
    /// `Corrupt` when something other than the end of the last log does not verify and no older snapshot makes
    /// up for it (see [`Database::salvage`]); `Version` when a newer Lodestore wrote it. Nothing is deleted.
    pub async fn open(storage: S, env: E, options: Options) -> Result<Database<S, E>> {
        let mut opening = Opening::begin(storage, env, options).await?;
        match opening.reconcile(true).await {
            Ok(found) => opening.end(found).await,
            Err(mut cause) => {
                if cause.kind == Kind::Corrupt {
                    cause.message.push_str("; open(name, { salvage: true }) opens what can be read");
                }
                Err(cause)
            }
        }
    }
}

/// A database that is being opened.
pub(super) struct Opening<S, E> {
    pub storage: S,
    pub env: E,
    options: Options,
    pub reader: Option<Rc<dyn ReadStored>>,
    pub files: Vec<FileInfo>,
    listing: Listing,
    pub report: OpenReport,
    pub clock: Clock,
}

impl<S: Storage, E: Env> Opening<S, E> {
    pub async fn begin(storage: S, env: E, options: Options) -> Result<Opening<S, E>> {
        let clock = Clock::new(&env);
        let files = storage.list().await?;
        if files.len() > FILES_MAX {
            return Err(Error::invalid("there are too many files").with(FILES_MAX, files.len()));
        }
        let (listing, reader) = (Listing::of(&files), reader_of(&storage));
        let report = OpenReport::default();
        Ok(Opening { storage, env, options, reader, files, listing, report, clock })
    }

    /// What is stored, where that verifies. `trusting` leaves vectors that stay in storage unread.
    pub async fn reconcile(&mut self, trusting: bool) -> Result<Found> {
        let lengths = trusting.then_some(&self.listing.blocks);
        let loading = Loading { reader: self.reader.as_ref(), lengths };
        reconcile(&self.storage, &self.env, &loading, &self.listing, &mut self.report, &mut self.clock).await
    }

    /// Opened, but for what remains to be written.
    pub async fn end(self, mut found: Found) -> Result<Database<S, E>> {
        let (roll, is_new, tail) = (found.replayed.roll, found.is_new, found.replayed.tail);
        let torn = std::mem::take(&mut found.replayed.torn);
        let opened = self.assemble(found);
        if roll {
            let started = opened.inner.start_log((!is_new).then_some(tail)).await;
            if may_wait(started, !is_new)? {
                opened.inner.disk.borrow_mut().health =
                    Health::Unsettled { roll: true, tried: Rc::new(torn) };
            }
        }
        opened.ready().await
    }

    /// What is in memory and in storage, put together.
    pub fn assemble(self, found: Found) -> Opened<S, E> {
        let Opening { storage, env, options, reader, files, listing, mut report, clock } = self;
        let Found { database, state, requests, replayed, dropped, kept, newest, logs, .. } = found;
        report.rows = state.all().map(|one| one.len() as u64).sum();
        if reader.is_none() {
            let held = state.all().filter(|one| one.leaves_vectors() && one.stages.is_none());
            report.vectors_in_memory = held.map(|one| one.name.clone()).collect();
        }
        let disk = Disk {
            database,
            next_generation: listing.next_generation(),
            log: replayed.tail,
            logs,
            snapshots: kept,
            blocks: newest.map(Blocks::of).unwrap_or_default(),
            requests,
            pins: SortedMap::new(),
            health: match replayed.version < options.log_version() && !replayed.roll {
                true => Health::Unsettled { roll: true, tried: Rc::default() },
                false => Health::Writable,
            },
            doubtful: None,
            retention: None,
            failed_checkpoint: None,
        };
        let inner = Inner {
            storage,
            reader,
            env,
            options,
            report,
            state: RefCell::new(state),
            disk: RefCell::new(disk),
            turn: Turn::default(),
            queue: RefCell::new(VecDeque::new()),
            indexing: Cell::new(false),
            graph_frozen: Cell::new(0),
        };
        Opened { inner, dropped, clock, retention: names::numbered(&files, names::RETENTION) }
    }
}

/// All but ready.
pub(super) struct Opened<S, E> {
    pub inner: Inner<S, E>,
    dropped: Vec<(u32, String)>,
    clock: Clock,
    retention: SortedMap<u64, u64>,
}

impl<S: Storage, E: Env> Opened<S, E> {
    pub async fn ready(mut self) -> Result<Database<S, E>> {
        self.inner.load_retention(&self.retention).await?;
        may_wait(self.inner.drop_staged().await, true)?;
        self.inner.report.tell_graphs(&self.inner.state.borrow(), &self.dropped);
        self.clock.phase(&self.inner.env, &mut self.inner.report, "repair");
        Ok(Database(Rc::new(self.inner), None))
    }
}

/// The newest snapshot that verifies, and the writes after it.
async fn reconcile<S: Storage, E: Env>(
    storage: &S,
    env: &E,
    loading: &Loading<'_>,
    listing: &Listing,
    report: &mut OpenReport,
    clock: &mut Clock,
) -> Result<Found> {
    let logs = Logs::read(storage, listing).await?;
    let head = logs.head()?;
    clock.phase(env, report, "list");

    // A first log that was cut off within its header is a database that was never made.
    let is_new = head.is_none() && listing.blocks.is_empty() && listing.snapshots.is_empty();
    let database = head.map_or_else(|| env.random(), |header| header.database);
    let loaded = load_newest(storage, env, loading, listing, &database, report).await?;
    clock.phase(env, report, "snapshot");

    let Loaded { mut state, dropped, kept, newest } = loaded;
    let mut requests = newest.as_ref().map(|manifest| manifest.requests.clone()).unwrap_or_default();
    let rebuilt = state.all().filter(|one| one.has_codes() && one.group_count() > 0 && one.dirty(0).codes);
    report.codes_rebuilt = rebuilt.map(|one| one.name.clone()).collect();
    let replayed = if is_new {
        Replayed::default()
    } else {
        let named = newest.as_ref().and_then(|manifest| manifest.log);
        let links = logs.after(state.seq, named).map_err(|cause| explain(cause, report))?;
        replay(storage, env, &links, &mut state, &mut requests, report).await?
    };
    clock.phase(env, report, "log");
    let logs = logs.first_writes();
    let counts = (0, 0, 0);
    Ok(Found { database, state, requests, replayed, is_new, dropped, kept, newest, logs, counts })
}

impl<S: Storage, E: Env> Inner<S, E> {
    /// Starts a new log. `previous` is the log before it and how much of that one counts.
    pub async fn start_log(&self, previous: Option<LogTail>) -> Result<()> {
        let (generation, header) = {
            let mut disk = self.disk.borrow_mut();
            let generation = disk.take_generation();
            let header = FileHeader {
                kind: FileKind::Log,
                version: self.options.log_version(),
                database: disk.database,
                generation,
                time_ms: self.env.now_ms(),
                seq: self.state.borrow().seq + 1,
                previous: previous.map(|tail| (tail.generation, tail.length)),
            };
            (generation, header)
        };
        self.storage.create(&names::log(generation), &mut Once::new(header.encode())).await?;
        let mut disk = self.disk.borrow_mut();
        disk.log = LogTail { generation, length: HEADER_BYTES as u64 };
        disk.logs.insert(generation, header.seq);
        Ok(())
    }
}

/// The newest snapshot that verifies with all its blocks; without snapshots an empty state.
pub(super) async fn load_newest<S: Storage>(
    storage: &S,
    env: &impl Env,
    loading: &Loading<'_>,
    listing: &Listing,
    database: &DatabaseId,
    report: &mut OpenReport,
) -> Result<Loaded> {
    let mut kept = Vec::new();
    let mut loaded: Option<(LoadedState, SnapshotV2)> = None;
    for (&generation, &length) in listing.snapshots.iter().rev() {
        let name = names::snapshot(generation);
        let manifest = match read_manifest(storage, generation, length, database).await {
            Ok(manifest) => manifest,
            Err(cause) => {
                skip(report, generation, located(&name, cause), loaded.is_some())?;
                continue;
            }
        };
        let this = Kept::of(generation, &manifest, length);
        if loaded.is_none() {
            match load_state(storage, env, loading, &manifest).await {
                Ok(state) => {
                    report.snapshot = Some(generation);
                    loaded = Some((state, manifest));
                }
                Err(cause) => {
                    skip(report, generation, cause, false)?;
                    continue;
                }
            }
        }
        kept.push(this);
    }
    kept.reverse();
    let (LoadedState { state, dropped }, newest) = match loaded {
        Some((state, manifest)) => (state, Some(manifest)),
        None => (LoadedState::default(), None),
    };
    Ok(Loaded { state, dropped, kept, newest })
}

/// Passes over a snapshot that does not verify. A storage that failed, or a newer version, ends the opening:
/// falling back would hide what is there. A damaged one that is older than the one in use only costs history.
fn skip(report: &mut OpenReport, generation: u64, cause: Error, older: bool) -> Result<()> {
    match cause.kind {
        Kind::Corrupt if older => Ok(()),
        Kind::Corrupt => {
            report.snapshots_skipped.push(SkippedSnapshot { generation, reason: cause.to_string() });
            Ok(())
        }
        _ => Err(cause),
    }
}

/// Reads and verifies a manifest.
pub async fn read_manifest(
    storage: &impl Storage,
    generation: u64,
    length: u64,
    database: &DatabaseId,
) -> Result<SnapshotV2> {
    if length > (MANIFEST_BYTES_MAX + 1024) as u64 {
        return Err(
            Error::corrupt("this snapshot is longer than any can be").with(MANIFEST_BYTES_MAX, length)
        );
    }
    let bytes = storage.read(&names::snapshot(generation), 0..length).await?;
    let (header, manifest) = decode_snapshot(&bytes)?;
    if header.generation != generation || header.database != *database {
        return Err(Error::corrupt("this snapshot belongs to another database or generation"));
    }
    Ok(manifest)
}

/// Applies the frames of logs that come after a state.
pub(super) async fn replay<S: Storage>(
    storage: &S,
    env: &impl Env,
    links: &[Link],
    state: &mut State,
    requests: &mut RequestsV3,
    report: &mut OpenReport,
) -> Result<Replayed> {
    let total: u64 = links.iter().map(|link| link.end).sum();
    let mut before = 0;
    let mut replayed = Replayed::default();
    for link in links {
        // Also where it has no frame yet: an import, which is in no log, may be what is missing before it.
        if link.header.seq > state.seq + 1 {
            return Err(lost(link, "does not continue where the writes before it end")
                .with(format!("write {}", state.seq + 1), link.header.seq));
        }
        let mut reader = LogReader::new(storage, link.header.generation, link.end);
        let mut expected = link.header.seq;
        let mut torn = false;
        loop {
            let (seq, op, request) = match reader.next().await? {
                Next::Frame { seq, op, request, .. } => (seq, op, request),
                Next::End => break,
                Next::Torn if link.head => {
                    torn = true;
                    break;
                }
                Next::Torn => return Err(lost(link, "ends within a frame")),
                Next::Damaged(what) => return Err(Error::corrupt(what)),
            };
            if seq != expected {
                return Err(lost(link, "has frames out of order").with(expected, seq));
            }
            expected += 1;
            if seq <= state.seq {
                continue;
            }
            let mut checked = state.check_stored(op).map_err(|cause| {
                let log = names::log(link.header.generation);
                cause.as_damage(format_args!("{log} holds a write that does not apply"))
            })?;
            state.reserve(&mut checked)?;
            state.apply(checked, seq);
            requests.add(seq, request);
            report.frames_replayed += 1;
            if report.frames_replayed.is_multiple_of(256) {
                env.progress("log", before + reader.offset(), total);
                env.yield_now().await;
            }
        }
        before += link.end;
        let length = reader.offset();
        if torn {
            report.bytes_dropped = link.end - length;
        }
        let tail = LogTail { generation: link.header.generation, length };
        let version = link.header.version;
        let roll = torn || expected != state.seq + 1;
        replayed =
            Replayed { tail, roll, version, torn: if torn { reader.rest().to_vec() } else { Vec::new() } };
    }
    Ok(replayed)
}

fn lost(link: &Link, what: &str) -> Error {
    Error::corrupt(format!("{} {what}: restore a backup", names::log(link.header.generation)))
}

/// The logs do not reach back far enough: says which snapshots would have.
fn explain(mut cause: Error, report: &OpenReport) -> Error {
    match report.snapshots_skipped.first() {
        Some(skipped) => {
            let SkippedSnapshot { generation, reason } = skipped;
            cause.message.push_str(&format!(" (snapshot-{generation} does not verify: {reason})"));
            cause
        }
        None => cause,
    }
}
