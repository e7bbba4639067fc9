//! Names of files: `log-<g>`, `blocks-<g>`, `snapshot-<g>`, g being the generation.

use crate::sorted::SortedMap;
use crate::storage::FileInfo;

/// The log of a generation.
pub fn log(generation: u64) -> String {
    format!("log-{generation}")
}

/// The blocks of a generation.
pub fn blocks(generation: u64) -> String {
    format!("blocks-{generation}")
}

/// The snapshot of a generation.
pub fn snapshot(generation: u64) -> String {
    format!("snapshot-{generation}")
}

/// The file that says what is to be kept, of a number.
pub fn retention(generation: u64) -> String {
    format!("{RETENTION}{generation}")
}

/// The file of the audit log of a number.
pub fn audit(generation: u64) -> String {
    format!("{AUDIT}{generation}")
}

/// How the names begin of the files of the audit log. They are counted by themselves.
pub const AUDIT: &str = "audit-";

/// How the names begin of what is to be kept, which are counted by themselves, too.
pub const RETENTION: &str = "retention-";

/// Generation -> length of the files whose names begin so. Only the one spelling that this store writes: `log-07` is
/// somebody else's.
pub fn numbered(files: &[FileInfo], prefix: &str) -> SortedMap<u64, u64> {
    let of = |file: &FileInfo| {
        let digits = file.name.strip_prefix(prefix)?;
        let generation: u64 = digits.parse().ok()?;
        (generation.to_string() == digits).then_some((generation, file.length))
    };
    files.iter().filter_map(of).collect()
}

/// How the names begin of what salvage and repair keep aside. No version of this store reads or removes these by itself.
pub const QUARANTINE: &str = "quarantine-";

/// Files by kind: generation -> length.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// Logs.
    pub logs: SortedMap<u64, u64>,
    /// Blocks files.
    pub blocks: SortedMap<u64, u64>,
    /// Snapshots.
    pub snapshots: SortedMap<u64, u64>,
    /// Bytes of files of other names, which are left alone.
    pub other_bytes: u64,
}

impl Listing {
    /// Sorts files by kind.
    pub fn of(files: &[FileInfo]) -> Listing {
        let (logs, blocks) = (numbered(files, "log-"), numbered(files, "blocks-"));
        let snapshots = numbered(files, "snapshot-");
        let known: u64 = [&logs, &blocks, &snapshots].map(Listing::sum).iter().sum();
        let all: u64 = files.iter().map(|file| file.length).sum();
        Listing { logs, blocks, snapshots, other_bytes: all - known }
    }

    /// A generation that no file has.
    pub fn next_generation(&self) -> u64 {
        let highest =
            [&self.logs, &self.blocks, &self.snapshots].map(|files| files.keys().next_back().copied());
        highest.into_iter().flatten().max().unwrap_or(0) + 1
    }

    /// Bytes of one kind.
    pub fn sum(files: &SortedMap<u64, u64>) -> u64 {
        files.values().sum()
    }
}
