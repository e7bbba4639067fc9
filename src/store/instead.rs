//! Putting other data in the place of what is in memory, without ever holding both.

use super::chain::Logs;
use super::database::Inner;
use super::disk::Health;
use super::env::Env;
use super::load::{Loading, load_state};
use super::names::Listing;
use super::open::{read_manifest, replay};
use super::report::OpenReport;
use crate::collection::State;
use crate::error::{Error, Result};
use crate::format::snapshot::SnapshotV2;
use crate::sorted::SortedMap;
use crate::storage::Storage;

impl<S: Storage, E: Env> Inner<S, E> {
    /// Lets what is in memory go and has `work` put something else there; if that fails, loads what was there again.
    /// For a caller who has the turn. Meanwhile nothing can be read, and the sequence number is what it was.
    pub(super) async fn instead<T>(&self, work: impl AsyncFnOnce() -> Result<T>) -> Result<T> {
        let _frozen = self.freeze_graphs();
        self.disk.borrow_mut().health = Health::Unloaded;
        self.let_go();
        let done = work().await;
        if done.is_err() {
            self.let_go();
            // If this fails, too, the next write tries it again.
            let _ = self.reload().await;
        }
        done
    }

    /// Loads what is stored where that is not in memory. For a caller who has the turn.
    pub(super) async fn reload(&self) -> Result<()> {
        if matches!(self.disk.borrow().health, Health::Unloaded) {
            let state = self.load_again().await?;
            *self.state.borrow_mut() = state;
            self.disk.borrow_mut().health = Health::Writable;
        }
        Ok(())
    }

    fn let_go(&self) {
        let mut empty = State::new();
        empty.seq = self.state.borrow().seq;
        *self.state.borrow_mut() = empty;
    }

    /// The state that a manifest describes. With the lengths of the blocks files, what need not be read is not.
    pub(super) async fn load(
        &self,
        manifest: &SnapshotV2,
        lengths: Option<&SortedMap<u64, u64>>,
    ) -> Result<State> {
        let loading = Loading { reader: self.reader.as_ref(), lengths };
        Ok(load_state(&self.storage, &self.env, &loading, manifest).await?.state)
    }

    /// What the newest snapshot and the logs after it say.
    async fn load_again(&self) -> Result<State> {
        let listing = Listing::of(&self.storage.list().await?);
        let logs = Logs::read(&self.storage, &listing).await?;
        let (database, newest) = {
            let disk = self.disk.borrow();
            (disk.database, disk.snapshots.last().map(|kept| kept.generation))
        };
        let (mut state, mut named) = (State::new(), None);
        if let Some(generation) = newest {
            let length = listing.snapshots.get(generation).copied().unwrap_or(0);
            let manifest = read_manifest(&self.storage, generation, length, &database).await?;
            state = self.load(&manifest, Some(&listing.blocks)).await?;
            named = manifest.log;
        }
        let links = logs.after(state.seq, named)?;
        // Which writes were asked for by name is known still.
        let mut requests = Default::default();
        let mut report = OpenReport::default();
        replay(&self.storage, &self.env, &links, &mut state, &mut requests, &mut report).await?;
        match state.seq == self.state.borrow().seq {
            true => Ok(state),
            false => Err(Error::corrupt("what is stored ends elsewhere than before")),
        }
    }
}
