//! Rows by their metadata: the secondary index, built when the first filter asks, and what it answers.

use super::rows::Collection;
use crate::error::Result;
use crate::limits::METADATA_BYTES_MAX;
use crate::metadata::{Filter, SecondaryIndex};
use crate::room::ask;
use roaring::RoaringBitmap;
use std::cell::OnceCell;

/// In the secondary index: whatever comes, and for each byte of metadata.
pub(super) const ROOM_OF_INDEX: (usize, usize) = (64 * 1024, 16);
/// Of the sets that answer a filter: whatever comes, and for each slot. Slots are gathered in a list that grows by copying,
/// and some sets stand beside one another on each level.
const ROOM_OF_SETS: (usize, usize) = (128 * 1024, 32);

impl Collection {
    /// Exactly the slots whose rows match; `None` without a filter. `Quota` where there is no memory to find out: sets and
    /// index are made of what ends the program then, so it is asked for before.
    pub fn matching(&self, filter: Option<&Filter>) -> Result<Option<RoaringBitmap>> {
        let Some(filter) = filter else { return Ok(None) };
        if !self.has_secondary() {
            let _ = self.secondary.set(self.built_secondary(true)?);
        }
        ask(ROOM_OF_SETS.0 + ROOM_OF_SETS.1 * self.slot_count())?;
        Ok(Some(self.evaluate(filter)))
    }

    /// Of an index that was built before.
    fn evaluate(&self, filter: &Filter) -> RoaringBitmap {
        let index = self.secondary.get();
        index.map_or_else(RoaringBitmap::new, |index| {
            index.evaluate(filter, &self.live, &|slot| self.value(slot))
        })
    }

    /// How many rows match; without a filter, how many there are. Asks for no memory before: [`Collection::matching`] does.
    pub fn count(&self, filter: Option<&Filter>) -> u64 {
        let Some(filter) = filter else { return self.len() as u64 };
        self.secondary.get_or_init(|| self.fresh_secondary());
        self.evaluate(filter).len()
    }

    fn fresh_secondary(&self) -> SecondaryIndex {
        // Nothing refuses where nothing is asked.
        self.built_secondary(false).unwrap_or_default()
    }

    /// Whether the secondary index is what a fresh one over the rows would be. True where there is none yet.
    pub fn secondary_agrees(&self) -> bool {
        self.secondary.get().is_none_or(|index| index.agrees_with(&self.fresh_secondary()))
    }

    pub(super) fn has_secondary(&self) -> bool {
        self.secondary.get().is_some()
    }

    /// Drops the secondary index: the next filter builds it.
    pub fn forget_secondary(&mut self) {
        self.secondary = OnceCell::new();
    }

    /// Asks, if it does, for what the largest metadata of a row may become, each time that so much has come.
    fn built_secondary(&self, asks: bool) -> Result<SecondaryIndex> {
        let mut index = SecondaryIndex::new();
        let mut left = 0;
        for slot in &self.live {
            let bytes = self.row(slot).map_or(0, |row| row.metadata.len());
            if asks && left < bytes {
                left = METADATA_BYTES_MAX;
                ask(ROOM_OF_INDEX.0 + ROOM_OF_INDEX.1 * METADATA_BYTES_MAX)?;
            }
            left = left.saturating_sub(bytes);
            if let Some(value) = self.value(slot) {
                index.insert(slot, &value);
            }
        }
        Ok(index)
    }
}
