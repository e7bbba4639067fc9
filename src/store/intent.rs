//! What a write is to do, before its turn has come. Made without the database, so that one function commits them all.

use crate::collection::{Collection, Config, Op, Rows, State};
use crate::error::{Error, Result};
use crate::metadata::{Filter, merge};
use crate::sorted::SortedMap;
use roaring::RoaringBitmap;

/// Which rows a write is about.
#[derive(Clone, Debug)]
pub enum Target {
    /// Rows by id; those that are not there are left out.
    Ids(Vec<String>),
    /// Rows that match.
    Filter(Filter),
}

impl Target {
    /// The rows that are there, each once.
    pub(super) fn slots(&self, collection: &Collection) -> Result<RoaringBitmap> {
        Ok(match self {
            Target::Ids(ids) => {
                let mut slots = RoaringBitmap::new();
                for slot in ids.iter().filter_map(|id| collection.slot(id)) {
                    slots.insert(slot);
                }
                slots
            }
            Target::Filter(filter) => collection.matching(Some(filter))?.unwrap_or_default(),
        })
    }
}

/// Makes a configuration out of the stored one, if there is one: what a caller leaves out is as stored.
pub type Asked = Box<dyn FnOnce(Option<&Config>) -> Result<Config>>;

/// Makes a write out of what is stored when its turn has come: the write and how many rows it touches, or
/// `None` when there is nothing to do.
type Resolve = Box<dyn FnOnce(&State) -> Result<Option<(Op, u64)>>>;

/// A write that waits for its turn.
pub enum Intent {
    /// Depends on nothing but the collection: any number of them can be appended together.
    Upsert(String, Rows),
    /// Depends on what is stored: appended alone.
    Resolve(Resolve),
}

impl Intent {
    /// Depends on what is stored.
    pub(super) fn resolve(resolve: impl FnOnce(&State) -> Result<Option<(Op, u64)>> + 'static) -> Intent {
        Intent::Resolve(Box::new(resolve))
    }

    /// Removes a collection and its rows.
    pub fn drop_collection(name: String) -> Intent {
        Intent::resolve(move |state| {
            let stored = state.named(&name)?;
            Ok(Some((Op::Drop { collection: stored.number }, stored.len() as u64)))
        })
    }

    /// Adds or replaces rows, all or none.
    pub fn upsert(name: String, rows: Rows) -> Intent {
        Intent::Upsert(name, rows)
    }

    /// Changes metadata, all rows or none. `metadata` is one JSON object for all, or one for each id;
    /// `replace` puts it in place of the old one, otherwise its top-level keys replace those of the old.
    pub fn update(name: String, target: Target, metadata: Vec<String>, replace: bool) -> Intent {
        Intent::resolve(move |state| {
            let collection = state.named(&name)?;
            let slots = target.slots(collection)?;
            let patches = patches(collection, &target, &metadata)?;
            let mut ids = Vec::new();
            let mut texts = Vec::new();
            for slot in &slots {
                let (Some(row), Some(patch)) = (collection.row(slot), patches(slot)) else { continue };
                texts.push(if replace { patch.clone() } else { merge(&row.metadata, patch)? });
                ids.push(row.id.to_string());
            }
            let count = ids.len() as u64;
            if count == 0 {
                return Ok(None);
            }
            Ok(Some((Op::SetMetadata { collection: collection.number, ids, metadata: texts }, count)))
        })
    }

    /// Deletes rows, all or none.
    pub fn delete(name: String, target: Target) -> Intent {
        Intent::resolve(move |state| {
            let collection = state.named(&name)?;
            let slots = target.slots(collection)?;
            let rows = slots.iter().filter_map(|slot| collection.row(slot));
            let ids: Vec<String> = rows.map(|row| row.id.to_string()).collect();
            let count = ids.len() as u64;
            Ok((count > 0).then_some((Op::Delete { collection: collection.number, ids }, count)))
        })
    }

    /// Makes a collection, or checks that the one of that name has this configuration. `Mismatch` says what differs.
    pub fn collection(name: String, config: Asked) -> Intent {
        Intent::resolve(move |state| {
            let stored = state.find(&name).map(Collection::config);
            let config = config(stored)?;
            match stored {
                Some(stored) => stored.check_opened_as(&name, &config).map(|()| None),
                None => {
                    let collection = state.next_collection;
                    Ok(Some((Op::Create { collection, name, config, stages: None }, 0)))
                }
            }
        })
    }

    /// Only waits until the writes before it are made, and refuses where there is no such collection.
    pub fn existing(name: String) -> Intent {
        Intent::resolve(move |state| state.named(&name).map(|_| None))
    }

    /// Changes everything but the model and the dimension in place.
    pub fn configure(name: String, config: Asked) -> Intent {
        Intent::resolve(move |state| {
            let stored = state.named(&name)?;
            let config = config(Some(stored.config()))?;
            let count = stored.len() as u64;
            let differs = *stored.config() != config;
            Ok(differs.then_some((Op::Configure { collection: stored.number, config }, count)))
        })
    }
}

/// Which patch a row gets: the only one, or of those for its id the last.
fn patches<'a>(
    collection: &Collection,
    target: &Target,
    metadata: &'a [String],
) -> Result<impl Fn(u32) -> Option<&'a String>> {
    let mut last: SortedMap<u64, u64> = SortedMap::new();
    match (target, metadata.len()) {
        (_, 1) => {}
        (Target::Ids(ids), count) if ids.len() == count => {
            for (at, id) in ids.iter().enumerate() {
                if let Some(slot) = collection.slot(id) {
                    last.insert(u64::from(slot), at as u64);
                }
            }
        }
        (Target::Ids(ids), count) => {
            return Err(Error::invalid("ids and metadata differ in number")
                .with(format!("1 or {} objects", ids.len()), count));
        }
        (Target::Filter(_), count) => {
            return Err(Error::invalid("an update by filter takes one object for all rows").with(1, count));
        }
    }
    Ok(move |slot: u32| metadata.get(last.get(u64::from(slot)).map_or(0, |at| *at as usize)))
}
