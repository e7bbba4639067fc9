//! The handle on an open database: what everything else in this module hangs on.

use super::disk::{Disk, Health};
use super::env::Env;
use super::options::Options;
use super::report::OpenReport;
use super::requests::Request;
use super::turn::Turn;
use super::write::Pending;
use crate::collection::State;
use crate::error::{Error, Result};
use crate::limits::GROUP_ROWS;
use crate::storage::Storage;
use crate::vectors::ReadStored;
use std::cell::{Cell, Ref, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

/// Of the nodes of a complete graph, one in this many may be in no snapshot.
const UNSAVED_SHARE: usize = 8;

/// An open database. Clones are the same database. With a request, it is the name of the next write.
pub struct Database<S, E>(pub(super) Rc<Inner<S, E>>, pub(super) Option<Request>);

impl<S, E> Clone for Database<S, E> {
    fn clone(&self) -> Self {
        Database(self.0.clone(), self.1)
    }
}

pub(super) struct Inner<S, E> {
    pub storage: S,
    /// The way to read vectors that are left in storage, where there is one.
    pub reader: Option<Rc<dyn ReadStored>>,
    pub env: E,
    pub options: Options,
    pub report: OpenReport,
    /// Never borrowed across an await.
    pub state: RefCell<State>,
    /// Never borrowed across an await.
    pub disk: RefCell<Disk>,
    /// Whoever changes files holds it.
    pub turn: Turn,
    pub queue: RefCell<VecDeque<Rc<Pending>>>,
    /// Whether somebody works on the graphs in the background.
    pub indexing: Cell<bool>,
    /// How many checkpoints are reading the graphs, which stay as they are meanwhile.
    pub graph_frozen: Cell<u32>,
}

/// Keeps the graphs as they are until dropped. Reads and queries go on.
pub(super) struct Frozen<'a>(&'a Cell<u32>);

impl Drop for Frozen<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}

impl<S, E> Inner<S, E> {
    /// Has work on the graphs wait, which else goes on between the steps of whatever else is done.
    pub fn freeze_graphs(&self) -> Frozen<'_> {
        self.graph_frozen.set(self.graph_frozen.get() + 1);
        Frozen(&self.graph_frozen)
    }
}

impl<S: Storage, E: Env> Database<S, E> {
    /// A handle for one write that is asked for by name: asked for again, it is not made a second time.
    pub fn requested(&self, request: Option<Request>) -> Database<S, E> {
        Database(self.0.clone(), request)
    }

    /// What opening found and did.
    pub fn open_report(&self) -> &OpenReport {
        &self.0.report
    }

    /// What is stored, for reading. Not to be held across an await: a write would find it borrowed. `Unavailable` while
    /// an import is loaded in its place.
    pub fn state(&self) -> Result<Ref<'_, State>> {
        self.0.disk.borrow().check_readable()?;
        // A write that has to read vectors holds the state while it calls the storage.
        self.0
            .state
            .try_borrow()
            .map_err(|_| Error::invalid("a storage object must not call its database from within readInto()"))
    }

    /// The sequence number of the last write, also while an import is loaded; 0 once it is closed.
    pub fn last_write(&self) -> u64 {
        let closed = matches!(self.0.disk.borrow().health, Health::Closed);
        self.0.state.try_borrow().map_or(0, |state| if closed { 0 } else { state.seq })
    }

    /// The storage underneath.
    pub fn storage(&self) -> &S {
        &self.0.storage
    }

    /// The clocks and manners around it.
    pub fn env(&self) -> &E {
        &self.0.env
    }

    /// Whether the log has outgrown its share, so that a checkpoint pays, or vectors that could stay in storage take
    /// up memory, or a finished graph stands in no snapshot. Who embeds the store calls
    /// [`Database::checkpoint`] then; the core starts nothing by itself.
    pub fn checkpoint_due(&self) -> bool {
        let disk = self.0.disk.borrow();
        // After a failure (a full disk, say) it is tried again when the log has grown by another quarter, of what makes
        // a checkpoint due if it is short: not at every write.
        let again = |length: u64| length + length.max(self.0.options.checkpoint_log_bytes) / 4;
        let not_before = disk.failed_checkpoint.as_ref().map_or(0, |(length, _)| again(*length));
        let due = self.0.options.checkpoint_log_bytes.max(disk.snapshot_bytes() / 2);
        let covered = disk.snapshots.last().map_or(0, |kept| kept.seq);
        let is_due = disk.log.length > due
            || self.last_write() > covered + self.0.options.checkpoint_writes
            || self.leavable_bytes() > self.0.options.checkpoint_vector_bytes
            || self.graph_unsaved();
        matches!(disk.health, Health::Writable) && is_due && disk.log.length > not_before
    }

    /// Whether a graph is complete of which opening would have to build a good part again.
    fn graph_unsaved(&self) -> bool {
        let state = self.0.state.borrow();
        state.all().filter_map(|one| one.graph()).any(|live| {
            let nodes = live.graph().len();
            let unsaved = live.graph().added().unwrap_or(nodes);
            nodes >= GROUP_ROWS && live.pending().is_empty() && unsaved * UNSAVED_SHARE > nodes
        })
    }

    /// Bytes of vectors that a checkpoint would free, as they would then stay in storage.
    fn leavable_bytes(&self) -> u64 {
        if self.0.reader.is_none() {
            return 0;
        }
        let state = self.0.state.borrow();
        let leaving = state.all().filter(|one| one.leaves_vectors());
        leaving.map(|one| one.vectors().leavable_bytes() as u64).sum()
    }

    /// Waits for the writes before it and refuses everything after it. Closing twice is fine.
    pub async fn close(&self) {
        let _turn = self.0.turn.take().await;
        self.0.disk.borrow_mut().health = Health::Closed;
    }
}
