//! What an archive of version 4 holds, one block or frame after the other, each compared with the manifest.

use super::super::env::Env;
use super::open::Opened;
use super::places::{Place, places};
use crate::error::{Error, Result};
use crate::format::archive4::ArchiveV4;
use crate::format::block::{BLOCK_HEADER_BYTES, BlockHeader, BlockKind};
use crate::format::frame::{FRAME_HEADER_BYTES, Found, FrameHeader, find_frame};
use crate::format::snapshot::SnapshotV2;
use crate::storage::Source;
use crate::vectors::lossy;

/// A block that the manifest says is in the archive.
#[derive(Clone, Copy)]
pub struct Held {
    /// What it holds.
    pub kind: BlockKind,
    /// Number of its collection.
    pub collection: u32,
    /// Number of its row group.
    pub group: u32,
    /// Its length and checksum as the database had them.
    pub length: u32,
    pub crc: u32,
    /// Numbers in each vector.
    pub dimension: usize,
}

impl Held {
    fn of(place: &Place<'_>) -> Held {
        let Place { kind, collection, group, dimension, .. } = *place;
        Held { kind, collection, group, length: place.block.length, crc: place.block.crc, dimension }
    }
}

/// The blocks that are in an archive, in their order.
pub fn held(archive: &ArchiveV4, snapshot: &mut SnapshotV2) -> Vec<Held> {
    let all = places(snapshot).into_iter().enumerate();
    all.filter(|(at, _)| archive.holds(*at)).map(|(_, place)| Held::of(&place)).collect()
}

/// Bytes of a block in the archive, with its header.
pub fn block_bytes(archive: &ArchiveV4, held: &Held) -> usize {
    BLOCK_HEADER_BYTES + payload_bytes(archive, held)
}

fn payload_bytes(archive: &ArchiveV4, held: &Held) -> usize {
    match archive.lossy == 1 && held.kind == BlockKind::Vectors {
        true => lossy::packed_bytes(held.length as usize, held.dimension),
        false => held.length as usize,
    }
}

/// The next block, with its header: as the database had it, or for lossy vectors about so.
pub async fn next_block<S: Source, E: Env>(
    opened: &mut Opened<'_, S, E>,
    archive: &ArchiveV4,
    held: &Held,
) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let length = payload_bytes(archive, held);
    opened.mark();
    // At once: what is stored as it is comes right here.
    opened.append(&mut bytes, length.saturating_add(BLOCK_HEADER_BYTES)).await?;
    let header = BlockHeader::decode(&bytes)?;
    let is_lossy = archive.lossy == 1 && held.kind == BlockKind::Vectors;
    let crc = if is_lossy { header.crc } else { held.crc };
    let is_it = header.kind == held.kind
        && header.collection == held.collection
        && header.group == held.group
        && header.length as usize == length
        && header.crc == crc;
    if !is_it {
        return Err(Error::corrupt("this archive holds another block than its manifest says"));
    }
    let payload = bytes.get(BLOCK_HEADER_BYTES..).unwrap_or_default();
    if opened.checksum() != Some(header.crc_of_all()) {
        header.verify(payload)?;
    }
    if !is_lossy {
        return Ok(bytes);
    }
    let floats = lossy::unpack(payload, held.dimension)
        .filter(|floats| floats.len() == held.length as usize)
        .ok_or_else(|| Error::corrupt("a block of lossy vectors does not hold vectors"))?;
    let header = BlockHeader::of(held.kind, held.collection, held.group, &floats);
    Ok([&header.encode()[..], &floats].concat())
}

/// The next frame, header and payload, both verified.
pub async fn next_frame<S: Source, E: Env>(
    opened: &mut Opened<'_, S, E>,
    expected_seq: u64,
) -> Result<(FrameHeader, Vec<u8>)> {
    let mut bytes = Vec::new();
    opened.append(&mut bytes, FRAME_HEADER_BYTES).await?;
    let damaged = || Error::corrupt("a frame of this archive does not verify");
    let header = bytes.first_chunk().and_then(FrameHeader::decode).ok_or_else(damaged)?;
    opened.append(&mut bytes, header.length as usize).await?;
    match find_frame(&bytes) {
        Found::Frame(header, _) if header.seq == expected_seq => Ok((header, bytes)),
        Found::Frame(header, _) => Err(Error::corrupt("the frames of this archive are not in their order")
            .with(expected_seq, header.seq)),
        _ => Err(damaged()),
    }
}
