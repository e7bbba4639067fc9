//! Going back: what a database was becomes what it is, in one step, with a snapshot of what it was before that.

use super::audit::said;
use super::database::{Database, Inner};
use super::env::Env;
use super::names;
use super::past::Past;
use super::report::ImportResult;
use crate::error::Result;
use crate::storage::Storage;

impl<S: Storage, E: Env> Database<S, E> {
    /// Replaces everything by what it was. First a checkpoint is made, so that what is there now stays a point to go back
    /// to; then what was is stored beside it, read back and verified; then one new snapshot makes it the database. On
    /// any error, and after a crash, nothing changed. Writes wait meanwhile.
    ///
    /// Codes and graphs follow from the rows and are made again: in the background, and until then rows are scanned.
    pub async fn restore(&self, past: Past<S, E>) -> Result<ImportResult> {
        let _turn = self.0.turn.take().await;
        self.0.check_sole_writer().await?;
        let covered = self.0.disk.borrow().snapshots.last().map(|kept| kept.seq);
        if covered != Some(self.last_write()) {
            self.0.checkpoint_in_turn().await?;
        }
        let generation = self.0.disk.borrow_mut().take_generation();
        let what = format!("write {}", past.state.seq);
        let result = self.0.restore_as(past, generation).await;
        if result.is_err() {
            self.0.drop_blocks(generation).await;
        }
        self.0.note_outcome("restore", &what, said(&result)).await;
        result
    }
}

impl<S: Storage, E: Env> Inner<S, E> {
    async fn restore_as(&self, past: Past<S, E>, generation: u64) -> Result<ImportResult> {
        let header = self.blocks_header(generation);
        let (manifest, bytes) = self.write_state(&past.state, &past.blocks, past.time_ms, header).await?;
        let _frozen = self.freeze_graphs();
        self.unload();
        // Two copies are enough.
        drop(past);
        let done = self.switch_to(manifest, header, bytes).await;
        if done.is_err() {
            self.unload();
            // If this fails, too, the next write tries it again.
            let _ = self.reload().await;
        }
        done
    }

    /// Removes a blocks file that no snapshot names, after a failure.
    pub(super) async fn drop_blocks(&self, generation: u64) {
        let is_snapshot = self.disk.borrow().snapshots.iter().any(|kept| kept.generation == generation);
        if self.disk.borrow().doubtful.is_none() && !is_snapshot {
            let _ = self.storage.remove(&names::blocks(generation)).await;
        }
    }
}
