//! All collections of one database, and how a write changes them.

use super::config::Config;
use super::op::{Checked, Op, Rows};
use super::rows::Collection;
use crate::error::{Error, Result, listed};
use crate::index::Flat;
use crate::index::codes::Codes;
use crate::json::quoted;
use crate::limits::{BATCH_ROWS_MAX, COLLECTIONS_MAX, ID_BYTES_MAX, NAME_BYTES_MAX, ROWS_MAX};
use crate::metadata::{Value, parse_metadata};
use crate::room::Room;

/// What a database holds at one sequence number.
#[derive(Default)]
pub struct State {
    /// The last write that was applied; 0 for a new database.
    pub seq: u64,
    /// The next collection gets this number.
    pub next_collection: u32,
    /// In the order of their numbers.
    collections: Vec<Collection>,
}

impl State {
    /// A database without collections.
    pub fn new() -> State {
        State::default()
    }

    /// All collections, staged ones too, in the order of their numbers.
    pub fn all(&self) -> impl Iterator<Item = &Collection> {
        self.collections.iter()
    }

    /// All collections, to be changed by a checkpoint.
    pub fn all_mut(&mut self) -> impl Iterator<Item = &mut Collection> {
        self.collections.iter_mut()
    }

    /// The collection with this number.
    pub fn get(&self, number: u32) -> Option<&Collection> {
        self.collections.get(self.place(number).ok()?)
    }

    /// The collection with this name. Staged ones have no name of their own.
    pub fn find(&self, name: &str) -> Option<&Collection> {
        self.collections.iter().find(|collection| collection.stages.is_none() && collection.name == name)
    }

    /// The collection with this name, or an error that lists the names.
    pub fn named(&self, name: &str) -> Result<&Collection> {
        self.find(name).ok_or_else(|| {
            let names: Vec<&str> =
                self.all().filter(|one| one.stages.is_none()).map(|one| one.name.as_str()).take(20).collect();
            Error::invalid(format!("there is no collection '{name}': make it with collection(name, config)"))
                .with(format!("one of [{}]", listed(&names)), name)
        })
    }

    /// Adds a collection that was loaded from a snapshot.
    pub fn load(&mut self, collection: Collection) {
        match self.place(collection.number) {
            Ok(at) => self.collections[at] = collection,
            Err(at) => self.collections.insert(at, collection),
        }
    }

    /// Lets a collection go that is not to be part of what is restored.
    pub fn forget(&mut self, number: u32) {
        drop(self.remove(number));
    }

    /// Refuses a write that would not be sound, and parses what `apply` will need.
    pub fn check(&self, op: Op) -> Result<Checked> {
        let values = match &op {
            Op::Upsert { rows, .. } => parse_all(&rows.ids, &rows.metadata)?,
            Op::SetMetadata { ids, metadata, .. } => parse_all(ids, metadata)?,
            _ => Vec::new(),
        };
        self.check_stored(op).map(|checked| Checked { values, ..checked })
    }

    /// As [`State::check`], for a write that was checked before it was stored: metadata is not parsed again.
    pub fn check_stored(&self, op: Op) -> Result<Checked> {
        let mut derived = None;
        match &op {
            Op::Create { collection, name, config, stages } => {
                self.check_create(*collection, name, config, *stages)?
            }
            Op::Drop { collection } => drop(self.numbered(*collection)?),
            Op::Upsert { collection, rows } => check_rows(self.numbered(*collection)?, rows)?,
            Op::SetMetadata { collection, ids, metadata } => {
                check_length("metadata", ids.len(), metadata.len())?;
                check_present(self.numbered(*collection)?, ids)?;
            }
            Op::Delete { collection, ids } => check_present(self.numbered(*collection)?, ids)?,
            Op::Configure { collection, config } => {
                derived = check_configure(self.numbered(*collection)?, config)?;
            }
            Op::Switch { staged } => {
                let stages = self.numbered(*staged)?.stages;
                let target = stages.ok_or_else(|| Error::invalid("this collection stages no other"))?;
                self.numbered(target)?;
            }
        }
        Ok(Checked { op, values: Vec::new(), derived, room: Room::default() })
    }

    /// Makes room in memory for a checked write, so that applying it cannot run out of it half-way. Several upserts
    /// that are applied one after another each get theirs behind those before; work on graphs between this and that
    /// would take it from them.
    pub fn reserve(&mut self, checked: &mut Checked) -> Result<()> {
        match &checked.op {
            Op::Upsert { collection, rows } => {
                if let Some(collection) = self.get_mut(*collection) {
                    checked.room = collection.reserve(rows)?;
                }
                Ok(())
            }
            Op::Configure { collection, config } => {
                self.get_mut(*collection).map_or(Ok(()), |collection| collection.reserve_configure(config))
            }
            _ => Ok(()),
        }
    }

    /// Says that writes that room was made for will not come.
    pub fn keep_promises(&mut self) {
        self.collections.iter_mut().for_each(Collection::keep_promises);
    }

    /// Carries out a checked write as number `seq`.
    pub fn apply(&mut self, checked: Checked, seq: u64) {
        self.seq = seq;
        let Checked { op, values, derived, room } = checked;
        drop(room);
        match op {
            Op::Create { collection, name, config, stages } => {
                self.next_collection = self.next_collection.max(collection.saturating_add(1));
                self.load(Collection::new(collection, name, config, stages));
            }
            Op::Drop { collection } => drop(self.remove(collection)),
            Op::Upsert { collection, rows } => {
                let Some(collection) = self.get_mut(collection) else { return };
                collection.keep_promises();
                let dimension = collection.config().dimension;
                let vectors = rows.vectors.chunks_exact(dimension);
                for (at, ((id, vector), metadata)) in
                    rows.ids.iter().zip(vectors).zip(&rows.metadata).enumerate()
                {
                    collection.upsert(id, vector, metadata, values.get(at), seq);
                }
            }
            Op::SetMetadata { collection, ids, metadata } => {
                let Some(collection) = self.get_mut(collection) else { return };
                for (at, (id, metadata)) in ids.iter().zip(&metadata).enumerate() {
                    collection.set_metadata(id, metadata, values.get(at), seq);
                }
            }
            Op::Delete { collection, ids } => {
                let Some(collection) = self.get_mut(collection) else { return };
                ids.iter().for_each(|id| collection.delete(id));
            }
            Op::Configure { collection, config } => {
                if let Some(collection) = self.get_mut(collection) {
                    collection.configure(config, derived);
                }
            }
            Op::Switch { staged } => self.switch(staged),
        }
    }

    /// The staged collection keeps its number, so that blocks and frames that name it stay right.
    fn switch(&mut self, staged: u32) {
        let Some(target) = self.get(staged).and_then(|staged| staged.stages) else { return };
        let Some(old) = self.remove(target) else { return };
        if let Some(staged) = self.get_mut(staged) {
            staged.stages = None;
            staged.name = old.name;
        }
    }

    fn place(&self, number: u32) -> std::result::Result<usize, usize> {
        self.collections.binary_search_by_key(&number, |collection| collection.number)
    }

    fn get_mut(&mut self, number: u32) -> Option<&mut Collection> {
        let at = self.place(number).ok()?;
        self.collections.get_mut(at)
    }

    fn remove(&mut self, number: u32) -> Option<Collection> {
        self.place(number).ok().map(|at| self.collections.remove(at))
    }

    fn numbered(&self, number: u32) -> Result<&Collection> {
        self.get(number).ok_or_else(|| {
            Error::invalid("this collection was dropped or rebuilt meanwhile: ask for it again")
        })
    }

    fn check_create(&self, number: u32, name: &str, config: &Config, stages: Option<u32>) -> Result<()> {
        check_name(name)?;
        config.validate()?;
        if number < self.next_collection {
            return Err(
                Error::invalid("the number of a collection is taken").with(self.next_collection, number)
            );
        }
        if self.collections.len() >= COLLECTIONS_MAX {
            return Err(
                Error::invalid("there are too many collections").with(COLLECTIONS_MAX, COLLECTIONS_MAX + 1)
            );
        }
        match stages {
            Some(target) => drop(self.numbered(target)?),
            None if self.find(name).is_some() => {
                return Err(Error::invalid(format!("there is a collection '{name}' already")));
            }
            None => {}
        }
        Ok(())
    }
}

/// Refuses a name of a collection or database that is empty, long, or has control characters.
pub fn check_name(name: &str) -> Result<()> {
    if name.is_empty() || name.len() > NAME_BYTES_MAX || name.chars().any(char::is_control) {
        return Err(Error::invalid("a name has to be short text without control characters").with(
            format!("1 to {NAME_BYTES_MAX} bytes"),
            format!("{} ({} bytes)", quoted(&format!("{name:.40}")), name.len()),
        ));
    }
    Ok(())
}

fn parse_all(ids: &[String], metadata: &[String]) -> Result<Vec<Value>> {
    let named = |id: &String, cause: Error| cause.about(format_args!("row '{id:.80}'"));
    ids.iter()
        .zip(metadata)
        .map(|(id, text)| parse_metadata(text).map_err(|cause| named(id, cause)))
        .collect()
}

fn check_length(what: &str, expected: usize, got: usize) -> Result<()> {
    if expected == got {
        return Ok(());
    }
    Err(Error::invalid(format!("ids and {what} differ in number")).with(format!("{expected} {what}"), got))
}

fn check_present(collection: &Collection, ids: &[String]) -> Result<()> {
    match ids.iter().find(|id| collection.slot(id).is_none()) {
        None => Ok(()),
        Some(id) => Err(Error::invalid(format!("there is no row '{id:.80}' in '{}'", collection.name))),
    }
}

fn check_rows(collection: &Collection, rows: &Rows) -> Result<()> {
    let dimension = collection.config().dimension;
    let count = rows.ids.len();
    if count > BATCH_ROWS_MAX {
        return Err(Error::invalid("too many rows in one call: split it").with(BATCH_ROWS_MAX, count));
    }
    check_length("metadata", count, rows.metadata.len())?;
    if rows.vectors.len() != count * dimension {
        return Err(Error::invalid(format!("the vectors do not fit collection '{}'", collection.name)).with(
            format!("{count} rows x {dimension} numbers = {}", count * dimension),
            format!("{} numbers", rows.vectors.len()),
        ));
    }
    for (id, vector) in rows.ids.iter().zip(rows.vectors.chunks_exact(dimension)) {
        if id.is_empty() || id.len() > ID_BYTES_MAX {
            return Err(Error::invalid("an id has a length out of bounds")
                .with(format!("1 to {ID_BYTES_MAX} bytes"), format!("{} bytes", id.len())));
        }
        collection
            .config()
            .metric
            .validate(vector)
            .map_err(|cause| cause.about(format_args!("row '{id:.80}'")))?;
    }
    if collection.len() + count > ROWS_MAX {
        return Err(Error::invalid(format!("collection '{}' would grow too large", collection.name))
            .with(format!("at most {ROWS_MAX} rows"), collection.len() + count));
    }
    Ok(())
}

/// Gives what follows from the vectors under another metric or quantization, if it is another.
fn check_configure(collection: &Collection, config: &Config) -> Result<Option<(Flat, Codes)>> {
    config.validate()?;
    let now = collection.config();
    if config.dimension != now.dimension || config.model != now.model {
        return Err(Error::invalid(
            "another model or dimension needs new vectors: give rebuild() an embed function",
        ));
    }
    if (config.metric, config.quantization) == (now.metric, now.quantization) {
        return Ok(None);
    }
    collection.under(config).map(Some)
}
