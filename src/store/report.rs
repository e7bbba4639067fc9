//! What long operations say about themselves. The field names are those of the JavaScript API.

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
    /// Rows set aside by salvage; 0 until there is salvage.
    pub rows_quarantined: u64,
    /// Derived nodes that were rebuilt; 0 until there is a graph.
    pub nodes_rebuilt: u64,
    /// Collections whose stored codes were damaged: they were made again from the vectors.
    pub codes_rebuilt: Vec<String>,
    /// Collections that are to keep only codes in memory, but cannot: this storage does not read without waiting.
    pub vectors_in_memory: Vec<String>,
    /// Where the time went.
    pub phases: Vec<Phase>,
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
