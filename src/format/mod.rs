//! Bytes <-> wire types, and nothing else: no I/O, no policy. `FORMAT.md` beside this file is normative.
//!
//! Everything read here may be damaged or hostile: lengths are checked against `limits` before anything is
//! allocated, checksums before anything is decoded.

pub mod archive;
pub mod archive4;
pub mod audit;
pub mod block;
mod bytes;
mod codec;
pub mod config;
pub mod crc32;
mod crc_fold;
pub use bytes::floats;
pub mod frame;
pub mod header;
pub mod record;
pub mod retention;
pub mod sha256;
pub mod snapshot;

/// The newest format version that this build reads and writes. It reads every older one.
pub const VERSION: u16 = 3;

/// The version of archives in chunks. Nothing that stands in a database has it.
pub const ARCHIVE_VERSION: u16 = 4;
/// The version of audit logs and retention policies. An older build leaves both alone.
pub const UPKEEP_VERSION: u16 = 4;

/// The version of files that hold nothing of version 3: whoever reads this one can go on reading them.
pub const BASE_VERSION: u16 = 2;

#[cfg(target_endian = "big")]
compile_error!(
    "stored vectors are little-endian and are read without conversion: a big-endian port needs one"
);
