//! Putting other data in the place of what is in memory, without ever holding both.

use super::chain::Logs;
use super::database::Inner;
use super::disk::Health;
use super::env::Env;
use super::load::Loading;
use super::names::Listing;
use super::open::{load_newest, replay};
use crate::collection::State;
use crate::error::{Error, Result};
use crate::storage::Storage;

impl<S: Storage, E: Env> Inner<S, E> {
    /// Lets what is in memory go. Until something else is there nothing can be read; the sequence number stays what it
    /// is, and so does the number of the next collection. For a caller who has the turn and has frozen the graphs.
    pub(super) fn unload(&self) {
        self.disk.borrow_mut().health = Health::Unloaded;
        let mut empty = State::new();
        {
            let now = self.state.borrow();
            (empty.seq, empty.next_collection) = (now.seq, now.next_collection);
        }
        *self.state.borrow_mut() = empty;
    }

    /// Loads what is stored where that is not in memory. For a caller who has the turn.
    pub(super) async fn reload(&self) -> Result<()> {
        if matches!(self.disk.borrow().health, Health::Unloaded) {
            // Boxed: it is rare, and every write would carry room for it.
            let state = Box::pin(self.load_again()).await?;
            *self.state.borrow_mut() = state;
            self.disk.borrow_mut().health = Health::Writable;
        }
        Ok(())
    }

    /// What the newest snapshot and the logs after it say.
    async fn load_again(&self) -> Result<State> {
        let mut listing = Listing::of(&self.storage.list().await?);
        let logs = Logs::read(&self.storage, &listing).await?;
        let database = {
            let disk = self.disk.borrow();
            // That of what failed does not count.
            let _ = disk.doubtful.and_then(|generation| listing.snapshots.remove(generation));
            disk.database
        };
        // Which writes were asked for by name is known still.
        let (mut requests, mut report) = Default::default();
        let reader = self.reader.as_ref();
        let loading = Loading { reader, lengths: Some(&listing.blocks) };
        let loaded =
            load_newest(&self.storage, &self.env, &loading, &listing, &database, &mut report).await?;
        let mut state = loaded.state;
        let links = logs.after(state.seq, loaded.newest.and_then(|manifest| manifest.log))?;
        replay(&self.storage, &self.env, &links, &mut state, &mut requests, &mut report).await?;
        match state.seq == self.state.borrow().seq {
            true => Ok(state),
            false => Err(Error::corrupt("what is stored ends elsewhere than before")),
        }
    }
}
