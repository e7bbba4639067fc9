//! The switch: one new snapshot makes other data the database.

use super::database::Inner;
use super::disk::Health;
use super::env::Env;
use super::load::{Loading, load_state};
use super::names;
use super::report::ImportResult;
use crate::collection::State;
use crate::error::Result;
use crate::format::header::{FileHeader, FileKind};
use crate::format::snapshot::{SnapshotV2, encode_snapshot};
use crate::storage::{Once, Storage};
use std::rc::Rc;

impl<S: Storage, E: Env> Inner<S, E> {
    /// Makes blocks that were stored, as `manifest` names them, the database. Nothing is in memory.
    pub(super) async fn switch_to(
        &self,
        mut manifest: SnapshotV2,
        blocks_header: FileHeader,
        bytes: u64,
    ) -> Result<ImportResult> {
        // Read back from storage: what is switched to is what was stored, not what was received.
        let loading = Loading::all(&self.reader);
        let mut state = load_state(&self.storage, &self.env, &loading, &manifest).await?.state;
        self.renumber(&mut manifest, &mut state);
        let result = ImportResult::of(&state, bytes);
        let length = self.put_snapshot(blocks_header.generation, &manifest).await?;
        self.take_over(state, blocks_header.generation, manifest, length).await;
        Ok(result)
    }

    /// Puts what is to become the database behind everything that was written to it.
    pub(super) fn renumber(&self, manifest: &mut SnapshotV2, state: &mut State) {
        let now = self.state.borrow();
        state.seq = manifest.seq.max(now.seq) + 1;
        // Numbers are never used again: a later salvage from before it would take one collection for the other.
        state.next_collection = state.next_collection.max(manifest.next_collection).max(now.next_collection);
        manifest.next_collection = state.next_collection;
        manifest.seq = state.seq;
        // Its log follows it: a log whose first write is the one after this snapshot, made while the old
        // data still counts, would not continue that.
        manifest.log = None;
        manifest.time_ms = self.env.now_ms();
        manifest.requests = self.disk.borrow().requests.clone();
    }

    /// Stores the snapshot that is the switch. On an error it does not count.
    pub(super) async fn put_snapshot(&self, generation: u64, manifest: &SnapshotV2) -> Result<u64> {
        let header = FileHeader {
            kind: FileKind::Snapshot,
            version: manifest.version(),
            seq: manifest.seq,
            time_ms: manifest.time_ms,
            ..self.blocks_header(generation)
        };
        let bytes = encode_snapshot(&header, manifest)?;
        let length = bytes.len() as u64;
        if let Err(cause) = self.storage.create(&names::snapshot(generation), &mut Once::new(bytes)).await {
            self.withdraw(generation).await;
            return Err(cause);
        }
        Ok(length)
    }

    /// Follows the switch in memory, and begins the log behind it. Nothing fails from here on: the switch stands.
    pub(super) async fn take_over(&self, state: State, generation: u64, manifest: SnapshotV2, length: u64) {
        *self.state.borrow_mut() = state;
        let tail = self.disk.borrow().log;
        self.adopt(generation, manifest, length);
        let logged = self.start_log(Some(tail)).await;
        self.disk.borrow_mut().health = match logged {
            Ok(()) => Health::Writable,
            // The next write makes its log first.
            Err(_) => Health::Unsettled { roll: true, tried: Rc::default() },
        };
        if logged.is_ok() {
            self.prune_kept().await;
        }
    }
}
