//! Pruning: room is freed by giving up older restore points, never the only one that verifies.

use super::blocks::runs;
use super::checkpoint::SNAPSHOTS_KEPT;
use super::database::{Database, Inner};
use super::env::Env;
use super::open::read_manifest;
use super::report::CheckpointResult;
use crate::error::{Kind, Result};
use crate::storage::Storage;

impl<S: Storage, E: Env> Database<S, E> {
    /// Keeps the newest `keep` snapshots, one at least, with the logs behind them, and removes what nothing else needs.
    /// It writes nothing, so it works where no room is left. `Corrupt` when the newest snapshot
    /// does not verify: then nothing is removed, since an older one may be what it is restored from.
    pub async fn prune(&self, keep: usize) -> Result<()> {
        let _turn = self.0.turn.take().await;
        self.0.release(keep.max(1)).await
    }
}

impl<S: Storage, E: Env> Inner<S, E> {
    /// A checkpoint. Where it lacks room, what it would remove in the end goes before it: the snapshots but the newest,
    /// once that one has verified.
    pub(super) async fn checkpoint_or_give_way(&self) -> Result<CheckpointResult> {
        loop {
            let done = self.checkpoint_in_turn().await;
            let may_give = self.disk.borrow().snapshots.len() >= SNAPSHOTS_KEPT;
            let lacks_room = done.as_ref().is_err_and(|cause| cause.kind == Kind::Quota);
            // Once only: after it there are no two any more.
            if !lacks_room || !may_give || self.release(1).await.is_err() {
                return done;
            }
        }
    }

    /// For a caller who has the turn. Safe also where somebody else has overtaken this handle: of their files none is
    /// older than the newest snapshot known here.
    async fn release(&self, keep: usize) -> Result<()> {
        self.disk.borrow().check_open()?;
        if self.disk.borrow().snapshots.len() > keep {
            self.verify_newest().await?;
        }
        self.prune_to(keep).await?;
        // There may be room now for what failed.
        self.disk.borrow_mut().failed_checkpoint = None;
        Ok(())
    }

    /// Reads the newest snapshot with all its blocks and holds it against its checksums.
    async fn verify_newest(&self) -> Result<()> {
        let (newest, database) = {
            let disk = self.disk.borrow();
            (disk.snapshots.last().map(|kept| (kept.generation, kept.manifest_bytes)), disk.database)
        };
        let Some((generation, length)) = newest else { return Ok(()) };
        let manifest = read_manifest(&self.storage, generation, length, &database).await?;
        let mut refs = Vec::new();
        manifest.each_block(&mut |block| refs.push(*block));
        for run in runs(refs.into_iter())? {
            run.read_verified(&self.storage).await?;
        }
        Ok(())
    }
}
