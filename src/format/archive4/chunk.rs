//! The chunk: a piece of the content of an archive, packed and sealed by itself, so that an archive can be written
//! and read with the memory of one.

use super::super::bytes::Reader;
use super::super::crc32;
use crate::error::{Error, Result};
use crate::limits::{CHUNK_BYTES_MAX, CHUNK_TAG_BYTES};

/// Length of a chunk's header.
pub const CHUNK_HEADER_BYTES: usize = 32;

/// The first four bytes of a chunk.
pub const CHUNK_MAGIC: [u8; 4] = *b"LCHK";

/// Bytes of the header that its cipher vouches for: all but the two checksums, which come of what it makes.
const SEALED_BYTES: usize = 24;

/// What a chunk's header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkHeader {
    /// How many are before it.
    pub number: u32,
    /// Bytes of content.
    pub raw: u32,
    /// Bytes that follow.
    pub stored: u32,
    /// Whether the content was deflated.
    pub deflated: bool,
    /// Whether it was encrypted, after that.
    pub encrypted: bool,
    /// Whether no chunk follows.
    pub last: bool,
    /// crc32 of the bytes that follow.
    pub crc: u32,
}

impl ChunkHeader {
    /// The 32 bytes.
    pub fn encode(&self) -> [u8; CHUNK_HEADER_BYTES] {
        let flags = u32::from(self.deflated) | u32::from(self.encrypted) << 1 | u32::from(self.last) << 2;
        let mut out = [0; CHUNK_HEADER_BYTES];
        out[..4].copy_from_slice(&CHUNK_MAGIC);
        for (at, number) in [(4, self.number), (8, self.raw), (12, self.stored), (16, flags), (24, self.crc)]
        {
            out[at..at + 4].copy_from_slice(&number.to_le_bytes());
        }
        let crc = crc32::hash(&out[..28]);
        out[28..].copy_from_slice(&crc.to_le_bytes());
        out
    }

    /// The part of it that is authenticated together with the chunk.
    pub fn sealed(&self) -> [u8; SEALED_BYTES] {
        let mut out = [0; SEALED_BYTES];
        out.copy_from_slice(&self.encode()[..SEALED_BYTES]);
        out
    }

    /// Reads a header. `Corrupt` when it does not verify or breaks a bound.
    pub fn decode(bytes: &[u8]) -> Result<ChunkHeader> {
        let damaged = || Error::corrupt("the header of a chunk of this archive does not verify");
        let bytes = bytes.get(..CHUNK_HEADER_BYTES).ok_or_else(damaged)?;
        let mut reader = Reader(bytes);
        let magic: [u8; 4] = reader.array().ok_or_else(damaged)?;
        let mut number = || reader.u32().ok_or_else(damaged);
        let (place, raw, stored, flags) = (number()?, number()?, number()?, number()?);
        let (reserved, crc, header_crc) = (number()?, number()?, number()?);
        let (deflated, encrypted, last) = (flags & 1 != 0, flags & 2 != 0, flags & 4 != 0);
        let tag = if encrypted { CHUNK_TAG_BYTES } else { 0 };
        let (content, packed) = (raw as usize, (stored as usize).checked_sub(tag).ok_or_else(damaged)?);
        let sound = magic == CHUNK_MAGIC
            && bytes.get(..28).map(crc32::hash) == Some(header_crc)
            && flags < 8
            && reserved == 0
            && content <= CHUNK_BYTES_MAX
            && if deflated { packed < content } else { packed == content };
        sound
            .then_some(ChunkHeader { number: place, raw, stored, deflated, encrypted, last, crc })
            .ok_or_else(damaged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes_and_refuses_every_flipped_bit() {
        let plain = ChunkHeader {
            number: 7,
            raw: 100,
            stored: 100,
            deflated: false,
            encrypted: false,
            last: false,
            crc: 0xDEAD_BEEF,
        };
        let packed = ChunkHeader { stored: 60, deflated: true, ..plain };
        let sealed = ChunkHeader { stored: 116, encrypted: true, last: true, ..plain };
        for header in [plain, packed, sealed] {
            let bytes = header.encode();
            assert_eq!(ChunkHeader::decode(&bytes), Ok(header));
            for bit in 0..bytes.len() * 8 {
                let mut flipped = bytes;
                flipped[bit / 8] ^= 1 << (bit % 8);
                assert!(ChunkHeader::decode(&flipped).is_err(), "bit {bit}");
            }
        }
    }

    #[test]
    fn refuses_lengths_that_no_writer_makes() {
        let good = ChunkHeader {
            number: 0,
            raw: 100,
            stored: 100,
            deflated: false,
            encrypted: false,
            last: false,
            crc: 0,
        };
        let over = CHUNK_BYTES_MAX as u32 + 1;
        for bad in [
            ChunkHeader { raw: over, stored: over, ..good },
            ChunkHeader { stored: 99, ..good },
            ChunkHeader { stored: 100, deflated: true, ..good },
            ChunkHeader { stored: 100, encrypted: true, ..good },
            ChunkHeader { raw: 0, stored: 15, encrypted: true, ..good },
        ] {
            assert!(ChunkHeader::decode(&bad.encode()).is_err(), "{bad:?}");
        }
    }
}
