//! Pruning: room is freed by giving up older restore points, never the only one that verifies.

use super::blocks::runs;
use super::checkpoint::SNAPSHOTS_KEPT;
use super::database::{Database, Inner};
use super::env::Env;
use super::open::read_manifest;
use super::report::CheckpointResult;
use crate::error::{Error, Kind, Result};
use crate::storage::Storage;

impl<S: Storage, E: Env> Database<S, E> {
    /// Keeps the newest `keep` snapshots, 1 or 2, with the logs behind them, and removes what nothing else needs: how
    /// many snapshots went. It writes nothing, so it works where no room is left. `Corrupt` when the newest snapshot
    /// does not verify: then nothing is removed, since an older one may be what it is restored from.
    pub async fn prune(&self, keep: usize) -> Result<usize> {
        if !(1..=SNAPSHOTS_KEPT).contains(&keep) {
            return Err(Error::invalid("1 or 2 snapshots can be kept").with("1 or 2", keep));
        }
        let _turn = self.0.turn.take().await;
        self.0.release(keep).await
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
    async fn release(&self, keep: usize) -> Result<usize> {
        self.disk.borrow().check_open()?;
        let count = self.disk.borrow().snapshots.len();
        if count > keep {
            self.verify_newest().await?;
        }
        self.prune_to(keep).await?;
        let mut disk = self.disk.borrow_mut();
        // There may be room now for what failed.
        disk.failed_checkpoint = None;
        Ok(count - disk.snapshots.len())
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
            let bytes = run.read(&self.storage).await?;
            run.blocks(&bytes).try_for_each(|block| block.map(drop))?;
            self.env.yield_now().await;
        }
        Ok(())
    }
}
