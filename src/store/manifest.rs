//! What the next snapshot names: which blocks have to be written for it, and which stay where they are.

use super::database::Inner;
use super::disk::Blocks;
use super::env::Env;
use super::graph::{Saving, graph_to_wire, saving};
use super::made::Wanted;
use super::wire::config_to_wire;
use crate::collection::Collection;
use crate::error::{Error, Result};
use crate::format::block::BlockKind;
use crate::format::config::ConfigV2;
use crate::format::snapshot::{BlockRefV1, CollectionV1, ExtensionV2, GroupV1, SnapshotV2};
use crate::sorted::SortedMap;
use crate::storage::Storage;

/// A blocks file of which less than this share is still named by the newest snapshot is emptied into the next.
const LIVE_SHARE_MIN: (u64, u64) = (1, 2);

/// The blocks of a row group in the order in which they are written, and whether each differs from the last
/// snapshot's. Codes come right behind the rows: opening may read these two and not the vectors.
fn kinds(collection: &Collection, group: usize) -> impl Iterator<Item = (BlockKind, bool)> {
    let dirty = collection.dirty(group);
    let codes = collection.has_codes().then_some((BlockKind::Codes, dirty.codes));
    [(BlockKind::Vectors, dirty.vectors), (BlockKind::Rows, dirty.rows)].into_iter().chain(codes)
}

impl<S: Storage, E: Env> Inner<S, E> {
    /// Every block that changed, or lies in a file that is to be emptied, in the order of the manifest.
    pub(super) fn wanted(&self, stale: &[u64]) -> Vec<Wanted> {
        let (state, disk) = (self.state.borrow(), self.disk.borrow());
        let mut wanted = Vec::new();
        for collection in state.all() {
            let stored = disk.blocks(collection.number);
            for group in 0..collection.group_count() {
                for (kind, dirty) in kinds(collection, group) {
                    let block = stored.and_then(|stored| stored.block(group, kind));
                    if dirty || block.is_none_or(|block| stale.contains(&block.generation)) {
                        wanted.push(Wanted { collection: collection.number, group, kind });
                    }
                }
            }
            // Links come behind all rows: opening reads them last, and can do without.
            let Saving::Now(live) = saving(collection, stored, stale) else { continue };
            let graph = live.graph();
            for group in (0..collection.group_count()).filter(|group| graph.has_nodes(*group)) {
                let block = stored.and_then(|stored| stored.block(group, BlockKind::Links));
                if graph.dirty(group) || block.is_none_or(|block| stale.contains(&block.generation)) {
                    wanted.push(Wanted { collection: collection.number, group, kind: BlockKind::Links });
                }
            }
        }
        wanted
    }

    /// Blocks files most of which the next snapshot would not name, so that storage stays in proportion to
    /// the data.
    pub(super) fn mostly_dead_files(&self) -> Vec<u64> {
        let (state, disk) = (self.state.borrow(), self.disk.borrow());
        // Generation -> bytes that stay in use, and where the last block in use ends: about the file's length.
        let mut live: SortedMap<u64, u64> = SortedMap::new();
        let mut size: SortedMap<u64, u64> = SortedMap::new();
        let mut count = |block: BlockRefV1, stays: bool| {
            live.add(block.generation, if stays { u64::from(block.length) } else { 0 });
            let end = block.offset + u64::from(block.length);
            let known = size.get(block.generation).copied().unwrap_or(0);
            size.insert(block.generation, end.max(known));
        };
        for blocks in &disk.blocks {
            let collection = state.get(blocks.collection);
            let has_codes = collection.is_some_and(Collection::has_codes);
            let saving = collection.map(|collection| saving(collection, Some(blocks), &[]));
            for (group, stored) in blocks.groups.iter().enumerate() {
                let dirty = collection.map(|collection| collection.dirty(group)).unwrap_or_default();
                count(stored.vectors, !dirty.vectors);
                count(stored.rows, !dirty.rows);
                if let Some(codes) = blocks.block(group, BlockKind::Codes) {
                    count(codes, has_codes && !dirty.codes);
                }
                if let Some(links) = blocks.block(group, BlockKind::Links) {
                    let stays = match &saving {
                        Some(Saving::AsStored(_)) => true,
                        Some(Saving::Now(live)) => {
                            live.graph().has_nodes(group) && !live.graph().dirty(group)
                        }
                        Some(Saving::Nothing) | None => false,
                    };
                    count(links, stays);
                }
            }
        }
        let (numerator, denominator) = LIVE_SHARE_MIN;
        let mostly_dead = live
            .iter()
            .zip(size.values())
            .filter(|((_, live), size)| *live * denominator < *size * numerator);
        mostly_dead.map(|((generation, _), _)| *generation).collect()
    }

    /// The manifest of now, over the blocks that were written for it and those that stay; `stale` as they were wanted.
    pub(super) fn manifest(&self, written: Vec<(Wanted, BlockRefV1)>, stale: &[u64]) -> Result<SnapshotV2> {
        let (state, disk) = (self.state.borrow(), self.disk.borrow());
        // In the order in which the blocks were written, which is the order of this loop.
        let mut written = written.into_iter().peekable();
        let (mut collections, mut extensions) = (Vec::new(), Vec::new());
        for collection in state.all() {
            let stored: Option<&Blocks> = disk.blocks(collection.number);
            let ConfigV2 { base: config, search } = config_to_wire(collection.config());
            let mut groups = Vec::with_capacity(collection.group_count());
            let mut extension = ExtensionV2::new(collection.number, search);
            let mut of = |group: usize, kind: BlockKind| {
                let is_it = |want: &Wanted| {
                    want.collection == collection.number && want.group == group && want.kind == kind
                };
                let block = written.next_if(|(want, _)| is_it(want)).map(|(_, block)| block);
                let block = block.or(stored.and_then(|stored| stored.block(group, kind)));
                block.ok_or_else(|| Error::corrupt("a row group has no block: this is a defect of Lodestore"))
            };
            for group in 0..collection.group_count() {
                let (vectors, rows) = (of(group, BlockKind::Vectors)?, of(group, BlockKind::Rows)?);
                groups.push(GroupV1 { vectors, rows });
                if collection.has_codes() {
                    extension.codes.push(of(group, BlockKind::Codes)?);
                }
            }
            extension.graph = match saving(collection, stored, stale) {
                Saving::Nothing => None,
                Saving::AsStored(graph) => Some(graph.clone()),
                Saving::Now(live) => {
                    let mut links = Vec::with_capacity(collection.group_count());
                    for group in 0..collection.group_count() {
                        let has_nodes = live.graph().has_nodes(group);
                        links.push(if has_nodes { Some(of(group, BlockKind::Links)?) } else { None });
                    }
                    graph_to_wire(collection, live, links)
                }
            };
            extensions.push(extension);
            collections.push(CollectionV1 {
                collection: collection.number,
                name: collection.name.clone(),
                config,
                stages: collection.stages,
                slots: collection.slot_count() as u32,
                rows: collection.len() as u32,
                groups,
            });
        }
        let (seq, next_collection) = (state.seq, state.next_collection);
        let log = Some(disk.log.generation);
        let (time_ms, requests) = (self.env.now_ms(), disk.requests.clone());
        Ok(SnapshotV2 { seq, time_ms, log, next_collection, collections, extensions, requests })
    }
}
