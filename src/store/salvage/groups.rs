//! A manifest as a state, as far as its blocks verify: row group by row group.

use super::super::blocks::runs;
use super::super::env::Env;
use super::super::names;
use super::super::stored::place_of;
use super::super::wire::config_from_wire;
use super::attempt::{Attempt, Work};
use super::report::QuarantinedGroup;
use crate::collection::{Collection, GroupRows};
use crate::error::{Error, Kind, Result};
use crate::format::block::{BLOCK_HEADER_BYTES, BlockHeader, BlockKind, RowsV1, check_vectors};
use crate::format::snapshot::{BlockRefV1, CollectionV1, ExtensionV2, SnapshotV2};
use crate::limits::GROUP_ROWS;
use crate::storage::Storage;

/// Ids that are named, of all row groups together.
const IDS_MAX: usize = 10_000;

/// One block, with its header, which verified. `Corrupt` where it does not, or is absent, or another than it should be.
pub async fn read_block(
    storage: &impl Storage,
    block: BlockRefV1,
    of: (u32, usize, BlockKind),
) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for run in runs(std::iter::once(block))? {
        bytes = run.read(storage).await?;
        for block in run.blocks(&bytes) {
            let (BlockHeader { collection, group, kind, .. }, _) = block?;
            if (collection, group as usize, kind) != of {
                return Err(Error::corrupt(format!(
                    "{}: a block belongs to another row group than the manifest says",
                    names::blocks(run.generation)
                )));
            }
        }
    }
    Ok(bytes)
}

/// As a result of its own where it is damage.
fn damage<T>(result: Result<T>) -> Result<std::result::Result<T, Error>> {
    match result {
        Err(cause) if cause.kind != Kind::Corrupt => Err(cause),
        other => Ok(other),
    }
}

impl<S: Storage, E: Env> Work<'_, S, E> {
    /// Loads every row group that verifies; slots of others are free.
    pub(super) async fn load(&self, manifest: &SnapshotV2, into: &mut Attempt) -> Result<()> {
        into.state.seq = manifest.seq;
        into.state.next_collection = manifest.next_collection;
        into.requests = manifest.requests.clone();
        for (one, extension) in manifest.collections.iter().zip(&manifest.extensions) {
            let collection = self.collection(one, extension, into).await?;
            if into.state.get(one.collection).is_some() || one.collection >= manifest.next_collection {
                return Err(Error::corrupt("a manifest names a collection twice, or beyond its own count"));
            }
            let gone = u64::from(one.rows).saturating_sub(collection.len() as u64);
            into.rows_gone.add(u64::from(one.collection), gone);
            into.state.load(collection);
        }
        Ok(())
    }

    async fn collection(
        &self,
        one: &CollectionV1,
        extension: &ExtensionV2,
        into: &mut Attempt,
    ) -> Result<Collection> {
        let config = config_from_wire(&one.config, &extension.search)?;
        let dimension = config.dimension;
        let mut loaded = Collection::new(one.collection, one.name.clone(), config, one.stages);
        if one.groups.len() != (one.slots as usize).div_ceil(GROUP_ROWS) {
            return Err(Error::corrupt("a manifest names too few row groups, or too many"));
        }
        for (group, stored) in one.groups.iter().enumerate() {
            let slots = (one.slots as usize - group * GROUP_ROWS).min(GROUP_ROWS);
            let read = async |block, kind| {
                damage(read_block(self.storage, block, (one.collection, group, kind)).await)
            };
            let rows = read(stored.rows, BlockKind::Rows).await?;
            let vectors = read(stored.vectors, BlockKind::Vectors).await?;
            let columns = rows.as_ref().map_err(Error::clone).and_then(|bytes| {
                let rows = RowsV1::decode(bytes.get(BLOCK_HEADER_BYTES..).unwrap_or_default())?;
                if rows.seqs.len() == slots {
                    return Ok(GroupRows { seqs: rows.seqs, ids: rows.ids, metadata: rows.metadata });
                }
                Err(Error::corrupt("a rows block has another length than its row group"))
            });
            let floats = vectors.as_ref().map_err(Error::clone).and_then(|bytes| {
                let floats = bytes.get(BLOCK_HEADER_BYTES..).unwrap_or_default();
                check_vectors(floats, slots, dimension).map(|()| floats)
            });
            let cause = match (&columns, &floats) {
                (Ok(columns), Ok(floats)) => {
                    loaded.load_group(columns, floats)?;
                    if let Some(reader) = self.reader.filter(|_| loaded.leaves_vectors()) {
                        loaded.leave_last_group(reader, place_of(&stored.vectors));
                    }
                    self.env.yield_now().await;
                    continue;
                }
                (Err(cause), _) | (_, Err(cause)) => cause,
            };
            let mut quarantined = QuarantinedGroup {
                number: one.collection,
                collection: one.name.clone(),
                group: group as u64,
                rows: None,
                ids: Vec::new(),
                reason: cause.to_string(),
                files: Vec::new(),
            };
            // Both, so that what still verifies is kept aside as well.
            for block in [stored.rows, stored.vectors] {
                let name = names::blocks(block.generation);
                if !quarantined.files.contains(&name) {
                    quarantined.files.push(name);
                }
            }
            if let Ok(columns) = &columns {
                let of_rows = columns.ids.iter().zip(&columns.seqs).filter(|(_, seq)| **seq != 0);
                quarantined.rows = Some(of_rows.clone().count() as u64);
                let left = IDS_MAX.saturating_sub(into.ids);
                quarantined.ids = of_rows.take(left).map(|(id, _)| (*id).to_owned()).collect();
                into.ids += quarantined.ids.len();
            }
            into.report.groups.push(quarantined);
            let free = GroupRows { seqs: vec![0; slots], ids: vec![""; slots], metadata: vec![""; slots] };
            loaded.load_group(&free, &vec![0; slots * dimension * size_of::<f32>()])?;
        }
        loaded.finish_loading()?;
        loaded.adopt_graph(None);
        Ok(loaded)
    }
}
