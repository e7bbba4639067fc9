//! The checkpoint: blocks that changed, then a new log, then the manifest, then away with what nobody needs.
//!
//! The log comes before the manifest that names it: so a log that went missing is noticed, and is not taken for
//! a crash between the two.

use super::database::{Database, Inner};
use super::disk::{Blocks, Health, Kept};
use super::env::Env;
use super::made::MadeBlocks;
use super::names;
use super::prune::Wish;
use super::report::CheckpointResult;
use super::stored::place_of;
use crate::error::Result;
use crate::format::header::{FileHeader, FileKind, HEADER_BYTES};
use crate::format::snapshot::{SnapshotV2, encode_snapshot};
use crate::sorted::SortedMap;
use crate::storage::{Once, Storage};
use std::rc::Rc;

/// Restorable snapshots that are kept: the newest, and one to fall back on.
pub(super) const SNAPSHOTS_KEPT: usize = 2;

impl<S: Storage, E: Env> Database<S, E> {
    /// Writes a snapshot of now and starts a new log. What it costs follows what changed since the last one.
    /// Writes wait meanwhile, reads go on. When it fails nothing changed.
    pub async fn checkpoint(&self) -> Result<CheckpointResult> {
        let _turn = self.0.turn.take().await;
        self.noted().await
    }

    /// As [`Database::checkpoint`], if one is still due when its turn has come: of several that were asked for
    /// by as many writes, one is made. A failure is kept for `stats`; the log still has everything.
    pub async fn checkpoint_if_due(&self) -> Result<Option<CheckpointResult>> {
        let _turn = self.0.turn.take().await;
        if !self.checkpoint_due() {
            return Ok(None);
        }
        self.noted().await.map(Some)
    }

    /// For a caller who has the turn: notes whether it failed.
    async fn noted(&self) -> Result<CheckpointResult> {
        let result = self.0.checkpoint_or_give_way().await;
        let mut disk = self.0.disk.borrow_mut();
        disk.failed_checkpoint = result.as_ref().err().map(|cause| (disk.log.length, cause.clone()));
        result
    }
}

impl<S: Storage, E: Env> Inner<S, E> {
    /// As `checkpoint`, for a caller who has the turn.
    pub(super) async fn checkpoint_in_turn(&self) -> Result<CheckpointResult> {
        self.check_sole_writer().await?;
        self.write_snapshot(self.mostly_dead_files()).await
    }

    /// Writes a snapshot in which nothing stands any more in any of the files that were there before. The snapshots
    /// before it are let go.
    pub(super) async fn write_everything(&self) -> Result<CheckpointResult> {
        let mut files = SortedMap::new();
        for blocks in &self.disk.borrow().blocks {
            blocks.each(&mut |block| files.add(block.generation, 0));
        }
        let result = self.write_snapshot(files.keys().copied().collect()).await?;
        {
            let mut disk = self.disk.borrow_mut();
            let over = disk.snapshots.len().saturating_sub(1);
            disk.snapshots.drain(..over);
        }
        // Whatever is to be kept of the past: this is not continued by it.
        let wish = Wish { keep: SNAPSHOTS_KEPT, policy: None, is_ahead: false };
        let _ = self.prune_to(wish).await;
        Ok(result)
    }

    /// A snapshot of now, with blocks that changed and those that lie in `stale` files.
    async fn write_snapshot(&self, stale: Vec<u64>) -> Result<CheckpointResult> {
        let generation = self.disk.borrow_mut().take_generation();
        // The graph in a snapshot is of one moment.
        let _frozen = self.freeze_graphs();
        let wanted = self.wanted(&stale);
        let mut source = MadeBlocks::new(self, generation, wanted);
        if !source.wanted.is_empty() {
            let created = self.storage.create(&names::blocks(generation), &mut source).await;
            if let Err(cause) = created {
                // Nothing names this file: it can go. If it cannot, the next checkpoint tries again.
                let _ = self.storage.remove(&names::blocks(generation)).await;
                return Err(cause);
            }
        }
        let MadeBlocks { written, offset, .. } = source;
        let mut result = CheckpointResult { generation, ..CheckpointResult::default() };
        result.blocks_written = written.len() as u64;
        result.bytes_written = if written.is_empty() { 0 } else { offset };
        let tail = self.disk.borrow().log;
        // There is none where salvage found none.
        let tail = (tail.generation > 0).then_some(tail);
        if let Err(cause) = self.start_log(tail).await {
            // If the new log is there all the same, it says where the old one ends: nothing may be appended
            // to that one any more.
            self.disk.borrow_mut().health = Health::Unsettled { roll: true, tried: Rc::default() };
            let _ = self.storage.remove(&names::blocks(generation)).await;
            return Err(cause);
        }
        let manifest = self.manifest(written, &stale)?;
        result.seq = manifest.seq;
        let mut blocks = 0;
        manifest.each_block(&mut |_| blocks += 1);
        result.blocks_reused = blocks - result.blocks_written;

        let header = FileHeader {
            kind: FileKind::Snapshot,
            version: manifest.version(),
            database: self.disk.borrow().database,
            generation,
            time_ms: manifest.time_ms,
            seq: manifest.seq,
            previous: None,
        };
        let bytes = encode_snapshot(&header, &manifest)?;
        let length = bytes.len() as u64;
        result.bytes_written += length + HEADER_BYTES as u64;
        if let Err(cause) = self.storage.create(&names::snapshot(generation), &mut Once::new(bytes)).await {
            self.withdraw(generation).await;
            return Err(cause);
        }
        self.adopt(generation, manifest, length);
        self.prune_kept().await;
        Ok(result)
    }

    /// Takes back a snapshot that failed: it may be there all the same, and must not come to count behind later writes.
    /// Its blocks stay as long as it names them.
    pub(super) async fn withdraw(&self, generation: u64) {
        match self.storage.remove(&names::snapshot(generation)).await {
            Ok(()) => drop(self.storage.remove(&names::blocks(generation)).await),
            Err(_) => self.disk.borrow_mut().doubtful = Some(generation),
        }
    }

    /// Makes a stored snapshot the current one.
    pub(super) fn adopt(&self, generation: u64, manifest: SnapshotV2, length: u64) {
        let mut disk = self.disk.borrow_mut();
        disk.snapshots.push(Kept::of(generation, &manifest, length));
        let before = std::mem::replace(&mut disk.blocks, Blocks::of(manifest));
        let mut state = self.state.borrow_mut();
        for collection in state.all_mut() {
            collection.clean();
            let graph = |of: &'_ [Blocks]| {
                of.iter().find(|one| one.collection == collection.number).and_then(|one| one.graph.clone())
            };
            // One that stayed as it was stored is not the one of now.
            let now = graph(&disk.blocks);
            if now.is_some() && now != graph(&before) {
                collection.clean_graph();
            }
        }
        // Everything stands in storage now, so what need not be in memory goes. From here on vectors are read from
        // the files of this snapshot only: those of the one before may be removed.
        let Some(reader) = &self.reader else { return };
        for collection in state.all_mut().filter(|one| one.leaves_vectors()) {
            if let Some(blocks) = disk.blocks(collection.number) {
                collection.leave_vectors(reader, blocks.groups.iter().map(|group| place_of(&group.vectors)));
            }
        }
    }
}
