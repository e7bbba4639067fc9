//! What stands in storage, as far as the store has to remember it.

use super::retention::Retention;
use crate::error::{Error, Kind, Result};
use crate::format::block::BlockKind;
use crate::format::header::DatabaseId;
use crate::format::snapshot::{BlockRefV1, GraphV2, GroupV1, RequestsV3, SnapshotV2};
use crate::sorted::SortedMap;
use std::rc::Rc;

/// What stands in storage.
pub struct Disk {
    /// Identity of the database.
    pub database: DatabaseId,
    /// The next file that is made gets this generation.
    pub next_generation: u64,
    /// The log that is appended to.
    pub log: LogTail,
    /// The logs that follow one another up to that one: generation -> sequence number of the first frame.
    pub logs: SortedMap<u64, u64>,
    /// The kept snapshots, oldest first.
    pub snapshots: Vec<Kept>,
    /// The blocks of the newest snapshot, by collection.
    pub blocks: Vec<Blocks>,
    /// The last writes that were asked for by name.
    pub requests: RequestsV3,
    /// Generations of blocks files and logs that somebody is reading: not to be removed. With how many do.
    pub pins: SortedMap<u64, u64>,
    /// Whether writes are possible.
    pub health: Health,
    /// A snapshot that failed and could not be taken back: it may be there. It goes before the next write.
    pub doubtful: Option<u64>,
    /// What is to be kept beside the newest snapshots, if anything was said.
    pub retention: Option<Retention>,
    /// Length of the log at the last checkpoint, if it failed, and why.
    pub failed_checkpoint: Option<(u64, Error)>,
}

/// The blocks of a collection.
#[derive(Clone, Debug)]
pub struct Blocks {
    /// Its number.
    pub collection: u32,
    /// Vectors and rows of each row group.
    pub groups: Vec<GroupV1>,
    /// Codes of each row group, or none at all.
    pub codes: Vec<BlockRefV1>,
    /// Its graph, where one was saved.
    pub graph: Option<GraphV2>,
}

impl Blocks {
    /// What has to be remembered of a manifest.
    pub fn of(manifest: SnapshotV2) -> Vec<Blocks> {
        let both = manifest.collections.into_iter().zip(manifest.extensions);
        both.map(|(one, extension)| Blocks {
            collection: one.collection,
            groups: one.groups,
            codes: extension.codes,
            graph: extension.graph,
        })
        .collect()
    }

    /// Visits every block.
    pub fn each(&self, visit: &mut dyn FnMut(&BlockRefV1)) {
        self.groups.iter().flat_map(refs_of).for_each(|block| visit(&block));
        self.codes.iter().for_each(&mut *visit);
        self.graph.iter().flat_map(|graph| graph.groups.iter().flatten()).for_each(visit);
    }

    /// Where a block of a row group lies.
    pub fn block(&self, group: usize, kind: BlockKind) -> Option<BlockRefV1> {
        match kind {
            BlockKind::Vectors => self.groups.get(group).map(|group| group.vectors),
            BlockKind::Rows => self.groups.get(group).map(|group| group.rows),
            BlockKind::Codes => self.codes.get(group).copied(),
            BlockKind::Links => self.graph.as_ref()?.groups.get(group).copied()?,
        }
    }
}

/// The log that is appended to.
#[derive(Clone, Copy, Debug)]
pub struct LogTail {
    /// Its generation.
    pub generation: u64,
    /// Its length in bytes.
    pub length: u64,
}

/// A kept snapshot.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Its generation.
    pub generation: u64,
    /// The last write that it covers.
    pub seq: u64,
    /// When it was made.
    pub time_ms: u64,
    /// Bytes of blocks that it names, and of the manifest.
    pub bytes: u64,
    /// Bytes of the manifest.
    pub manifest_bytes: u64,
    /// What it brought stands in no log: it is of an import, or of going back.
    pub is_import: bool,
    /// The blocks files that it names: generation -> bytes of blocks.
    pub files: SortedMap<u64, u64>,
}

impl Kept {
    /// What has to be remembered of a manifest.
    pub fn of(generation: u64, manifest: &SnapshotV2, manifest_bytes: u64) -> Kept {
        let mut files = SortedMap::new();
        manifest.each_block(&mut |block| files.add(block.generation, u64::from(block.length)));
        Kept {
            generation,
            seq: manifest.seq,
            time_ms: manifest.time_ms,
            manifest_bytes,
            is_import: manifest.log.is_none(),
            bytes: manifest_bytes + files.values().sum::<u64>(),
            files,
        }
    }
}

/// The blocks of a group in the order in which they are written.
pub fn refs_of(group: &GroupV1) -> [BlockRefV1; 2] {
    [group.vectors, group.rows]
}

/// Whether writes are possible.
#[derive(Clone, Debug)]
pub enum Health {
    /// Yes.
    Writable,
    /// An append failed and what the log now holds is not known, or (`roll`) the next write needs a new log:
    /// settled before the next write.
    Unsettled {
        /// The log may not be appended to even if it is as it was.
        roll: bool,
        /// What was being appended: only this may follow the last good frame.
        tried: Rc<Vec<u8>>,
    },
    /// Somebody else wrote to the database.
    Fenced,
    /// What is in storage is not in memory: it is being loaded, or that failed.
    Unloaded,
    /// The handle was closed.
    Closed,
}

impl Disk {
    /// Refuses when nothing can be read.
    pub fn check_readable(&self) -> Result<()> {
        match self.health {
            Health::Unloaded | Health::Closed => self.check_open(),
            _ => Ok(()),
        }
    }

    /// Refuses when no write can succeed any more. `Unsettled` is for the caller to settle.
    pub fn check_open(&self) -> Result<()> {
        match self.health {
            Health::Writable | Health::Unsettled { .. } => Ok(()),
            Health::Fenced => Err(Error::new(
                Kind::Conflict,
                "another context wrote to this database: this handle still reads, open the database again to write",
            )),
            Health::Unloaded => Err(Error::new(
                Kind::Unavailable,
                "an import is being loaded: ask again when it has ended; if it failed and what was there cannot be read, a write tries that again",
            )),
            Health::Closed => Err(Error::new(Kind::Closed, "this database was closed: open it again")),
        }
    }

    /// Takes a generation for a new file.
    pub fn take_generation(&mut self) -> u64 {
        let generation = self.next_generation;
        self.next_generation += 1;
        generation
    }

    /// The blocks of a collection in the newest snapshot.
    pub fn blocks(&self, collection: u32) -> Option<&Blocks> {
        self.blocks.iter().find(|blocks| blocks.collection == collection)
    }

    /// Bytes of the newest snapshot.
    pub fn snapshot_bytes(&self) -> u64 {
        self.snapshots.last().map_or(0, |kept| kept.bytes)
    }
}
