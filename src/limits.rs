//! Every bound in one place. A length read from a file is checked against one of these before anything
//! is allocated; a value given by a caller is checked before anything is written.

/// Slots in a row group: the unit of checkpointing, checksumming and quarantine.
pub const GROUP_ROWS: usize = 1024;
/// Longest database or collection name, in bytes of UTF-8.
pub const NAME_BYTES_MAX: usize = 128;
/// Longest row id, in bytes of UTF-8. The shortest is 1.
pub const ID_BYTES_MAX: usize = 512;
/// Largest metadata of one row, in bytes of compact JSON.
pub const METADATA_BYTES_MAX: usize = 64 * 1024;
/// Deepest nesting of metadata and of filters; `{}` has depth 1.
pub const DEPTH_MAX: usize = 16;
/// Longest model id or model version, in bytes of UTF-8.
pub const MODEL_BYTES_MAX: usize = 256;
/// Largest vector dimension.
pub const DIMENSION_MAX: usize = 16_384;
/// Collections in one database.
pub const COLLECTIONS_MAX: usize = 1_024;
/// Rows (slots) in one collection.
pub const ROWS_MAX: usize = 1 << 24;
/// Rows in one call of `upsert`, `get`, `update` or `delete`.
pub const BATCH_ROWS_MAX: usize = 100_000;
/// Largest `topK`, and largest page of `list`.
pub const TOP_K_MAX: usize = 10_000;
/// Matches that one call of `queryMany` may ask for: vectors times `topK`.
pub const MATCHES_MAX: usize = 1_000_000;
/// Neighbours that a node of the graph keeps on each level, smallest and largest; twice as many on the lowest.
pub const HNSW_M: (usize, usize) = (2, 64);
/// Candidates that an insert into the graph looks at, smallest and largest.
pub const EF_CONSTRUCTION: (usize, usize) = (8, 2_000);
/// Candidates that a search of the graph looks at, smallest and largest.
pub const EF: (usize, usize) = (1, 10_000);
/// Candidates of a search on codes that are compared as floats, for each match: smallest and largest.
pub const OVERSAMPLE: (usize, usize) = (1, 1_000);
/// Levels of a graph.
pub const LEVELS_MAX: usize = 32;
/// Operators and values in one filter, all levels together.
pub const FILTER_NODES_MAX: usize = 10_000;
/// Strings up to this many bytes are indexed whole; rows with longer ones are decoded when a filter asks.
pub const INDEXED_STRING_BYTES_MAX: usize = 128;
/// Distinct metadata paths that get a secondary index in one collection; rows with further ones are decoded.
pub const INDEXED_PATHS_MAX: usize = 256;
/// Largest payload of one frame of the log, in bytes. A write that would need more is refused.
pub const FRAME_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Requests that a database remembers, to tell a context that asks again what became of its write.
pub const REQUESTS_MAX: usize = 1_024;
/// Of these, at most so many of one context: who writes much does not push out what others asked for.
pub const REQUESTS_OF_CLIENT_MAX: usize = 64;
/// Largest payload of one block of a snapshot, in bytes: a full row group of the largest rows still fits.
pub const BLOCK_BYTES_MAX: usize = 80 * 1024 * 1024;
/// Largest manifest of a snapshot, in bytes.
pub const MANIFEST_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Bytes of content in one chunk of an archive, at most.
pub const CHUNK_BYTES_MAX: usize = 1024 * 1024;
/// Bytes by which a chunk may be longer than its content: the tag of its cipher.
pub const CHUNK_TAG_BYTES: usize = 16;
/// Largest envelope of an archive, in bytes.
pub const ENVELOPE_BYTES_MAX: usize = 1024;
/// Memory that deriving a key from a passphrase takes, in KiB: smallest and largest.
pub const KDF_MEMORY_KIB: (u32, u32) = (8 * 1024, 256 * 1024);
/// Times that it goes over that memory, smallest and largest.
pub const KDF_PASSES: (u32, u32) = (1, 16);
/// Highest sequence number that an archive may say it covers: JavaScript counts so far.
pub const SEQ_MAX: u64 = (1 << 53) - 1;
/// Longest name of a kind of entry in the audit log, in bytes.
pub const AUDIT_KIND_BYTES_MAX: usize = 32;
/// Largest entry of the audit log, in bytes of JSON.
pub const AUDIT_ENTRY_BYTES_MAX: usize = 64 * 1024;
/// A file of the audit log that is as long as this gets no further entry.
pub const AUDIT_FILE_BYTES: u64 = 256 * 1024;
/// Entries of the audit log in one answer.
pub const AUDIT_ENTRIES_MAX: usize = 100_000;
/// Largest count in a retention policy.
pub const RETENTION_COUNT_MAX: u32 = 10_000;
/// Most days of history in a retention policy.
pub const RETENTION_DAYS_MAX: u32 = 36_500;
/// Longest file name that the store asks an adapter for, in bytes: lower-case letters, digits, `-` and `.`.
pub const FILE_NAME_BYTES_MAX: usize = 64;
/// Files that `list` may name before the store refuses to open.
pub const FILES_MAX: usize = 100_000;
