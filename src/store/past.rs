//! The database as it was: a kept snapshot, and the writes after it up to some point.

use super::chain::Logs;
use super::database::Database;
use super::disk::{Blocks, Kept};
use super::env::Env;
use super::load::{Loading, load_state};
use super::log::{LogReader, Next};
use super::names::{self, Listing};
use super::open::read_manifest;
use super::pinned::Pinned;
use crate::collection::State;
use crate::error::{Error, Kind, Result};
use crate::json::{self, Object, ToJson};
use crate::storage::Storage;
use std::cmp::Ordering;

/// Frames that are applied without a pause.
const FRAMES_AT_ONCE: u64 = 256;

/// A point in the history of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// Behind the write of this number.
    Seq(u64),
    /// Before the first write that was made later than this: milliseconds since 1970.
    Time(u64),
}

/// What a database was at some point. It takes memory of its own, as much as the database took then.
pub struct Past<S, E> {
    /// Everything, for reading.
    pub state: State,
    /// The blocks of the snapshot that it was read from: vectors may still be there only.
    pub(super) blocks: Vec<Blocks>,
    _pinned: Pinned<S, E>,
    /// When the last write in it was made, or the snapshot that has it: milliseconds since 1970.
    pub time_ms: u64,
}

/// How far back it reaches, and what it costs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// The last write.
    pub seq: u64,
    /// From where on it can be read, oldest first.
    pub points: Vec<RestorePoint>,
}

/// A snapshot, or the beginning of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RestorePoint {
    /// The last write that it covers.
    pub seq: u64,
    /// When it was made: milliseconds since 1970.
    pub time_ms: u64,
    /// Every write from `seq` to this one can be gone back to; this one only where both are the same.
    pub to_seq: u64,
    /// Bytes that are read for it.
    pub bytes: u64,
    /// Bytes of logs that are read besides for the last point before the next one, at the most.
    pub log_bytes: u64,
}

impl ToJson for History {
    fn to_json(&self, out: &mut String) {
        let mut object = Object::new(out);
        object.count("seq", self.seq);
        json::list(object.field("points"), self.points.iter(), |out, point| {
            let mut object = Object::new(out);
            object.counts(&[
                ("seq", point.seq),
                ("timeMs", point.time_ms),
                ("toSeq", point.to_seq),
                ("bytes", point.bytes),
                ("logBytes", point.log_bytes),
            ]);
            object.end();
        });
        object.end();
    }
}

impl Point {
    /// Whether a write of this number and time is before it.
    pub(super) fn includes(self, seq: u64, time_ms: u64) -> bool {
        match self {
            Point::Seq(last) => seq <= last,
            Point::Time(last) => time_ms <= last,
        }
    }
}

/// Beginning at which a history can be read.
struct Base {
    /// `None` for an empty database.
    snapshot: Option<Kept>,
    seq: u64,
    time_ms: u64,
    /// The logs behind it were pruned.
    is_apart: bool,
}

impl Base {
    fn is_at(&self, point: Point) -> bool {
        match point {
            Point::Seq(seq) => self.seq == seq,
            Point::Time(time) => self.time_ms == time,
        }
    }
}

impl<S: Storage, E: Env> Database<S, E> {
    /// Which points of its history can be had.
    pub async fn history(&self) -> Result<History> {
        let _turn = self.0.turn.take().await;
        let (bases, logs) = self.bases().await?;
        let seq = self.last_write();
        let nexts = bases.iter().skip(1).map(|base| base.snapshot.as_ref()).chain([None]);
        let mut points = Vec::new();
        for (base, next) in bases.iter().zip(nexts) {
            let end = next.map_or(seq, |next| next.seq);
            let to_seq = match next {
                _ if base.is_apart => base.seq,
                Some(next) => self.0.reach(base.seq, next, &logs).await?,
                None => seq,
            };
            let log_bytes = match end > base.seq && !base.is_apart {
                // Whole logs: which of their frames are before `end` is not known without reading them.
                true => {
                    let links = logs.after(base.seq, None)?;
                    links.iter().filter(|link| link.header.seq <= end).map(|link| link.end).sum()
                }
                false => 0,
            };
            let bytes = base.snapshot.as_ref().map_or(0, |kept| kept.bytes);
            points.push(RestorePoint { seq: base.seq, time_ms: base.time_ms, to_seq, bytes, log_bytes });
        }
        Ok(History { seq, points })
    }

    /// What the database was at a point. Writes wait while it is read. `Invalid` for a point that is not kept any more, or
    /// is yet to come.
    ///
    /// Where the snapshot before the point is damaged, an older one and the logs after it serve as well.
    pub async fn as_of(&self, point: Point) -> Result<Past<S, E>> {
        let _turn = self.0.turn.take().await;
        let now = self.last_write();
        let (bases, logs) = self.bases().await?;
        let oldest = bases.first().map_or((0, 0), |base| (base.seq, base.time_ms));
        if let Point::Seq(seq) = point
            && (seq > now || seq < oldest.0)
        {
            let kept = format!("write {} to {now}", oldest.0);
            return Err(Error::invalid("this point is not in the history that is kept").with(kept, seq));
        }
        let mut failure = None;
        let mut included =
            bases.iter().rev().filter(|base| point.includes(base.seq, base.time_ms)).peekable();
        let covered = included.peek().map_or(0, |base| base.seq);
        if let Some(base) = included.peek().filter(|base| base.is_apart && !base.is_at(point)) {
            return Err(Error::invalid("of what followed this point nothing was kept: see history()")
                .with(format!("write {}", base.seq), "a point behind it"));
        }
        for base in included {
            match self.read_past(base, &logs, point).await {
                // An older one may lack what the newer one brought.
                Ok(past) if past.state.seq < covered => {}
                Ok(past) => return Ok(past),
                Err(cause) if cause.kind == Kind::Corrupt => failure = failure.or(Some(cause)),
                Err(cause) => return Err(cause),
            }
        }
        Err(failure.unwrap_or_else(|| {
            let got = if let Point::Time(time) = point { time } else { 0 };
            Error::invalid("this point is before the history that is kept")
                .with(format!("a time from {} on", oldest.1), got)
        }))
    }

    /// The snapshots, and before them the beginning if every write since then is kept; for a caller who has the turn.
    async fn bases(&self) -> Result<(Vec<Base>, Logs)> {
        self.0.disk.borrow().check_open()?;
        let listing = Listing::of(&self.0.storage.list().await?);
        let logs = Logs::read(&self.0.storage, &listing).await?;
        let disk = self.0.disk.borrow();
        let seqs: Vec<u64> = disk.snapshots.iter().map(|kept| kept.seq).collect();
        let connected = logs.connected(&seqs);
        let of = |(at, kept): (usize, &Kept)| Base {
            seq: kept.seq,
            time_ms: kept.time_ms,
            snapshot: Some(kept.clone()),
            is_apart: at < connected,
        };
        let mut bases: Vec<Base> = disk.snapshots.iter().enumerate().map(of).collect();
        let first = logs.each().next().and_then(|(_, header, _)| header.as_ref().ok());
        if let Some(first) = first.filter(|first| first.seq == 1 && logs.after(0, None).is_ok()) {
            bases.insert(0, Base { snapshot: None, seq: 0, time_ms: first.time_ms, is_apart: false });
        }
        Ok((bases, logs))
    }

    async fn read_past(&self, base: &Base, logs: &Logs, point: Point) -> Result<Past<S, E>> {
        let inner = &self.0;
        let (database, tail) = {
            let disk = inner.disk.borrow();
            (disk.database, disk.log)
        };
        let mut blocks = Vec::new();
        let files = base.snapshot.iter().flat_map(|kept| kept.files.keys().copied());
        let _pinned = Pinned::of(inner.clone(), files.collect());
        let (mut state, named) = match &base.snapshot {
            None => (State::new(), None),
            Some(kept) => {
                let manifest =
                    read_manifest(&inner.storage, kept.generation, kept.manifest_bytes, &database).await?;
                let loading = Loading::all(&inner.reader);
                let loaded = load_state(&inner.storage, &inner.env, &loading, &manifest).await?.state;
                let named = manifest.log;
                blocks = Blocks::of(manifest);
                (loaded, named)
            }
        };
        let mut past_ms = base.time_ms;
        let goal = if let Point::Seq(seq) = point { seq } else { u64::MAX };
        let mut frames = 0u64;
        // Nothing is asked of logs where the snapshot has it all: there may be none behind it that reach so far.
        let links =
            if state.seq < goal && !base.is_apart { logs.after(state.seq, named)? } else { Vec::new() };
        for link in links {
            // What an import brought is in its snapshot only.
            if link.header.seq > state.seq + 1 {
                break;
            }
            // A newer log than ours is one that was begun though that failed: nothing of ours is in it.
            let end = match link.header.generation.cmp(&tail.generation) {
                Ordering::Less => link.end,
                Ordering::Equal => tail.length,
                Ordering::Greater => break,
            };
            let mut reader = LogReader::new(&inner.storage, link.header.generation, end);
            loop {
                let (seq, time_ms, op) = match reader.next().await? {
                    Next::Frame { seq, time_ms, op, .. } => (seq, time_ms, op),
                    Next::End => break,
                    Next::Torn => return Err(Error::corrupt("a frame that was acknowledged is cut short")),
                    Next::Damaged(what) => return Err(Error::corrupt(what)),
                };
                if seq <= state.seq {
                    continue;
                }
                if !point.includes(seq, time_ms) {
                    return Ok(Past { state, blocks, _pinned, time_ms: past_ms });
                }
                if seq != state.seq + 1 {
                    return Err(Error::corrupt(format!(
                        "{} has frames out of order",
                        names::log(link.header.generation)
                    ))
                    .with(state.seq + 1, seq));
                }
                let mut checked = state.check_stored(op)?;
                state.reserve(&mut checked)?;
                state.apply(checked, seq);
                past_ms = time_ms;
                frames += 1;
                if frames.is_multiple_of(FRAMES_AT_ONCE) {
                    inner.env.yield_now().await;
                }
            }
        }
        match point {
            Point::Seq(seq) if state.seq < seq => {
                Err(Error::corrupt("the writes up to this point are not all there")
                    .with(format!("write {seq}"), state.seq))
            }
            _ => Ok(Past { state, blocks, _pinned, time_ms: past_ms }),
        }
    }
}
