//! Reading blocks back: verified, in runs of neighbours, so that no more than one run is held.

use super::names;
use crate::error::{Error, Result};
use crate::format::block::{BLOCK_HEADER_BYTES, BlockHeader};
use crate::format::snapshot::BlockRefV1;
use crate::limits::BLOCK_BYTES_MAX;
use crate::storage::Storage;

/// Bytes read at a time, unless one block is longer.
const RUN_BYTES: u64 = 4 * 1024 * 1024;

/// Blocks that lie one behind the other in one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Generation of the file.
    pub generation: u64,
    /// Offset of the first block.
    pub start: u64,
    /// Where the last block ends.
    pub end: u64,
    /// The blocks.
    pub refs: Vec<BlockRefV1>,
}

/// Cuts a list of blocks into runs, in its order.
pub fn runs(refs: impl Iterator<Item = BlockRefV1>) -> Result<Vec<Run>> {
    let mut runs: Vec<Run> = Vec::new();
    for block in refs {
        if block.length as usize > BLOCK_BYTES_MAX || block.offset > u64::MAX / 2 {
            return Err(Error::corrupt("a manifest names a block beyond the bounds"));
        }
        let end = block.offset + BLOCK_HEADER_BYTES as u64 + u64::from(block.length);
        match runs.last_mut() {
            Some(run)
                if run.generation == block.generation
                    && run.end == block.offset
                    && end - run.start <= RUN_BYTES =>
            {
                run.end = end;
                run.refs.push(block);
            }
            _ => runs.push(Run { generation: block.generation, start: block.offset, end, refs: vec![block] }),
        }
    }
    Ok(runs)
}

impl Run {
    /// Reads the run. A file that is absent or too short is damage.
    pub async fn read(&self, storage: &impl Storage) -> Result<Vec<u8>> {
        let name = names::blocks(self.generation);
        storage.read(&name, self.start..self.end).await.map_err(|cause| match cause.kind {
            crate::error::Kind::Invalid => Error::corrupt(format!("{name}: {}", cause.message)),
            _ => cause,
        })
    }

    /// Reads the run and verifies every block of it.
    pub async fn read_verified(&self, storage: &impl Storage) -> Result<Vec<u8>> {
        let bytes = self.read(storage).await?;
        self.blocks(&bytes).try_for_each(|block| block.map(drop))?;
        Ok(bytes)
    }

    /// The blocks of what [`Run::read`] gave: header, payload, both verified.
    pub fn blocks<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = Result<(BlockHeader, &'a [u8])>> {
        self.refs.iter().map(move |block| {
            let located = |cause: Error| {
                let name = names::blocks(self.generation);
                cause.about(format_args!("{name} at byte {}", block.offset))
            };
            let at = (block.offset - self.start) as usize;
            let rest = bytes.get(at..).unwrap_or_default();
            let header = BlockHeader::decode(rest).map_err(located)?;
            if header.crc != block.crc || header.length != block.length {
                return Err(located(Error::corrupt("this is not the block that the manifest names")));
            }
            let payload = rest
                .get(BLOCK_HEADER_BYTES..BLOCK_HEADER_BYTES + block.length as usize)
                .ok_or_else(|| located(Error::corrupt("the file ends within this block")))?;
            header.verify(payload).map_err(located)?;
            Ok((header, payload))
        })
    }
}
