//! The end of the content phase: everything is stored, loaded and compared.

use super::Stage;
use crate::collection::{Collection, State};
use crate::error::{Error, Result};
use crate::format::archive4::ArchiveV4;
use crate::storage::Storage;
use crate::store::blocks::runs;
use crate::store::disk::Blocks;
use crate::store::env::Env;
use crate::store::load::{Loading, load_state};
use crate::store::past::Point;
use crate::store::report::ImportResult;

impl<S: Storage, E: Env> Stage<S, E> {
    /// Loads what is stored so far.
    pub(super) async fn load(&mut self) -> Result<()> {
        let manifest = self
            .manifest
            .as_ref()
            .ok_or_else(|| Error::invalid("a restore begins with a full archive: give one first"))?;
        // Read back from storage: what is restored is what was stored, not what was received.
        let loading = Loading::all(&self.inner.reader);
        let loaded = load_state(&self.inner.storage, &self.inner.env, &loading, manifest).await?;
        self.state = Some(loaded.state);
        Ok(())
    }

    /// Ends the content phase once all archives are there: loads, stores what frames changed, and compares counts. What is
    /// restored can be read then. `Invalid` where the archives do not reach as far as asked.
    pub async fn finish(&mut self) -> Result<ImportResult> {
        if self.failed {
            return Err(Error::invalid("this restore failed: begin another"));
        }
        if !self.ready {
            self.failed = true;
            self.finish_content().await?;
            (self.failed, self.ready) = (false, true);
        }
        Ok(ImportResult::of(self.state()?, self.bytes))
    }

    async fn finish_content(&mut self) -> Result<()> {
        if self.state.is_none() {
            self.load().await?;
        }
        let Some(state) = &self.state else { return Ok(()) };
        if let Some(Point::Seq(seq)) = self.options.to
            && state.seq < seq
        {
            return Err(Error::invalid("these archives do not reach as far as the point to restore")
                .with(format!("write {seq}"), state.seq));
        }
        if let (Some((_, Some(archive))), false) = (&self.last, self.reached) {
            compare(state, archive)?;
        }
        // Nobody goes on with what was being rebuilt.
        if self.changed || state.all().any(|one| one.stages.is_some()) {
            self.store_again().await?;
        }
        Ok(())
    }

    /// Stores what frames changed, as a blocks file of its own.
    async fn store_again(&mut self) -> Result<()> {
        let header = self.new_file();
        let (Some(state), Some(manifest)) = (&mut self.state, self.manifest.take()) else { return Ok(()) };
        let staged: Vec<u32> = state.all().filter(|one| one.stages.is_some()).map(|one| one.number).collect();
        let stored = Blocks::of(manifest);
        let (manifest, _) = self.inner.write_state(state, &stored, self.time_ms, header).await?;
        for number in staged {
            state.forget(number);
        }
        let mut refs = Vec::new();
        manifest.each_block(&mut |block| refs.push(*block));
        for run in runs(refs.into_iter())? {
            run.read_verified(&self.inner.storage).await?;
            self.inner.env.yield_now().await;
        }
        self.manifest = Some(manifest);
        Ok(())
    }

    /// Steps of work on its graphs that are left, about.
    pub fn index_steps_left(&self) -> Result<u64> {
        Ok(self.state()?.all().map(|one| one.index_steps_left(true)).sum())
    }

    /// Does one step of that. Whether there was work.
    pub fn index_step(&mut self) -> Result<bool> {
        self.state()?;
        let Some(state) = &mut self.state else { return Ok(false) };
        for collection in state.all_mut() {
            if collection.index_step(true)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// That everything is there.
fn compare(state: &State, archive: &ArchiveV4) -> Result<()> {
    let named = || state.all().filter(|one| one.stages.is_none());
    let fits = |one: &Collection| {
        let said = archive.collections.iter().find(|said| said.name == one.name);
        said.is_some_and(|said| said.rows as usize == one.len())
    };
    match named().count() == archive.collections.len() && named().all(fits) {
        true => Ok(()),
        false => Err(Error::corrupt("what came of this archive has other rows than its manifest says")),
    }
}
