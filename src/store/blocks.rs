//! Reading blocks back: verified, in runs of neighbours, so that no more than one run is held.

use super::ahead::Ahead;
use super::names;
use super::wire::config_from_wire;
use crate::collection::{Collection, Config, GroupRows, State};
use crate::error::{Error, Result};
use crate::format::block::{BLOCK_HEADER_BYTES, BlockHeader, BlockKind, RowsV1, check_vectors};
use crate::format::snapshot::{BlockRefV1, CollectionV1, SnapshotV2};
use crate::limits::{BLOCK_BYTES_MAX, GROUP_ROWS};
use crate::storage::Storage;

use super::disk::refs_of;
use super::env::Env;

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

    /// The blocks of what [`Run::read`] gave: header, payload, both verified.
    pub fn blocks<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = Result<(BlockHeader, &'a [u8])>> {
        self.refs.iter().map(move |block| {
            let located = |cause: Error| {
                let name = names::blocks(self.generation);
                Error { message: format!("{name} at byte {}: {}", block.offset, cause.message), ..cause }
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

/// Rebuilds the state that a manifest describes.
pub async fn load_state(storage: &impl Storage, env: &impl Env, manifest: &SnapshotV2) -> Result<State> {
    let mut state = State::new();
    state.seq = manifest.seq;
    state.next_collection = manifest.next_collection;
    let groups = manifest.collections.iter().flat_map(|one| &one.groups);
    let total: u64 =
        groups.flat_map(refs_of).map(|block| BLOCK_HEADER_BYTES as u64 + u64::from(block.length)).sum();
    let mut done = 0;
    for (wire, extension) in manifest.collections.iter().zip(&manifest.extensions) {
        let config = config_from_wire(&wire.config, &extension.search)?;
        let collection = load_collection(storage, env, wire, config, &mut |bytes| {
            done += bytes;
            env.progress("snapshot", done, total);
        })
        .await?;
        if state.get(wire.collection).is_some() || wire.collection >= manifest.next_collection {
            return Err(Error::corrupt("a manifest names a collection twice, or beyond its own count"));
        }
        state.load(collection);
    }
    Ok(state)
}

async fn load_collection(
    storage: &impl Storage,
    env: &impl Env,
    wire: &CollectionV1,
    config: Config,
    progress: &mut impl FnMut(u64),
) -> Result<Collection> {
    let dimension = config.dimension;
    let mut loaded = Collection::new(wire.collection, wire.name.clone(), config, wire.stages);
    let groups = wire.groups.len();
    if groups != (wire.slots as usize).div_ceil(GROUP_ROWS) {
        return Err(Error::corrupt(format!("collection '{}' has the wrong number of row groups", wire.name))
            .with((wire.slots as usize).div_ceil(GROUP_ROWS), groups));
    }
    let runs = runs(wire.groups.iter().flat_map(refs_of))?;
    let mut ahead = Ahead::new(storage, &runs);
    // The vectors of a group whose rows come in the next run.
    let mut carried: Option<Vec<u8>> = None;
    while let Some((run, bytes)) = ahead.next().await? {
        let mut vectors: Option<&[u8]> = carried.as_deref();
        for block in run.blocks(&bytes) {
            let (header, payload) = block?;
            let group = loaded.group_count();
            if header.collection != wire.collection || header.group as usize != group {
                return Err(Error::corrupt("a block belongs to another row group than the manifest says"));
            }
            match (header.kind, vectors.take()) {
                (BlockKind::Vectors, None) => {
                    let slots = (wire.slots as usize - group * GROUP_ROWS).min(GROUP_ROWS);
                    check_vectors(payload, slots, dimension)?;
                    vectors = Some(payload);
                }
                (BlockKind::Rows, Some(vectors)) => {
                    let rows = RowsV1::decode(payload)?;
                    let rows = GroupRows { seqs: rows.seqs, ids: rows.ids, metadata: rows.metadata };
                    loaded.load_group(&rows, vectors)?;
                }
                _ => return Err(Error::corrupt("a manifest names rows and vectors out of order")),
            }
        }
        carried = vectors.map(<[u8]>::to_vec);
        progress(run.end - run.start);
        env.yield_now().await;
    }
    loaded.finish_loading()?;
    if loaded.len() != wire.rows as usize || loaded.slot_count() != wire.slots as usize {
        return Err(Error::corrupt(format!(
            "collection '{}' has another number of rows than its manifest",
            wire.name
        ))
        .with(wire.rows, loaded.len()));
    }
    Ok(loaded)
}
