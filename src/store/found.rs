//! What opening found in storage, by itself or by salvage.

use super::chain::Logs;
use super::disk::{Kept, LogTail};
use crate::collection::State;
use crate::format::header::DatabaseId;
use crate::format::snapshot::{RequestsV3, SnapshotV2};
use crate::sorted::SortedMap;

/// Where the logs ended.
pub struct Replayed {
    pub tail: LogTail,
    /// The log cannot be appended to as it is: it ends in a torn frame, or before the snapshot.
    pub roll: bool,
    /// Of the log. Where it is an older one, whose readers would not understand what is written now, the first write
    /// begins a new one. Until then nothing is written, so that they can still read what there is.
    pub version: u16,
    /// What stands behind the tail, where it is torn.
    pub torn: Vec<u8>,
}

impl Default for Replayed {
    fn default() -> Replayed {
        Replayed { tail: LogTail { generation: 0, length: 0 }, roll: true, version: 0, torn: Vec::new() }
    }
}

/// What was found in storage.
pub struct Found {
    pub database: DatabaseId,
    pub state: State,
    pub requests: RequestsV3,
    pub replayed: Replayed,
    pub is_new: bool,
    /// By number of the collection: why its stored graph was dropped.
    pub dropped: Vec<(u32, String)>,
    pub kept: Vec<Kept>,
    pub newest: Option<SnapshotV2>,
    pub logs: SortedMap<u64, u64>,
    /// Of a salvage: rows that are gone, frames that were applied, bytes of a torn tail.
    pub counts: (u64, u64, u64),
}

impl Found {
    /// What was salvaged from a snapshot: the files of before are none that anything builds on.
    pub fn salvaged(
        database: DatabaseId,
        state: State,
        requests: RequestsV3,
        newest: Option<SnapshotV2>,
        logs: &Logs,
        counts: (u64, u64, u64),
    ) -> Found {
        let tail = logs.each().last().map_or((0, 0), |(generation, _, length)| (generation, length));
        let tail = LogTail { generation: tail.0, length: tail.1 };
        Found {
            database,
            state,
            requests,
            replayed: Replayed { tail, ..Replayed::default() },
            is_new: false,
            dropped: Vec::new(),
            kept: Vec::new(),
            newest,
            logs: SortedMap::new(),
            counts,
        }
    }
}
