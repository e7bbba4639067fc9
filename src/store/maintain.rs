//! Work on the graphs, in slices: in the background after writes and openings, or all of it when it is asked for.

use super::database::Database;
use super::env::Env;
use crate::collection::Collection;
use crate::error::Result;
use crate::storage::Storage;

/// Longest that one slice works, in milliseconds: half a frame, so that a page stays smooth.
const SLICE_MS: f64 = 8.0;

/// Why the graphs are worked on.
#[derive(Clone, Copy)]
enum Manner {
    /// Nobody waits: only what is due is done.
    Background,
    /// Somebody waits until all is done.
    Thorough,
}

impl<S: Storage, E: Env> Database<S, E> {
    /// Steps of work on graphs that are left, about. With `thorough` also those that can wait.
    pub fn index_steps_left(&self, name: Option<&str>, thorough: bool) -> Result<u64> {
        let state = self.state()?;
        let wanted = state.all().filter(|one| name.is_none_or(|name| one.name == name));
        Ok(wanted.map(|one| one.index_steps_left(thorough)).sum())
    }

    /// Does one step of work on the graph of the first collection that has any. Whether there was work; there is none
    /// while a checkpoint reads the graphs.
    pub fn index_step(&self, name: Option<&str>, thorough: bool) -> Result<bool> {
        if self.0.graph_frozen.get() > 0 {
            return Ok(false);
        }
        self.0.disk.borrow().check_readable()?;
        let mut state = self.0.state.borrow_mut();
        let wanted = |one: &&mut Collection| name.is_none_or(|name| one.name == name);
        for collection in state.all_mut().filter(wanted) {
            if collection.index_step(thorough)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Works on the graphs until nothing is left that cannot wait, in slices of some milliseconds between which
    /// others run. Ends early when somebody else does the same.
    pub async fn index_in_background(&self) -> Result<()> {
        if self.0.indexing.replace(true) {
            return Ok(());
        }
        let done = self.work_in_slices(None, Manner::Background, |_| true).await;
        self.0.indexing.set(false);
        done
    }

    /// Puts every row of a collection into its graph and takes out what was deleted. Progress is reported as the
    /// phase `index`. Ends with what is done so far when `go_on` says no.
    pub async fn optimize(&self, name: &str, go_on: impl Fn() -> bool) -> Result<()> {
        self.state()?.named(name)?;
        let env = &self.0.env;
        let mut most = 0;
        self.work_in_slices(Some(name), Manner::Thorough, |left| {
            most = left.max(most);
            env.progress("index", most - left, most);
            go_on()
        })
        .await
    }

    async fn work_in_slices(
        &self,
        name: Option<&str>,
        manner: Manner,
        mut go_on: impl FnMut(u64) -> bool,
    ) -> Result<()> {
        let env = &self.0.env;
        let thorough = matches!(manner, Manner::Thorough);
        loop {
            // A snapshot has the graph of one moment: while one is made, the graph stays as it is.
            while self.0.graph_frozen.get() > 0 {
                drop(self.0.turn.take().await);
            }
            let start = env.monotonic_ms();
            loop {
                if !self.index_step(name, thorough)? {
                    go_on(0);
                    return Ok(());
                }
                if env.monotonic_ms() - start >= SLICE_MS {
                    break;
                }
            }
            if !go_on(self.index_steps_left(name, thorough)?) {
                return Ok(());
            }
            match manner {
                Manner::Background => env.rest().await,
                Manner::Thorough => env.yield_now().await,
            }
        }
    }
}
