//! Rebuilding a collection for another model or dimension: new vectors are staged in a hidden collection beside
//! the old rows, which go on answering, and one write switches.
//!
//! The caller makes the vectors: `next` hands out rows, `put` takes their vectors. Rows that were written after
//! they were handed out are handed out again, so the switch never loses a write.

use super::database::{Database, Inner};
use super::env::Env;
use super::intent::{Asked, Intent};
use super::write::Written;
use crate::collection::{Collection, Config, Op, Row, Rows, State};
use crate::error::{Error, Kind, Result};
use crate::limits::BATCH_ROWS_MAX;
use crate::storage::Storage;
use std::cell::{Cell, RefCell};
use std::ops::Bound;
use std::rc::Rc;

/// A row that needs a new vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmbedRow {
    /// Its id.
    pub id: String,
    /// A JSON object.
    pub metadata: String,
    seq: u64,
}

/// A rebuild in progress. It ends with `commit` or `abort`; one that is forgotten is undone at the next open.
pub struct Rebuild<S, E> {
    inner: Rc<Inner<S, E>>,
    name: String,
    target: u32,
    staged: u32,
    /// By slot of the staged collection: sequence number of the row that the new vector was made from.
    made_from: RefCell<Vec<u64>>,
    /// The highest id that was handed out.
    last: RefCell<Option<Rc<str>>>,
    /// Rows that were handed out and wait for their vectors.
    pending: RefCell<Vec<EmbedRow>>,
}

impl<S: Storage, E: Env> Database<S, E> {
    /// Begins to rebuild the collection `name` as `config`.
    pub async fn rebuild(&self, name: &str, config: Config) -> Result<Rebuild<S, E>> {
        self.rebuild_as(name, Box::new(|_| Ok(config))).await
    }

    /// As [`Database::rebuild`], with a configuration that is made from the stored one when its turn has come.
    pub async fn rebuild_as(&self, name: &str, config: Asked) -> Result<Rebuild<S, E>> {
        let owned = name.to_owned();
        let resolve = move |state: &State| {
            let stored = state.named(&owned)?;
            let (target, config) = (stored.number, config(Some(stored.config()))?);
            if state.all().any(|one| one.stages == Some(target)) {
                return Err(Error::new(
                    Kind::Conflict,
                    format!("collection '{owned}' is being rebuilt already: wait for it or abort it"),
                ));
            }
            let collection = state.next_collection;
            Ok(Some((Op::Create { collection, name: owned, config, stages: Some(target) }, 0)))
        };
        self.0.write(Intent::resolve(resolve)).await?;
        let state = self.0.state.borrow();
        let target = state.named(name)?.number;
        let staged = state.all().find(|one| one.stages == Some(target)).map(|one| one.number);
        let staged = staged.ok_or_else(|| Error::invalid("the staged collection was dropped meanwhile"))?;
        Ok(Rebuild {
            inner: self.0.clone(),
            name: name.to_owned(),
            target,
            staged,
            made_from: RefCell::default(),
            last: RefCell::default(),
            pending: RefCell::default(),
        })
    }
}

impl<S: Storage, E: Env> Rebuild<S, E> {
    /// Rows that have their new vector, and rows in all.
    pub fn progress(&self) -> (u64, u64) {
        // As in `Database::state`: a storage object may ask in the middle of a read.
        let Ok(state) = self.inner.state.try_borrow() else { return (0, 0) };
        let rows = |number: u32| state.get(number).map_or(0, Collection::len) as u64;
        let total = rows(self.target);
        (rows(self.staged).min(total), total)
    }

    /// Up to `max` rows that still need a vector; none when all have one.
    pub fn next(&self, max: usize) -> Result<Vec<EmbedRow>> {
        self.inner.disk.borrow().check_readable()?;
        let state = self.inner.state.borrow();
        let target = self.target(&state)?;
        let max = max.clamp(1, BATCH_ROWS_MAX);
        // In the order of ids: first what was never handed out, so that all are passed over once and not
        // once a batch; then whatever changed behind.
        let last = self.last.borrow().clone();
        let after = target.ids_after(last.as_deref().map_or(Bound::Unbounded, Bound::Excluded));
        let mut rows: Vec<EmbedRow> =
            after.filter_map(|slot| target.row(slot)).take(max).map(row_of).collect();
        match rows.last() {
            Some(row) => *self.last.borrow_mut() = Some(row.id.as_str().into()),
            None => {
                let stale = target.ids().filter_map(|(_, slot)| target.row(slot));
                rows = stale.filter(|row| !self.is_current(&state, row)).take(max).map(row_of).collect();
            }
        }
        *self.pending.borrow_mut() = rows.clone();
        Ok(rows)
    }

    /// Takes the vectors of the rows that `next` handed out, in their order.
    pub async fn put(&self, vectors: Vec<f32>) -> Result<()> {
        let rows = std::mem::take(&mut *self.pending.borrow_mut());
        if rows.is_empty() {
            return Err(Error::invalid("no rows wait for vectors: call next() first"));
        }
        let staged = self.staged;
        let seqs: Vec<(String, u64)> = rows.iter().map(|row| (row.id.clone(), row.seq)).collect();
        let count = rows.len() as u64;
        let (ids, metadata) = rows.into_iter().map(|row| (row.id, row.metadata)).unzip();
        let rows = Rows { ids, vectors, metadata };
        let resolve = move |_: &State| Ok(Some((Op::Upsert { collection: staged, rows }, count)));
        self.inner.write(Intent::resolve(resolve)).await?;
        let state = self.inner.state.borrow();
        let collection = state.get(staged).ok_or_else(|| gone(&self.name))?;
        let mut made_from = self.made_from.borrow_mut();
        made_from.resize(collection.slot_count(), 0);
        for (id, seq) in seqs {
            if let Some(from) = collection.slot(&id).and_then(|slot| made_from.get_mut(slot as usize)) {
                *from = seq;
            }
        }
        Ok(())
    }

    /// Switches to the new vectors in one write. `None` when rows changed meanwhile: go on with `next`.
    pub async fn commit(self: Rc<Self>) -> Result<Option<Written>>
    where
        S: 'static,
        E: 'static,
    {
        self.forget_deleted().await?;
        let stale = Rc::new(Cell::new(false));
        let (rebuild, is_stale) = (self.clone(), stale.clone());
        let resolve = move |state: &State| {
            let target = rebuild.target(state)?;
            let copied = state.get(rebuild.staged).map_or(0, Collection::len);
            let current = target.len() == copied
                && target
                    .ids()
                    .filter_map(|(_, slot)| target.row(slot))
                    .all(|row| rebuild.is_current(state, row));
            is_stale.set(!current);
            Ok(current.then_some((Op::Switch { staged: rebuild.staged }, copied as u64)))
        };
        let written = self.inner.write(Intent::resolve(resolve)).await?;
        Ok((!stale.get()).then_some(written))
    }

    /// Whether the staged vector of a row was made from the row as it is.
    fn is_current(&self, state: &State, row: &Row) -> bool {
        let slot = state.get(self.staged).and_then(|staged| staged.slot(&row.id));
        slot.and_then(|slot| self.made_from.borrow().get(slot as usize).copied()) == Some(row.seq)
    }

    /// Gives up: the old rows stay as they are.
    pub async fn abort(&self) -> Result<()> {
        let staged = self.staged;
        let resolve = move |state: &State| {
            let staged = state.get(staged).filter(|one| one.stages.is_some()).map(|one| one.number);
            Ok(staged.map(|collection| (Op::Drop { collection }, 0)))
        };
        self.inner.write(Intent::resolve(resolve)).await.map(drop)
    }

    /// Rows that were deleted after they were copied.
    async fn forget_deleted(&self) -> Result<()> {
        let (staged, target) = (self.staged, self.target);
        let name = self.name.clone();
        let resolve = move |state: &State| {
            let target = state.get(target).ok_or_else(|| gone(&name))?;
            let collection = state.get(staged).ok_or_else(|| gone(&name))?;
            let vanished = collection.ids().filter(|(id, _)| target.slot(id).is_none());
            let ids: Vec<String> = vanished.map(|(id, _)| id.to_string()).collect();
            let count = ids.len() as u64;
            Ok((count > 0).then_some((Op::Delete { collection: staged, ids }, count)))
        };
        self.inner.write(Intent::resolve(resolve)).await.map(drop)
    }

    fn target<'a>(&self, state: &'a State) -> Result<&'a Collection> {
        state.get(self.target).ok_or_else(|| gone(&self.name))
    }
}

fn row_of(row: &Row) -> EmbedRow {
    EmbedRow { id: row.id.to_string(), metadata: row.metadata.to_string(), seq: row.seq }
}

fn gone(name: &str) -> Error {
    Error::invalid(format!("collection '{name}' was dropped while it was rebuilt"))
}
