//! The 80 bytes at the start of every file.

use super::bytes::{Reader, shown};
use super::crc32;
use super::{ARCHIVE_VERSION, UPKEEP_VERSION, VERSION};
use crate::error::{Error, Kind, Result};

/// Length of a file header.
pub const HEADER_BYTES: usize = 80;

/// Which kind of file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// Frames, one per committed write.
    Log,
    /// Blocks, shared between snapshots.
    Blocks,
    /// A manifest that names blocks.
    Snapshot,
    /// A database, or what changed in it, in one file, to carry away.
    Archive,
    /// What was done to look after the database, one frame for each.
    Audit,
    /// What is to be kept of the past.
    Retention,
}

impl FileKind {
    fn magic(self) -> &'static [u8; 8] {
        match self {
            FileKind::Log => b"LodeLOG\n",
            FileKind::Blocks => b"LodeBLK\n",
            FileKind::Snapshot => b"LodeSNP\n",
            FileKind::Archive => b"LodeARC\n",
            FileKind::Audit => b"LodeAUD\n",
            FileKind::Retention => b"LodeRET\n",
        }
    }

    fn noun(self) -> &'static str {
        match self {
            FileKind::Log => "log",
            FileKind::Blocks => "blocks file",
            FileKind::Snapshot => "snapshot",
            FileKind::Archive => "archive",
            FileKind::Audit => "audit log",
            FileKind::Retention => "retention policy",
        }
    }

    /// The newest format version of such files that this build reads.
    fn newest(self) -> u16 {
        match self {
            FileKind::Archive => ARCHIVE_VERSION,
            FileKind::Audit | FileKind::Retention => UPKEEP_VERSION,
            _ => VERSION,
        }
    }
}

/// Random identity of a database, chosen when it is made: files of two databases are never mixed.
pub type DatabaseId = [u8; 16];

/// What the header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileHeader {
    /// Kind of file.
    pub kind: FileKind,
    /// Format version of the file.
    pub version: u16,
    /// The database it belongs to.
    pub database: DatabaseId,
    /// Generation, the number in the file's name.
    pub generation: u64,
    /// When it was made: milliseconds since 1970.
    pub time_ms: u64,
    /// Log and audit log: sequence number of its first frame. Archive and snapshot: the last one it covers. Blocks: 0.
    pub seq: u64,
    /// Log: generation of the log before it and how many of that log's bytes count.
    pub previous: Option<(u64, u64)>,
}

/// Stands for "there is no log before".
const NO_PREVIOUS: u64 = u64::MAX;

impl FileHeader {
    /// The 80 bytes.
    pub fn encode(&self) -> Vec<u8> {
        let (previous, length) = self.previous.unwrap_or((NO_PREVIOUS, 0));
        let mut out = Vec::with_capacity(HEADER_BYTES);
        out.extend_from_slice(self.kind.magic());
        out.extend_from_slice(&self.version.to_le_bytes());
        out.extend_from_slice(&(HEADER_BYTES as u16).to_le_bytes());
        out.extend_from_slice(&0u32.to_le_bytes());
        out.extend_from_slice(&self.database);
        for number in [self.generation, self.time_ms, self.seq, previous, length] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        out.extend_from_slice(&0u32.to_le_bytes());
        let crc = crc32::hash(&out);
        out.extend_from_slice(&crc.to_le_bytes());
        out
    }

    /// Reads the header of a file that should be a `kind`.
    ///
    /// `Corrupt` when it is something else or damaged, `Version` when a newer Lodestore wrote it.
    pub fn decode(kind: FileKind, bytes: &[u8]) -> Result<FileHeader> {
        let noun = kind.noun();
        let short = || Error::corrupt(format!("this {noun} ends within its header"));
        let bytes = bytes.get(..HEADER_BYTES).ok_or_else(short)?;
        let mut reader = Reader(bytes);
        let magic: [u8; 8] = reader.array().ok_or_else(short)?;
        if &magic != kind.magic() {
            return Err(Error::corrupt(format!("this is not a Lodestore {noun}"))
                .with(shown(kind.magic()), shown(&magic)));
        }
        let crc = crc32::hash(bytes.get(..HEADER_BYTES - 4).ok_or_else(short)?);
        let stored = bytes.last_chunk().map(|chunk| u32::from_le_bytes(*chunk));
        if stored != Some(crc) {
            return Err(Error::corrupt(format!("the header of this {noun} is damaged")));
        }
        // The checksum comes first: a flipped bit in the version must not read as "upgrade".
        let version = reader.u16().ok_or_else(short)?;
        let newest = kind.newest();
        if !(1..=newest).contains(&version) {
            return Err(Error::new(
                Kind::Version,
                format!(
                    "this {noun} was written by another version of Lodestore: use that one, or a newer one"
                ),
            )
            .with(format!("format version 1 to {newest}"), version));
        }
        let _header_bytes = reader.u16().ok_or_else(short)?;
        let _flags = reader.u32().ok_or_else(short)?;
        let database = reader.array().ok_or_else(short)?;
        let mut number = || reader.u64().ok_or_else(short);
        let (generation, time_ms, seq, previous, length) =
            (number()?, number()?, number()?, number()?, number()?);
        let previous = (previous != NO_PREVIOUS).then_some((previous, length));
        Ok(FileHeader { kind, version, database, generation, time_ms, seq, previous })
    }
}
