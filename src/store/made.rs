//! The blocks that a checkpoint writes, one at a time, from what is in memory and, for vectors that are not, from
//! where they stand.

use super::blocks::runs;
use super::database::Inner;
use super::env::Env;
use crate::collection::{Collection, State};
use crate::error::{Error, Result};
use crate::format::BASE_VERSION;
use crate::format::block::{BLOCK_HEADER_BYTES, BlockHeader, BlockKind, RowsV1};
use crate::format::header::{FileHeader, FileKind, HEADER_BYTES};
use crate::format::snapshot::BlockRefV1;
use crate::limits::GROUP_ROWS;
use crate::room::{ask, out_of_memory};
use crate::storage::{Source, Storage};
use std::borrow::Cow;

/// Bytes of each row that making a block takes beside it, about: its place in the columns, or its links.
const ROOM_OF_ROW: usize = 1024;

/// A block that the next snapshot needs and no file has.
pub struct Wanted {
    pub collection: u32,
    pub group: usize,
    pub kind: BlockKind,
}

/// A blocks file in the making.
pub struct MadeBlocks<'a, S, E> {
    inner: &'a Inner<S, E>,
    generation: u64,
    /// What is still to be written, the next one last.
    pub wanted: Vec<Wanted>,
    /// Length of the file so far.
    pub offset: u64,
    /// What was written, and where.
    pub written: Vec<(Wanted, BlockRefV1)>,
}

impl<'a, S, E> MadeBlocks<'a, S, E> {
    pub fn new(inner: &'a Inner<S, E>, generation: u64, mut wanted: Vec<Wanted>) -> Self {
        wanted.reverse();
        MadeBlocks { inner, generation, wanted, offset: 0, written: Vec::new() }
    }
}

impl<S: Storage, E: Env> MadeBlocks<'_, S, E> {
    /// A whole block: room for its header, and its payload.
    async fn block(&self, want: &Wanted) -> Result<Vec<u8>> {
        match self.stored(want)? {
            // Verified as it is read, so that damage is found and not written again with a fresh checksum.
            Some(block) => {
                let mut bytes = Vec::new();
                for run in runs(std::iter::once(block))? {
                    bytes = run.read_verified(&self.inner.storage).await?;
                }
                let state = self.inner.state.borrow();
                let payload = bytes.get_mut(BLOCK_HEADER_BYTES..).unwrap_or_default();
                collection(&state, want)?.vectors().patch_group(want.group, payload);
                Ok(bytes)
            }
            None => encode(collection(&self.inner.state.borrow(), want)?, want),
        }
    }

    /// The stored block of vectors that are not in memory.
    fn stored(&self, want: &Wanted) -> Result<Option<BlockRefV1>> {
        let (state, disk) = (self.inner.state.borrow(), self.inner.disk.borrow());
        let is_stored = collection(&state, want)?.vectors().place(want.group).is_some();
        let blocks = disk.blocks(want.collection);
        let wants_vectors = want.kind == BlockKind::Vectors;
        Ok(blocks
            .and_then(|blocks| blocks.block(want.group, want.kind))
            .filter(|_| is_stored && wants_vectors))
    }
}

impl<S: Storage, E: Env> Source for MadeBlocks<'_, S, E> {
    fn expected(&self) -> u64 {
        // Vectors are most of it, and the rest is left out: what fits must not be refused.
        let state = self.inner.state.borrow();
        let vectors = self.wanted.iter().filter(|want| want.kind == BlockKind::Vectors);
        let floats = vectors.filter_map(|want| {
            let one = state.get(want.collection)?;
            Some(one.slot_count().min(GROUP_ROWS) * one.config().dimension)
        });
        floats.sum::<usize>() as u64 * 4
    }

    async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        if self.offset == 0 {
            self.offset = HEADER_BYTES as u64;
            return Ok(Some(self.inner.blocks_header(self.generation).encode()));
        }
        let Some(want) = self.wanted.pop() else { return Ok(None) };
        self.inner.env.yield_now().await;
        let mut bytes = self.block(&want).await?;
        let block = seal(&mut bytes, &want, self.generation, self.offset);
        self.offset += bytes.len() as u64;
        self.written.push((want, block));
        let total = self.written.len() + self.wanted.len();
        self.inner.env.progress("checkpoint", self.written.len() as u64, total as u64);
        Ok(Some(bytes))
    }
}

impl<S: Storage, E: Env> Inner<S, E> {
    /// The header of a new blocks file.
    pub(super) fn blocks_header(&self, generation: u64) -> FileHeader {
        FileHeader {
            kind: FileKind::Blocks,
            version: BASE_VERSION,
            database: self.disk.borrow().database,
            generation,
            time_ms: self.env.now_ms(),
            seq: 0,
            previous: None,
        }
    }
}

/// Puts the header before the payload of a block that will stand there.
pub fn seal(bytes: &mut [u8], want: &Wanted, generation: u64, offset: u64) -> BlockRefV1 {
    let payload = bytes.get(BLOCK_HEADER_BYTES..).unwrap_or_default();
    let header = BlockHeader::of(want.kind, want.collection, want.group as u32, payload);
    if let Some(place) = bytes.get_mut(..BLOCK_HEADER_BYTES) {
        place.copy_from_slice(&header.encode());
    }
    BlockRefV1 { generation, offset, length: header.length, crc: header.crc }
}

fn collection<'a>(state: &'a State, want: &Wanted) -> Result<&'a Collection> {
    state.get(want.collection).ok_or_else(|| {
        Error::corrupt("a collection vanished during a checkpoint: this is a defect of Lodestore")
    })
}

/// A block of what is in memory, with room for its header: in one piece that is asked for first, so that a large one is
/// not held twice. `Quota` where there is no memory for it.
pub fn encode(collection: &Collection, want: &Wanted) -> Result<Vec<u8>> {
    let rows = collection.slot_count().saturating_sub(want.group * GROUP_ROWS).min(GROUP_ROWS);
    ask(rows * (ROOM_OF_ROW + collection.config().dimension))?;
    let made = |bytes: usize| {
        let mut out = Vec::new();
        out.try_reserve_exact(BLOCK_HEADER_BYTES + bytes).map_err(out_of_memory)?;
        out.resize(BLOCK_HEADER_BYTES, 0);
        Ok(out)
    };
    let payload = match want.kind {
        BlockKind::Rows => {
            let columns = collection.group_rows(want.group);
            let rows = RowsV1 { seqs: columns.seqs, ids: columns.ids, metadata: columns.metadata };
            return Ok(rows.encode(made(rows.bytes_max())?));
        }
        BlockKind::Vectors => Cow::Borrowed(bytemuck::cast_slice(collection.vectors().group(want.group))),
        BlockKind::Codes => Cow::Owned(collection.group_codes(want.group)),
        BlockKind::Links => {
            let graph = collection.graph();
            Cow::Owned(graph.map(|live| live.graph().group_bytes(want.group)).unwrap_or_default())
        }
    };
    let mut out = made(payload.len())?;
    out.extend_from_slice(&payload);
    Ok(out)
}
