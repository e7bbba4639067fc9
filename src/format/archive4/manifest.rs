//! What an archive says of itself, before anything else in it.

use super::super::VERSION;
use super::super::archive::MANIFEST_MAGIC;
use super::super::codec::{decode_exactly, encode, wire_struct};
use super::super::config::ConfigV2;
use super::super::crc32;
use super::super::snapshot::SnapshotV2;
use crate::error::{Error, Result};
use crate::limits::{COLLECTIONS_MAX, MANIFEST_BYTES_MAX, SEQ_MAX};

/// Random identity of an archive.
pub type ArchiveId = [u8; 16];

/// What an archive holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArchiveKind {
    /// Everything.
    Full,
    /// The blocks that a full one does not have.
    Differential,
    /// The writes after another archive.
    Incremental,
}

impl ArchiveKind {
    /// Its name in every interface.
    pub fn name(self) -> &'static str {
        match self {
            ArchiveKind::Full => "full",
            ArchiveKind::Differential => "differential",
            ArchiveKind::Incremental => "incremental",
        }
    }
}

/// A collection at the end of what an archive covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SummaryV4 {
    /// Its name.
    pub name: String,
    /// Its configuration.
    pub config: ConfigV2,
    /// Rows.
    pub rows: u32,
    /// Rows that have a node in a saved graph of this archive.
    pub nodes: u32,
}

/// The manifest of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchiveV4 {
    /// 0 full, 1 differential, 2 incremental.
    pub kind: u8,
    /// Its identity.
    pub id: ArchiveId,
    /// The archive without which this one is of no use.
    pub base: Option<ArchiveId>,
    /// The last write that `base` covers; 0 in a full archive.
    pub from_seq: u64,
    /// When that was: milliseconds since 1970.
    pub from_ms: u64,
    /// The last write that this archive covers.
    pub seq: u64,
    /// When that was, or the snapshot was made: milliseconds since 1970.
    pub time_ms: u64,
    /// Bytes of content behind this manifest.
    pub bytes: u64,
    /// Frames, in an incremental archive.
    pub frames: u64,
    /// 0; 1 where vectors stand as codes of 8 bits.
    pub lossy: u8,
    /// The collections.
    pub collections: Vec<SummaryV4>,
    /// Which of the blocks that the snapshot names are in this archive, in its order: a bit each, low ones first.
    pub held: Vec<u8>,
    /// A manifest of version 2 whose references are those of the database from which it came: generation and offset are
    /// what blocks are known by. Empty in an incremental archive.
    pub snapshot: Vec<u8>,
}

wire_struct!(SummaryV4 { name, config, rows, nodes });
wire_struct!(ArchiveV4 {
    kind,
    id,
    base,
    from_seq,
    from_ms,
    seq,
    time_ms,
    bytes,
    frames,
    lossy,
    collections,
    held,
    snapshot
});

impl ArchiveV4 {
    /// What it holds.
    pub fn kind(&self) -> Result<ArchiveKind> {
        match self.kind {
            0 => Ok(ArchiveKind::Full),
            1 => Ok(ArchiveKind::Differential),
            2 => Ok(ArchiveKind::Incremental),
            other => Err(Error::corrupt("this archive is of an unknown type").with("0 to 2", other)),
        }
    }

    /// The snapshot.
    pub fn snapshot(&self) -> Result<SnapshotV2> {
        let snapshot = SnapshotV2::decode_section(VERSION - 1, &self.snapshot)?;
        match (snapshot.seq, snapshot.time_ms) == (self.seq, self.time_ms) {
            true => Ok(snapshot),
            false => Err(Error::corrupt("the manifest of this archive and its snapshot disagree")),
        }
    }

    /// Whether the block of this place among those of the snapshot is in this archive.
    pub fn holds(&self, place: usize) -> bool {
        self.held.get(place / 8).is_some_and(|byte| byte >> (place % 8) & 1 == 1)
    }

    /// Says that it is.
    pub fn hold(&mut self, place: usize) {
        if self.held.len() <= place / 8 {
            self.held.resize(place / 8 + 1, 0);
        }
        if let Some(byte) = self.held.get_mut(place / 8) {
            *byte |= 1 << (place % 8);
        }
    }

    /// Magic, length, crc32 and the manifest itself.
    pub fn encode_section(&self) -> Vec<u8> {
        let payload = encode(self, Vec::new());
        let mut out = MANIFEST_MAGIC.to_vec();
        out.extend_from_slice(&(payload.len() as u32).to_le_bytes());
        out.extend_from_slice(&crc32::hash(&payload).to_le_bytes());
        out.extend_from_slice(&payload);
        out
    }

    /// From the first 12 bytes of its section, how many follow them.
    pub fn payload_bytes(head: &[u8]) -> Result<usize> {
        let length = head.get(4..8).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_le_bytes);
        if head.first_chunk() != Some(&MANIFEST_MAGIC) {
            return Err(Error::corrupt("the content of this archive does not begin with its manifest"));
        }
        if length as usize > MANIFEST_BYTES_MAX {
            return Err(Error::corrupt("the manifest of this archive is longer than any can be")
                .with(MANIFEST_BYTES_MAX, length));
        }
        Ok(length as usize)
    }

    /// Reads a whole section. `Corrupt` when it does not verify or contradicts itself.
    pub fn decode_section(bytes: &[u8]) -> Result<ArchiveV4> {
        let payload = bytes.get(12..).unwrap_or_default();
        let crc = bytes.get(8..12).and_then(|crc| crc.try_into().ok()).map(u32::from_le_bytes);
        if ArchiveV4::payload_bytes(bytes)? != payload.len() || crc != Some(crc32::hash(payload)) {
            return Err(Error::corrupt("the manifest of this archive does not match its checksum"));
        }
        let archive: ArchiveV4 = decode_exactly(payload)
            .ok_or_else(|| Error::corrupt("the manifest of this archive verifies but does not decode"))?;
        let kind = archive.kind()?;
        let fits = archive.base.is_some() == (kind != ArchiveKind::Full)
            && archive.snapshot.is_empty() == (kind == ArchiveKind::Incremental)
            && archive.from_seq <= archive.seq
            && archive.seq <= SEQ_MAX
            && archive.collections.len() <= COLLECTIONS_MAX
            && archive.lossy <= 1
            && (kind != ArchiveKind::Incremental || archive.frames == archive.seq - archive.from_seq);
        match fits {
            true => Ok(archive),
            false => Err(Error::corrupt("the manifest of this archive contradicts itself")),
        }
    }
}
