//! What long operations say about themselves. The field names are those of the JavaScript API.

use super::salvage::SalvageReport;
use super::stats::IndexState;
use crate::collection::State;

/// What opening found and did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OpenReport {
    /// Generation of the snapshot that was loaded; `None` for a database that has none yet.
    pub snapshot: Option<u64>,
    /// Newer snapshots that did not verify and were passed over.
    pub snapshots_skipped: Vec<SkippedSnapshot>,
    /// Frames of the log that were applied on top of the snapshot.
    pub frames_replayed: u64,
    /// Bytes of a torn tail of the last log that were cut.
    pub bytes_dropped: u64,
    /// Rows in all collections.
    pub rows: u64,
    /// Rows that salvage could not keep: those of row groups that do not verify.
    pub rows_quarantined: u64,
    /// What salvage kept and what is gone; `None` where the database opened without.
    pub salvage: Option<SalvageReport>,
    /// Rows whose nodes are made again, in the background, because the stored graph did not hold.
    pub nodes_rebuilt: u64,
    /// The graphs.
    pub graphs: Vec<OpenedGraph>,
    /// Collections whose stored codes were damaged: they were made again from the vectors.
    pub codes_rebuilt: Vec<String>,
    /// Collections that are to keep only codes in memory, but cannot: this storage does not read without waiting.
    pub vectors_in_memory: Vec<String>,
    /// Where the time went.
    pub phases: Vec<Phase>,
}

/// The graph of a collection after opening.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenedGraph {
    /// Name of the collection.
    pub collection: String,
    /// Nodes that did not have to be made.
    pub nodes: u64,
    /// Rows that come into the graph in the background; queries find them meanwhile.
    pub pending: u64,
    /// Why the stored graph was dropped; absent where it was not, or none was stored.
    pub rebuilt: Option<String>,
}

impl OpenReport {
    /// Tells of the graphs. `dropped` are the numbers of the collections whose stored graph did not hold, and why.
    pub(super) fn tell_graphs(&mut self, state: &State, dropped: &[(u32, String)]) {
        for collection in state.all() {
            let rebuilt = dropped.iter().find(|(number, _)| *number == collection.number);
            let rebuilt = rebuilt.map(|(_, reason)| reason.clone());
            let IndexState { nodes, pending, .. } = IndexState::of(collection);
            if nodes + pending == 0 && rebuilt.is_none() {
                continue;
            }
            if rebuilt.is_some() {
                self.nodes_rebuilt += pending;
            }
            self.graphs.push(OpenedGraph { collection: collection.name.clone(), nodes, pending, rebuilt });
        }
    }
}

/// A snapshot that did not verify.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkippedSnapshot {
    /// Its generation.
    pub generation: u64,
    /// What was wrong with it.
    pub reason: String,
}

/// One phase of opening.
#[derive(Clone, Debug, PartialEq)]
pub struct Phase {
    /// `list`, `snapshot`, `log`, `repair`.
    pub name: &'static str,
    /// Milliseconds.
    pub ms: f64,
}

/// What a checkpoint wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CheckpointResult {
    /// Generation of the snapshot.
    pub generation: u64,
    /// The last write that it covers.
    pub seq: u64,
    /// Blocks that had changed.
    pub blocks_written: u64,
    /// Blocks shared with the snapshot before.
    pub blocks_reused: u64,
    /// Bytes of blocks, manifest and the new log.
    pub bytes_written: u64,
}

impl ImportResult {
    /// What came of an archive of so many bytes.
    pub(super) fn of(state: &State, bytes: u64) -> ImportResult {
        let named = || state.all().filter(|one| one.stages.is_none());
        let rows = named().map(|one| one.len() as u64).sum();
        ImportResult { collections: named().count() as u64, rows, bytes }
    }
}

/// What an import brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportResult {
    /// Collections.
    pub collections: u64,
    /// Rows in them.
    pub rows: u64,
    /// Bytes of the archive.
    pub bytes: u64,
}
