//! What a caller may choose when opening.

use crate::format::{BASE_VERSION, VERSION};

/// Options of opening.
#[derive(Clone, Debug)]
pub struct Options {
    /// A checkpoint is due when the log is longer than this many bytes and than half the snapshot.
    pub checkpoint_log_bytes: u64,
    /// A checkpoint is also due when so many writes are in no snapshot: where each is small, what replaying them takes
    /// follows their number.
    pub checkpoint_writes: u64,
    /// A checkpoint is also due when collections that keep only codes in memory hold more than this many bytes of
    /// vectors that it would let go.
    pub checkpoint_vector_bytes: u64,
    /// Writes come with the names of their requests: logs are of the version that has a place for them.
    pub requests: bool,
}

impl Default for Options {
    fn default() -> Options {
        // 32 MiB of log replay in about a tenth of a second, as many writes of one row in half a second.
        Options {
            checkpoint_log_bytes: 32 * 1024 * 1024,
            checkpoint_writes: 100_000,
            checkpoint_vector_bytes: 64 * 1024 * 1024,
            requests: false,
        }
    }
}

impl Options {
    /// The format version of a log that is begun.
    pub(super) fn log_version(&self) -> u16 {
        if self.requests { VERSION } else { BASE_VERSION }
    }
}
