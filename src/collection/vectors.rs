//! The vectors of a collection: in memory, or in storage where only codes are kept in memory.

use super::choices::Memory;
use super::config::Config;
use super::group::GroupRows;
use super::rows::Collection;
use crate::error::{Error, Result};
use crate::limits::GROUP_ROWS;
use crate::vectors::{Place, ReadStored, Vectors};
use std::borrow::Cow;
use std::rc::Rc;

impl Collection {
    /// The vector in a slot, read from storage if it is there. `Invalid` past the end.
    pub fn vector(&self, slot: u32) -> Result<Cow<'_, [f32]>> {
        if let Some(row) = self.vectors.row(slot) {
            return Ok(Cow::Borrowed(row));
        }
        let mut row = vec![0.0; self.config.dimension];
        self.vectors.read_row(slot, &mut row)?;
        Ok(Cow::Owned(row))
    }

    /// Whether only codes are to be kept in memory, where storage can be read without waiting.
    pub fn leaves_vectors(&self) -> bool {
        self.config.memory == Memory::Codes
    }

    /// All vectors.
    pub fn vectors(&self) -> &Vectors {
        &self.vectors
    }

    /// Whether the vectors in two slots have the same bits. Two that stand at the same place in storage do, and are
    /// not read for it.
    pub fn same_vector(&self, slot: u32, other: &Collection, other_slot: u32) -> Result<bool> {
        let place = |one: &Collection, slot: u32| {
            one.vectors.place(slot as usize / GROUP_ROWS).filter(|_| !one.vectors.is_changed(slot))
        };
        let here = place(self, slot);
        if slot == other_slot && here.is_some() && here == place(other, other_slot) {
            return Ok(true);
        }
        let (a, b) = (self.vector(slot)?, other.vector(other_slot)?);
        Ok(a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| a.to_bits() == b.to_bits()))
    }

    /// Whether the row in a slot is known to have this vector, bit for bit. One in storage is read for it where it has a
    /// node in the graph: to put in another and sweep the old one takes a hundred times as long.
    pub(super) fn holds(&self, slot: u32, vector: &[f32]) -> bool {
        let bits = bytemuck::cast_slice::<f32, u32>;
        match self.vectors.row(slot) {
            Some(row) => bits(row) == bits(vector),
            None => {
                !self.can_overwrite(slot) && self.vector(slot).is_ok_and(|row| bits(&row) == bits(vector))
            }
        }
    }

    /// Leaves the full row groups in storage, where `places` says that each group stands just as it is here.
    pub fn leave_vectors(&mut self, reader: &Rc<dyn ReadStored>, places: impl Iterator<Item = Place>) {
        self.vectors.attach(reader.clone());
        self.vectors.leave(places);
    }

    /// Leaves the row group that was loaded last where it was read from, if it is full.
    pub fn leave_last_group(&mut self, reader: &Rc<dyn ReadStored>, place: Place) {
        self.vectors.attach(reader.clone());
        self.vectors.leave_last(place);
    }

    /// Whether a snapshot has a codes block for each row group: so that opening need not read vectors that stay in
    /// storage.
    pub fn has_codes(&self) -> bool {
        self.leaves_vectors()
    }

    /// The codes block of a row group: what a scan of floats keeps of each row, then the codes.
    pub fn group_codes(&self, group: usize) -> Vec<u8> {
        let first = group * GROUP_ROWS;
        let rows = self.slot_count().saturating_sub(first).min(GROUP_ROWS);
        let mut bytes: Vec<u8> = bytemuck::cast_slice(&self.flat.kept(first, rows)).to_vec();
        bytes.extend_from_slice(self.codes.group_bytes(group, rows));
        bytes
    }

    /// Adds the next row group of a stored snapshot, a full one, without reading its vectors. `Corrupt` when rows
    /// and codes contradict each other or the configuration.
    pub fn load_group_without_vectors(
        &mut self,
        columns: &GroupRows<'_>,
        codes: &[u8],
        reader: &Rc<dyn ReadStored>,
        place: Place,
    ) -> Result<()> {
        if columns.seqs.len() != GROUP_ROWS {
            return Err(Error::corrupt("a row group before the last is not full"));
        }
        let first = self.slot_count();
        let codes = self.flat.take_back(first, GROUP_ROWS, codes)?;
        self.codes.load(first as u32, GROUP_ROWS, codes)?;
        self.vectors.attach(reader.clone());
        self.vectors.add_stored(place)?;
        self.load_rows(columns)
    }

    /// Makes room for rows of these ids, so that applying a write cannot run out of memory for vectors.
    pub(super) fn reserve(&mut self, ids: &[String]) -> Result<()> {
        // Each row takes another slot at most, where there is a graph, and a free one as long as there are any.
        let (moving, free) = (self.graph.is_some(), self.free.len() as usize);
        self.reserve_derived(self.rows.len() + ids.len().saturating_sub(free))?;
        if !self.vectors.has_stored() {
            return self.vectors.reserve(ids.len().saturating_sub(free));
        }
        // Counted exactly, as memory is what such a collection is to save.
        let is_stored = |slot: u32| self.vectors.place(slot as usize / GROUP_ROWS).is_some();
        let (mut fresh, mut changes) = (ids.len(), 0);
        for slot in ids.iter().filter_map(|id| self.slot(id)) {
            fresh -= usize::from(!moving);
            changes += usize::from(is_stored(slot));
        }
        // New rows take the lowest free slots first.
        let filled = self.free.iter().take(fresh);
        changes += filled.filter(|slot| is_stored(*slot)).count();
        self.vectors.reserve(fresh.saturating_sub(free))?;
        self.vectors.reserve_changes(changes)
    }

    /// Brings every vector into memory, if that is where they are to be from now on.
    pub(super) fn reserve_configure(&mut self, config: &Config) -> Result<()> {
        match config.memory {
            Memory::Full => self.vectors.make_resident(),
            Memory::Codes => Ok(()),
        }
    }
}
