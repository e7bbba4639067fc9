//! The archive (`.lode`): header, blocks exactly as in a blocks file, manifest, trailer with a SHA-256 over all
//! of it. It is written and read front to back, one section at a time.

use super::block::BLOCK_MAGIC;
use super::bytes::{Reader, shown};
use super::crc32;
use crate::error::{Error, Result};

/// The first four bytes of the manifest's section; what follows is as in a snapshot.
pub const MANIFEST_MAGIC: [u8; 4] = *b"LMAN";
/// The first four bytes of the trailer.
pub const TRAILER_MAGIC: [u8; 4] = *b"LEND";
/// Length of the trailer.
pub const TRAILER_BYTES: usize = 52;

/// What comes next in an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// A block.
    Block,
    /// The manifest.
    Manifest,
    /// The trailer; nothing follows it.
    Trailer,
}

impl Section {
    /// The section that begins with these four bytes.
    pub fn of(magic: [u8; 4]) -> Result<Section> {
        match magic {
            BLOCK_MAGIC => Ok(Section::Block),
            MANIFEST_MAGIC => Ok(Section::Manifest),
            TRAILER_MAGIC => Ok(Section::Trailer),
            _ => Err(Error::corrupt("this archive is damaged: a section begins with unknown bytes")
                .with("LBLK, LMAN or LEND", shown(&magic))),
        }
    }
}

/// The end of an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trailer {
    /// Blocks in the archive.
    pub blocks: u32,
    /// Bytes before the trailer.
    pub length: u64,
    /// SHA-256 of the bytes before the trailer.
    pub sha256: [u8; 32],
}

impl Trailer {
    /// The 52 bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(TRAILER_BYTES);
        out.extend_from_slice(&TRAILER_MAGIC);
        out.extend_from_slice(&self.blocks.to_le_bytes());
        out.extend_from_slice(&self.length.to_le_bytes());
        out.extend_from_slice(&self.sha256);
        let crc = crc32::hash(&out);
        out.extend_from_slice(&crc.to_le_bytes());
        out
    }

    /// Reads a trailer. `Corrupt` when it does not verify.
    pub fn decode(bytes: &[u8; TRAILER_BYTES]) -> Result<Trailer> {
        let damaged = || Error::corrupt("the trailer of this archive is damaged");
        let mut reader = Reader(bytes);
        let magic: [u8; 4] = reader.array().ok_or_else(damaged)?;
        let blocks = reader.u32().ok_or_else(damaged)?;
        let length = reader.u64().ok_or_else(damaged)?;
        let sha256 = reader.array().ok_or_else(damaged)?;
        let crc = reader.u32().ok_or_else(damaged)?;
        if magic != TRAILER_MAGIC || bytes.get(..TRAILER_BYTES - 4).map(crc32::hash) != Some(crc) {
            return Err(damaged());
        }
        Ok(Trailer { blocks, length, sha256 })
    }
}
