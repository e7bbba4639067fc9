//! The snapshot: a small manifest that names blocks. Blocks are immutable and shared between snapshots.

use super::bytes::Reader;
use super::codec::{decode_exactly, encode, wire_struct};
use super::crc32;
use super::header::{FileHeader, FileKind, HEADER_BYTES};
use super::record::ConfigV1;
use crate::error::{Error, Result};
use crate::limits::MANIFEST_BYTES_MAX;

/// Where a block lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockRefV1 {
    /// Generation of the blocks file. In an archive 0: this file.
    pub generation: u64,
    /// Offset of the block's header in that file.
    pub offset: u64,
    /// Bytes of payload.
    pub length: u32,
    /// crc32 of the payload.
    pub crc: u32,
}

/// The blocks of one row group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupV1 {
    /// Its vectors.
    pub vectors: BlockRefV1,
    /// Its ids, sequence numbers and metadata.
    pub rows: BlockRefV1,
}

/// One collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollectionV1 {
    /// Its number.
    pub collection: u32,
    /// Its name.
    pub name: String,
    /// Its configuration.
    pub config: ConfigV1,
    /// The collection that it is being built to replace.
    pub stages: Option<u32>,
    /// Slots in use or free: all groups but the last are full.
    pub slots: u32,
    /// Rows among them.
    pub rows: u32,
    /// One a row group.
    pub groups: Vec<GroupV1>,
}

/// A whole database at one sequence number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotV1 {
    /// The last write that it covers.
    pub seq: u64,
    /// Wall clock when it was made: milliseconds since 1970.
    pub time_ms: u64,
    /// Generation of the log that was begun for it: that one, or a newer one, has to be there.
    pub log: Option<u64>,
    /// The next collection gets this number or a higher one.
    pub next_collection: u32,
    /// In the order of their numbers.
    pub collections: Vec<CollectionV1>,
}

wire_struct!(BlockRefV1 { generation, offset, length, crc });
wire_struct!(GroupV1 { vectors, rows });
wire_struct!(CollectionV1 { collection, name, config, stages, slots, rows, groups });
wire_struct!(SnapshotV1 { seq, time_ms, log, next_collection, collections });

impl SnapshotV1 {
    /// Appends length, crc32 and the manifest itself.
    pub fn encode_section(&self, mut out: Vec<u8>) -> Result<Vec<u8>> {
        let manifest = encode(self, Vec::new());
        out.extend_from_slice(&(manifest.len() as u32).to_le_bytes());
        out.extend_from_slice(&crc32::hash(&manifest).to_le_bytes());
        out.extend_from_slice(&manifest);
        Ok(out)
    }

    /// Reads what [`SnapshotV1::encode_section`] wrote and nothing else.
    pub fn decode_section(bytes: &[u8]) -> Result<SnapshotV1> {
        let mut reader = Reader(bytes);
        let (Some(length), Some(crc)) = (reader.u32(), reader.u32()) else {
            return Err(Error::corrupt("this manifest ends within its first eight bytes"));
        };
        let got = reader.0.len();
        if length as usize > MANIFEST_BYTES_MAX || length as usize != got {
            return Err(Error::corrupt("this manifest has another length than it says").with(length, got));
        }
        if crc32::hash(reader.0) != crc {
            return Err(Error::corrupt("this manifest does not match its checksum"));
        }
        decode_exactly(reader.0).ok_or_else(|| Error::corrupt("this manifest verifies but does not decode"))
    }
}

/// The whole file `snapshot-<g>`.
pub fn encode_snapshot(header: &FileHeader, manifest: &SnapshotV1) -> Result<Vec<u8>> {
    manifest.encode_section(header.encode())
}

/// Reads a whole file `snapshot-<g>`.
pub fn decode_snapshot(bytes: &[u8]) -> Result<(FileHeader, SnapshotV1)> {
    let header = FileHeader::decode(FileKind::Snapshot, bytes)?;
    let manifest = SnapshotV1::decode_section(bytes.get(HEADER_BYTES..).unwrap_or_default())?;
    if manifest.seq != header.seq {
        return Err(Error::corrupt("the manifest and the header of this snapshot disagree")
            .with(format!("seq {}", header.seq), manifest.seq));
    }
    Ok((header, manifest))
}
