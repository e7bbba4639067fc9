//! Archives of version 1 to 3: blocks, then a manifest that names each of them, then the trailer.

use super::super::database::Inner;
use super::super::env::Env;
use super::super::names;
use super::bytes::Bytes;
use crate::error::{Error, Result};
use crate::format::archive::{Section, TRAILER_BYTES, Trailer};
use crate::format::block::{BLOCK_HEADER_BYTES, BlockHeader};
use crate::format::header::FileHeader;
use crate::format::snapshot::{BlockRefV1, ExtensionV2, SnapshotV2};
use crate::limits::MANIFEST_BYTES_MAX;
use crate::storage::{Source, Storage};

/// The blocks of an archive of version 1 to 3 as a blocks file, and the manifest over it; how many bytes it had.
pub async fn receive_old<A: Source, S: Storage, E: Env>(
    inner: &Inner<S, E>,
    bytes: Bytes<'_, A, E>,
    header: &FileHeader,
    blocks_header: &FileHeader,
) -> Result<(SnapshotV2, u64)> {
    let mut blocks = BlocksOf { bytes, header: Some(blocks_header.encode()), found: Vec::new() };
    inner.storage.create(&names::blocks(blocks_header.generation), &mut blocks).await?;
    let BlocksOf { bytes, found, .. } = blocks;
    let mut end = read_end(bytes, header, &found).await?;
    adopt(&mut end.manifest, &found, blocks_header.generation)?;
    Ok((end.manifest, end.bytes))
}

/// An archive of version 1 to 3 that was read.
pub struct Old {
    /// Its manifest.
    pub manifest: SnapshotV2,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of what stands before its trailer.
    pub sha256: [u8; 32],
}

/// Reads and verifies an archive of version 1 to 3 whose header was taken; each block is shown.
pub async fn read_old<S: Source, E: Env>(
    bytes: Bytes<'_, S, E>,
    header: &FileHeader,
    mut visit: impl FnMut(BlockHeader, &[u8]) -> Result<()>,
) -> Result<Old> {
    let mut blocks = BlocksOf { bytes, header: None, found: Vec::new() };
    while let Some(block) = blocks.next().await? {
        let payload = block.get(BLOCK_HEADER_BYTES..).unwrap_or_default();
        visit(BlockHeader::decode(&block)?, payload)?;
    }
    let mut end = read_end(blocks.bytes, header, &blocks.found).await?;
    adopt(&mut end.manifest, &blocks.found, 0)?;
    Ok(end)
}

/// Manifest and trailer, and that nothing follows.
async fn read_end<S: Source, E: Env>(
    mut reader: Bytes<'_, S, E>,
    header: &FileHeader,
    found: &[BlockRefV1],
) -> Result<Old> {
    let mut section = Vec::new();
    reader.append(&mut section, 8).await?;
    let length = section.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes)) as usize;
    if length > MANIFEST_BYTES_MAX {
        return Err(Error::corrupt("the manifest of this archive is longer than any can be")
            .with(MANIFEST_BYTES_MAX, length));
    }
    reader.append(&mut section, length).await?;
    let manifest = SnapshotV2::decode_section(header.version, &section)?;
    if manifest.seq != header.seq || manifest.time_ms != header.time_ms {
        return Err(Error::corrupt("the manifest and the header of this archive disagree"));
    }
    let digest: [u8; 32] = reader.digest.take().unwrap_or_default().digest();
    let length = reader.taken;
    section.clear();
    reader.append(&mut section, TRAILER_BYTES).await?;
    let bytes =
        section.first_chunk().ok_or_else(|| Error::corrupt("this archive ends within its trailer"))?;
    let trailer = Trailer::decode(bytes)?;
    if trailer != (Trailer { blocks: found.len() as u32, length, sha256: digest }) {
        return Err(Error::corrupt(
            "this archive does not match its SHA-256: parts of it were changed or moved",
        ));
    }
    if !reader.at_end().await? {
        return Err(Error::corrupt("this archive goes on after its end"));
    }
    Ok(Old { manifest, bytes: reader.taken, sha256: digest })
}

/// Turns the archive's manifest into one over the new blocks file, where every block has the same offset.
fn adopt(manifest: &mut SnapshotV2, found: &[BlockRefV1], generation: u64) -> Result<()> {
    let mut found = found.iter();
    for group in manifest.collections.iter_mut().flat_map(|one| &mut one.groups) {
        for block in [&mut group.vectors, &mut group.rows] {
            if found.next() != Some(&*block) {
                return Err(Error::corrupt("the manifest of this archive names other blocks than it holds"));
            }
            block.generation = generation;
        }
    }
    // What follows from the rows is not in an archive: its blocks would be somebody else's.
    if manifest.extensions.iter().any(ExtensionV2::has_blocks) {
        return Err(Error::corrupt("the manifest of this archive names an index, which no archive holds"));
    }
    match found.next() {
        None => Ok(()),
        Some(_) => Err(Error::corrupt("this archive holds blocks that its manifest does not name")),
    }
}

/// The blocks of an archive as a blocks file, each verified before it is passed on.
struct BlocksOf<'a, S, E> {
    bytes: Bytes<'a, S, E>,
    header: Option<Vec<u8>>,
    found: Vec<BlockRefV1>,
}

impl<S: Source, E: Env> Source for BlocksOf<'_, S, E> {
    fn expected(&self) -> u64 {
        self.bytes.total
    }

    async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        if let Some(header) = self.header.take() {
            return Ok(Some(header));
        }
        let offset = self.bytes.taken;
        let mut bytes = Vec::new();
        self.bytes.append(&mut bytes, 4).await?;
        let magic = bytes.first_chunk().copied().unwrap_or_default();
        match Section::of(magic)? {
            Section::Block => {}
            Section::Manifest => return Ok(None),
            Section::Trailer => return Err(Error::corrupt("this archive has no manifest")),
        }
        self.bytes.append(&mut bytes, BLOCK_HEADER_BYTES - 4).await?;
        let header = BlockHeader::decode(&bytes)?;
        self.bytes.append(&mut bytes, header.length as usize).await?;
        header.verify(bytes.get(BLOCK_HEADER_BYTES..).unwrap_or_default())?;
        self.found.push(BlockRefV1 { generation: 0, offset, length: header.length, crc: header.crc });
        Ok(Some(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::config::SearchV2;
    use crate::format::snapshot::GraphV2;

    #[test]
    fn an_archive_that_names_derived_blocks_is_refused() {
        let block = BlockRefV1 { generation: 3, offset: 80, length: 1, crc: 0 };
        let plain = ExtensionV2::new(0, SearchV2::OF_V1);
        let graph = GraphV2 {
            version: 1,
            entry: 0,
            levels: 1,
            m: 16,
            quantization: 0,
            nodes: 1,
            unchecked: 0,
            groups: vec![Some(block)],
        };
        let graph = ExtensionV2 { graph: Some(graph), ..plain.clone() };
        let codes = ExtensionV2 { codes: vec![block], ..plain.clone() };
        for (extension, fine) in [(plain, true), (graph, false), (codes, false)] {
            let mut manifest = SnapshotV2 {
                seq: 1,
                time_ms: 2,
                log: None,
                next_collection: 1,
                collections: Vec::new(),
                extensions: vec![extension],
                requests: Default::default(),
            };
            assert_eq!(adopt(&mut manifest, &[], 9).is_ok(), fine);
        }
    }
}
