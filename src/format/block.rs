//! The block: one checksummed run of bytes of a snapshot. Its own header says what it is, so that rows can be
//! found even where no manifest is left.

use super::bytes::Reader;
use super::codec::{decode_exactly, encode, wire_struct};
use super::crc32;
use crate::error::{Error, Result};
use crate::limits::{BLOCK_BYTES_MAX, GROUP_ROWS};

/// Length of a block's header.
pub const BLOCK_HEADER_BYTES: usize = 32;

/// The first four bytes of a block.
pub const BLOCK_MAGIC: [u8; 4] = *b"LBLK";

/// What a block holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BlockKind {
    /// The vectors of a row group: little-endian f32, slot after slot.
    Vectors,
    /// Ids, sequence numbers and metadata of a row group.
    Rows,
    /// The links of a row group in the graph.
    Links,
    /// The codes of a row group.
    Codes,
}

impl BlockKind {
    /// Its place among the blocks of a row group; its stored number is one more.
    pub fn index(self) -> usize {
        match self {
            BlockKind::Vectors => 0,
            BlockKind::Rows => 1,
            BlockKind::Links => 2,
            BlockKind::Codes => 3,
        }
    }
}

/// What a block's header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockHeader {
    /// What the payload holds.
    pub kind: BlockKind,
    /// Number of the collection.
    pub collection: u32,
    /// Number of the row group.
    pub group: u32,
    /// Bytes of payload that follow.
    pub length: u32,
    /// crc32 of the payload.
    pub crc: u32,
}

impl BlockHeader {
    /// The header of a block with this payload.
    pub fn of(kind: BlockKind, collection: u32, group: u32, payload: &[u8]) -> BlockHeader {
        BlockHeader { kind, collection, group, length: payload.len() as u32, crc: crc32::hash(payload) }
    }

    /// The 32 bytes.
    pub fn encode(&self) -> [u8; BLOCK_HEADER_BYTES] {
        let kind = self.kind.index() as u32 + 1;
        let mut out = [0; BLOCK_HEADER_BYTES];
        out[..4].copy_from_slice(&BLOCK_MAGIC);
        for (at, number) in
            [(4, kind), (8, self.collection), (12, self.group), (16, self.length), (20, self.crc)]
        {
            out[at..at + 4].copy_from_slice(&number.to_le_bytes());
        }
        let crc = crc32::hash(&out[..28]);
        out[28..].copy_from_slice(&crc.to_le_bytes());
        out
    }

    /// Reads a header. `Corrupt` when it does not verify or breaks a bound.
    pub fn decode(bytes: &[u8]) -> Result<BlockHeader> {
        let damaged = || Error::corrupt("the header of a block does not verify");
        let bytes = bytes.get(..BLOCK_HEADER_BYTES).ok_or_else(damaged)?;
        let mut reader = Reader(bytes);
        let magic: [u8; 4] = reader.array().ok_or_else(damaged)?;
        let mut number = || reader.u32().ok_or_else(damaged);
        let (kind, collection, group, length, crc) = (number()?, number()?, number()?, number()?, number()?);
        let (_reserved, header_crc) = (number()?, number()?);
        let kind = match kind {
            1 => BlockKind::Vectors,
            2 => BlockKind::Rows,
            3 => BlockKind::Links,
            4 => BlockKind::Codes,
            _ => return Err(damaged()),
        };
        let crc_of_header = bytes.get(..28).map(crc32::hash);
        if magic != BLOCK_MAGIC || crc_of_header != Some(header_crc) || length as usize > BLOCK_BYTES_MAX {
            return Err(damaged());
        }
        Ok(BlockHeader { kind, collection, group, length, crc })
    }

    /// The checksum of header and payload together, as that of the payload is said to be.
    pub fn crc_of_all(&self) -> u32 {
        crc32::joined(crc32::hash(&self.encode()), self.crc, u64::from(self.length))
    }

    /// Refuses a payload that is not the one this header was made for.
    pub fn verify(&self, payload: &[u8]) -> Result<()> {
        if payload.len() == self.length as usize && crc32::hash(payload) == self.crc {
            return Ok(());
        }
        Err(Error::corrupt(format!(
            "the {:?} block of row group {} in collection {} does not match its checksum",
            self.kind, self.group, self.collection
        )))
    }
}

/// The rows of one group: three columns of one length. A free slot has sequence number 0 and empty texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowsV1<'a> {
    /// Sequence number of each row's last write.
    pub seqs: Vec<u64>,
    /// Ids.
    pub ids: Vec<&'a str>,
    /// JSON objects.
    pub metadata: Vec<&'a str>,
}

wire_struct!(RowsV1<'a> { seqs, ids, metadata });

impl<'a> RowsV1<'a> {
    /// Appends the payload of a rows block.
    pub fn encode(&self, out: Vec<u8>) -> Vec<u8> {
        encode(self, out)
    }

    /// Bytes of that, at the most.
    pub fn bytes_max(&self) -> usize {
        let texts = self.ids.iter().chain(&self.metadata).map(|text| text.len() + 5);
        texts.sum::<usize>() + 10 * self.seqs.len() + 16
    }

    /// Reads a payload that verified. `Corrupt` when it is not rows, or its columns differ in length.
    pub fn decode(payload: &'a [u8]) -> Result<RowsV1<'a>> {
        decode_exactly::<RowsV1>(payload)
            .filter(|rows| {
                let n = rows.seqs.len();
                n <= GROUP_ROWS && rows.ids.len() == n && rows.metadata.len() == n
            })
            .ok_or_else(|| Error::corrupt("a rows block verifies but does not hold rows"))
    }
}

/// Refuses the payload of a vectors block that is not `slots` rows of `dimension` floats.
pub fn check_vectors(payload: &[u8], slots: usize, dimension: usize) -> Result<()> {
    let expected = slots * dimension * 4;
    if payload.len() == expected {
        return Ok(());
    }
    Err(Error::corrupt("a vectors block has another length than its row group")
        .with(format!("{expected} bytes"), payload.len()))
}
