//! Work on the graphs, in steps.

use super::database::Database;
use super::env::Env;
use crate::collection::Collection;
use crate::error::Result;
use crate::storage::Storage;

impl<S: Storage, E: Env> Database<S, E> {
    /// Does one step of work on a graph, if there is any to do and a checkpoint does not need the graphs as they are.
    pub fn index_step(&self, thorough: bool) -> Result<bool> {
        if self.0.graph_frozen.get() > 0 {
            return Ok(false);
        }
        let mut state = self.0.state.borrow_mut();
        let step = |collection: &mut Collection| collection.index_step(thorough);
        state.all_mut().try_fold(false, |worked, one| if worked { Ok(true) } else { step(one) })
    }
}
