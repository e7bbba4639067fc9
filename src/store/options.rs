//! What a caller may choose when opening.

/// Options of opening.
#[derive(Clone, Debug)]
pub struct Options {
    /// A checkpoint is due when the log is longer than this many bytes and than half the snapshot.
    pub checkpoint_log_bytes: u64,
    /// A checkpoint is also due when collections that keep only codes in memory hold more than this many bytes of
    /// vectors that it would let go.
    pub checkpoint_vector_bytes: u64,
}

impl Default for Options {
    fn default() -> Options {
        // 32 MiB of log replay in about a tenth of a second.
        Options { checkpoint_log_bytes: 32 * 1024 * 1024, checkpoint_vector_bytes: 64 * 1024 * 1024 }
    }
}
