//! The kept snapshots: every manifest, and every block once, however many of them name it.

use super::super::ahead::Ahead;
use super::super::database::Inner;
use super::super::env::Env;
use super::super::graph::{links_of, load_graph};
use super::super::names::{self, Listing};
use super::super::open::read_manifest;
use super::super::salvage::read_block;
use super::super::stored::place_of;
use super::super::wire::config_from_wire;
use super::damage;
use super::report::Problem;
use super::seen::Seen;
use crate::collection::Collection;
use crate::error::{Kind, Result};
use crate::format::block::{BLOCK_HEADER_BYTES, BlockKind, RowsV1};
use crate::format::snapshot::{BlockRefV1, CollectionV1, ExtensionV2, GraphV2, SnapshotV2};
use crate::limits::GROUP_ROWS;
use crate::sorted::SortedMap;
use crate::storage::Storage;

/// A block that a manifest names, and whether the newest one does.
struct Named {
    block: BlockRefV1,
    collection: u32,
    group: usize,
    kind: BlockKind,
    is_newest: bool,
}

impl Named {
    /// A number that no other place has: files are shorter than a terabyte.
    fn place(&self) -> u64 {
        self.block.generation.rotate_left(40) ^ self.block.offset
    }
}

/// Every block of a manifest.
fn each(manifest: &SnapshotV2, is_newest: bool, all: &mut Vec<Named>) {
    for (one, extension) in manifest.collections.iter().zip(&manifest.extensions) {
        let mut add = |group: usize, kind: BlockKind, block: BlockRefV1| {
            all.push(Named { block, collection: one.collection, group, kind, is_newest });
        };
        for (group, stored) in one.groups.iter().enumerate() {
            add(group, BlockKind::Vectors, stored.vectors);
            add(group, BlockKind::Rows, stored.rows);
        }
        let links = extension.graph.iter().flat_map(|graph| graph.groups.iter().enumerate());
        links.for_each(|(group, block)| block.iter().for_each(|block| add(group, BlockKind::Links, *block)));
        extension.codes.iter().enumerate().for_each(|(group, block)| add(group, BlockKind::Codes, *block));
    }
}

impl<S: Storage, E: Env> Inner<S, E> {
    /// Verifies what is stored, and notes what of it is as in memory.
    pub(super) async fn check_stored(&self, seen: &mut Seen, go_on: &dyn Fn() -> Result<()>) -> Result<()> {
        let listing = Listing::of(&self.storage.list().await?);
        let (kept, database) = {
            let disk = self.disk.borrow();
            let kept: Vec<(u64, u64)> =
                disk.snapshots.iter().map(|kept| (kept.generation, kept.seq)).collect();
            (kept, disk.database)
        };
        let mut all = Vec::new();
        let mut base = kept.is_empty().then_some(0);
        // By collection: the graph that was verified last.
        let mut graphs: Vec<(u32, GraphV2)> = Vec::new();
        let mut dropped: Vec<Problem> = Vec::new();
        for &(generation, seq) in kept.iter().rev() {
            let name = names::snapshot(generation);
            let length = listing.snapshots.get(generation).copied().unwrap_or(0);
            let manifest = match read_manifest(&self.storage, generation, length, &database).await {
                Ok(manifest) => manifest,
                Err(cause) => {
                    seen.report.add(Problem::stored("manifest", &name, damage(cause)?));
                    continue;
                }
            };
            let is_newest = base.is_none();
            if is_newest {
                base = Some(seq);
            }
            each(&manifest, is_newest, &mut all);
            for (one, extension) in manifest.collections.iter().zip(&manifest.extensions) {
                let config = config_from_wire(&one.config, &extension.search)?;
                if let Some(graph) = &extension.graph
                    && !graphs.contains(&(one.collection, graph.clone()))
                {
                    dropped.extend(self.check_graph(&name, one, extension).await?);
                    graphs.push((one.collection, graph.clone()));
                }
                if is_newest {
                    seen.begin(one.collection, one.name.clone(), config, one.stages);
                }
            }
        }
        seen.seq = base.unwrap_or(0);
        seen.is_cut = base.is_none();
        if self.disk.borrow().retention.is_some_and(|policy| policy.is_unreadable()) {
            let what = "what is to be kept cannot be read, so nothing is pruned: say it anew".to_owned();
            seen.report.add(Problem { file: None, ..Problem::stored("retention", "retention", what) });
        }
        // The newest manifest came first, and each block is read for the first that names it.
        let mut read = SortedMap::new();
        all.retain(|named| {
            let is_known = read.contains(named.place());
            read.add(named.place(), 1);
            !is_known
        });
        let total = all.len() as u64;
        for (done, named) in all.iter().enumerate() {
            go_on()?;
            self.env.yield_now().await;
            self.check_block(named, seen).await?;
            self.env.progress("check", done as u64 + 1, total);
        }
        // Where it is a block of links that does not hold, that was said.
        dropped.retain(|graph| {
            let mut blocks = seen.report.problems.iter().filter(|one| one.code == "block" && one.derived);
            !blocks.any(|block| block.collection == graph.collection)
        });
        dropped.into_iter().for_each(|problem| seen.report.add(problem));
        let seqs: Vec<u64> = kept.iter().map(|(_, seq)| *seq).collect();
        if base.is_some() {
            self.check_logs(&listing, &seqs, seen, go_on).await?;
        }
        Ok(())
    }

    async fn check_block(&self, named: &Named, seen: &mut Seen) -> Result<()> {
        let Named { block, collection, group, kind, is_newest } = *named;
        seen.report.blocks += 1;
        let bytes = match read_block(&self.storage, block, (collection, group, kind)).await {
            Ok(bytes) => bytes,
            Err(cause) => return self.block_problem(named, damage(cause)?, seen),
        };
        let payload = bytes.get(BLOCK_HEADER_BYTES..).unwrap_or_default();
        let state = self.state.borrow();
        let live = state.get(collection);
        let rows = if kind == BlockKind::Rows { RowsV1::decode(payload).map(Some) } else { Ok(None) };
        let rows = match rows {
            Ok(rows) => rows,
            Err(cause) => return self.block_problem(named, damage(cause)?, seen),
        };
        let (Some(live), Some(seen), true) = (live, seen.get(collection), is_newest) else { return Ok(()) };
        let first = (group * GROUP_ROWS) as u32;
        if let Some(rows) = rows {
            let columns = rows.seqs.iter().zip(rows.ids.iter().zip(&rows.metadata));
            for (slot, (seq, (id, metadata))) in (first..).zip(columns).filter(|(_, (seq, _))| **seq != 0) {
                seen.row(live, slot, id, *seq, metadata);
            }
        } else if kind == BlockKind::Vectors {
            let is_there = live.vectors().place(group) == Some(place_of(&block));
            let stride = live.config().dimension * size_of::<f32>();
            for (slot, vector) in (first..).zip(payload.chunks_exact(stride)) {
                if live.row(slot).is_some() {
                    // What memory leaves in this very place is not compared with itself.
                    let same = is_there && !live.vectors().is_changed(slot)
                        || bytemuck::cast_slice::<f32, u8>(&live.vector(slot)?) == vector;
                    seen.vector(slot, same);
                }
            }
        }
        Ok(())
    }

    fn block_problem(&self, named: &Named, what: String, seen: &mut Seen) -> Result<()> {
        let state = self.state.borrow();
        let derived = matches!(named.kind, BlockKind::Links | BlockKind::Codes);
        seen.report.add(Problem {
            derived,
            collection: state.get(named.collection).map(|one| one.name.clone()),
            group: Some(named.group as u64),
            ..Problem::stored("block", &names::blocks(named.block.generation), what)
        });
        if !derived {
            seen.damaged.push((named.collection, named.group));
        }
        if let Some(seen) = seen.get(named.collection).filter(|_| named.is_newest && !derived) {
            seen.excuse(named.group);
        }
        Ok(())
    }

    /// Whether a stored graph is one: opening would drop it else.
    async fn check_graph(
        &self,
        name: &str,
        one: &CollectionV1,
        extension: &ExtensionV2,
    ) -> Result<Option<Problem>> {
        let Some(stored) = &extension.graph else { return Ok(None) };
        // Nothing is allocated for slots that the manifest has no row groups for.
        if one.groups.len() != (one.slots as usize).div_ceil(GROUP_ROWS) {
            return Ok(None);
        }
        let config = config_from_wire(&one.config, &extension.search)?;
        let empty = Collection::new(one.collection, one.name.clone(), config, None);
        let loaded = match links_of(stored, &empty) {
            Ok(runs) => {
                let mut ahead = Ahead::new(&self.storage, &runs);
                load_graph(&mut ahead, &self.env, stored, &empty, one.slots as usize, &mut |_| ()).await
            }
            Err(cause) => Err(cause),
        };
        match loaded {
            Ok(_) => Ok(None),
            Err(cause) if cause.kind == Kind::Corrupt => Ok(Some(Problem {
                derived: true,
                collection: Some(one.name.clone()),
                ..Problem::stored("stored-graph", name, cause.to_string())
            })),
            Err(cause) => Err(cause),
        }
    }
}
