//! The vectors of a collection: in memory, or in storage where only codes are kept in memory.

use super::choices::Memory;
use super::config::Config;
use super::filtered::ROOM_OF_INDEX;
use super::group::GroupRows;
use super::op::Rows;
use super::rows::Collection;
use crate::error::{Error, Result};
use crate::limits::GROUP_ROWS;
use crate::room::{Room, out_of_memory};
use crate::vectors::{Place, ReadStored, Vectors};
use std::borrow::Cow;
use std::rc::Rc;

/// Bytes that a row takes in pieces of its own: two texts, what leads to them, and its bits in the sets of slots.
const ROOM_OF_ROW: usize = 160;
/// Sets of slots grow by pieces of 8 KB, whoever makes them grow.
const ROOM_OF_GROUP: usize = 64 * 1024;

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

    /// Makes room for these rows behind those that it was made for before and that have not come yet, so that putting
    /// them in cannot run out of memory. What is gotten piece by piece is gotten as one that is given back just before.
    pub(super) fn reserve(&mut self, rows: &Rows) -> Result<Room> {
        let ids = &rows.ids;
        // Each row takes another slot at most, where there is a graph, and a free one as long as there are any.
        let (moving, free) = (self.graph.is_some(), self.free.len() as usize);
        let (mut fresh, mut changes) = (ids.len(), 0);
        let is_stored = |slot: u32| self.vectors.place(slot as usize / GROUP_ROWS).is_some();
        if self.vectors.has_stored() {
            // Counted exactly, as memory is what such a collection is to save.
            for slot in ids.iter().filter_map(|id| self.slot(id)) {
                fresh -= usize::from(!moving);
                changes += usize::from(is_stored(slot));
            }
            // New rows take the lowest free slots first, and those that are to come before them the first of these.
            // Not by `skip`, which is a kilobyte of wasm for bitmaps.
            let promised = self.promised..self.promised + fresh;
            let free = self.free.iter().enumerate().take_while(|(at, _)| *at < promised.end);
            changes += free.filter(|(at, slot)| promised.contains(at) && is_stored(*slot)).count();
        }
        let before = self.promised.saturating_sub(free);
        let further = (self.promised + fresh).saturating_sub(free);
        self.reserve_derived(self.rows.len() + further)?;
        self.vectors.reserve(further)?;
        self.rows.try_reserve(further).map_err(out_of_memory)?;
        self.vectors.reserve_changes(self.promised_changes + changes)?;
        let room = Room::of(self.room_for(rows, further - before))?;
        self.promised += fresh;
        self.promised_changes += changes;
        Ok(room)
    }

    /// Bytes that rows take beside what is reserved for them, about: texts, and their places in the lists and maps.
    fn room_for(&self, rows: &Rows, further: usize) -> usize {
        let count = rows.ids.len();
        let (ids, metadata) = rows.text_bytes();
        let indexed = if self.has_secondary() { ROOM_OF_INDEX.0 + ROOM_OF_INDEX.1 * metadata } else { 0 };
        // Where nothing waits before it, it is the first of its group, and has the room that all of them share.
        let shared = if self.promised == 0 { ROOM_OF_GROUP } else { 0 };
        shared + count * ROOM_OF_ROW + ids + metadata + indexed + self.slots.room_for(count) + further / 4
    }

    /// Says that what room was promised to has come, or will not.
    pub(super) fn keep_promises(&mut self) {
        (self.promised, self.promised_changes) = (0, 0);
    }

    /// Brings every vector into memory, if that is where they are to be from now on.
    pub(super) fn reserve_configure(&mut self, config: &Config) -> Result<()> {
        match config.memory {
            Memory::Full => self.vectors.make_resident(),
            Memory::Codes => Ok(()),
        }
    }
}
