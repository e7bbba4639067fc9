//! One collection: rows by slot, slots by id, and what is derived from them.

use super::config::Config;
use super::derived::empty_codes;
use super::group::{Dirty, GroupRows};
use crate::error::{Error, Result};
use crate::index::codes::{Codes, Query as AskedCodes};
use crate::index::{Flat, LiveGraph};
use crate::limits::GROUP_ROWS;
use crate::metadata::{SecondaryIndex, Value, parse_metadata};
use crate::room::{ask, out_of_memory};
use crate::sorted::SortedMap;
use crate::vectors::Vectors;
use roaring::RoaringBitmap;
use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

/// Bytes by which the sets of slots grow at once.
const ROOM_OF_SETS: usize = 16 * 1024;

/// What is kept of a row beside its vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its id.
    pub id: Rc<str>,
    /// Sequence number of its last write.
    pub seq: u64,
    /// A JSON object.
    pub metadata: Box<str>,
}

/// Rows of one dimension, metric, index kind and model tag.
pub struct Collection {
    /// Its number, never reused.
    pub number: u32,
    /// Its name.
    pub name: String,
    /// The collection that it is being built to replace.
    pub stages: Option<u32>,
    pub(super) config: Config,
    // Ordered, so that `list` pages in the order of ids whatever is written meanwhile.
    pub(super) slots: SortedMap<Rc<str>, u32>,
    pub(super) rows: Vec<Option<Row>>,
    pub(super) vectors: Vectors,
    pub(super) flat: Flat,
    pub(super) live: RoaringBitmap,
    pub(super) free: RoaringBitmap,
    /// What is compared first, where vectors are quantized.
    pub(super) codes: Codes,
    /// Where the configuration asks for one, or `auto` finds that it pays.
    pub(super) graph: Option<LiveGraph>,
    /// Kept between queries, so that a scan allocates less.
    pub(super) asked: RefCell<Vec<AskedCodes>>,
    dirty: Vec<Dirty>,
    /// Slots, and rows in storage, that room was reserved for and that writes to come will fill.
    pub(super) promised: usize,
    pub(super) promised_changes: usize,
    /// Built when the first filter asks, so that opening does not decode every row's metadata.
    pub(super) secondary: OnceCell<SecondaryIndex>,
}

impl Collection {
    /// An empty collection.
    pub fn new(number: u32, name: String, config: Config, stages: Option<u32>) -> Collection {
        Collection {
            number,
            name,
            stages,
            slots: SortedMap::new(),
            rows: Vec::new(),
            vectors: Vectors::new(config.dimension),
            flat: Flat::new(config.metric),
            live: RoaringBitmap::new(),
            free: RoaringBitmap::new(),
            codes: empty_codes(&config),
            graph: None,
            asked: RefCell::default(),
            dirty: Vec::new(),
            promised: 0,
            promised_changes: 0,
            secondary: OnceCell::new(),
            config,
        }
    }

    /// Its configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Rows.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Slots in use or free.
    pub fn slot_count(&self) -> usize {
        self.rows.len()
    }

    /// The slot of the row with this id.
    pub fn slot(&self, id: &str) -> Option<u32> {
        self.slots.get(id).copied()
    }

    /// The row in a slot.
    pub fn row(&self, slot: u32) -> Option<&Row> {
        self.rows.get(slot as usize)?.as_ref()
    }

    /// Ids in order.
    pub fn ids(&self) -> impl Iterator<Item = (&Rc<str>, u32)> {
        self.slots.iter().map(|(id, slot)| (id, *slot))
    }

    /// Slots in the order of ids, from `start`.
    pub fn ids_after(&self, start: std::ops::Bound<&str>) -> impl Iterator<Item = u32> {
        self.slots.from(start).map(|(_, slot)| *slot)
    }

    /// The metadata of a row, decoded. Stored metadata was checked before it was written; text that does not
    /// decode all the same (two bit flips that leave a checksum standing) has no fields.
    pub(super) fn value(&self, slot: u32) -> Option<Value> {
        parse_metadata(&self.row(slot)?.metadata).ok()
    }

    pub(super) fn upsert(
        &mut self,
        id: &str,
        vector: &[f32],
        metadata: &str,
        value: Option<&Value>,
        seq: u64,
    ) {
        let known = self.slot(id);
        let same = known.is_some_and(|slot| self.holds(slot, vector));
        let slot = match known {
            Some(slot) if same || self.can_overwrite(slot) => {
                self.forget_metadata(slot);
                slot
            }
            Some(slot) => {
                self.vacate(slot);
                self.next_slot()
            }
            None => self.next_slot(),
        };
        let id: Rc<str> = match self.row(slot) {
            Some(row) => row.id.clone(),
            None => id.into(),
        };
        self.slots.insert(id.clone(), slot);
        self.put(slot, Row { id, seq, metadata: metadata.into() });
        if !same {
            // Room was reserved before the write was appended, and the slot is in use or the next one.
            let placed = self.vectors.set(slot, vector);
            debug_assert!(placed.is_ok());
            self.derive(slot, vector);
        }
        self.index_metadata(slot, value);
        self.touch(slot, if same { Dirty { rows: true, ..Dirty::default() } } else { Dirty::ALL });
    }

    /// A slot for a new row: the lowest one that is free, so that few row groups change.
    fn next_slot(&mut self) -> u32 {
        match self.free.min() {
            Some(slot) => {
                self.free.remove(slot);
                slot
            }
            None => self.rows.len() as u32,
        }
    }

    pub(super) fn set_metadata(&mut self, id: &str, metadata: &str, value: Option<&Value>, seq: u64) {
        let Some(slot) = self.slot(id) else { return };
        self.forget_metadata(slot);
        if let Some(Some(row)) = self.rows.get_mut(slot as usize) {
            row.metadata = metadata.into();
            row.seq = seq;
        }
        self.index_metadata(slot, value);
        self.touch(slot, Dirty { rows: true, ..Dirty::default() });
    }

    pub(super) fn delete(&mut self, id: &str) {
        if let Some(slot) = self.slots.remove(id) {
            self.vacate(slot);
        }
    }

    /// Takes the row out of a slot.
    fn vacate(&mut self, slot: u32) {
        self.forget_metadata(slot);
        if let Some(row) = self.rows.get_mut(slot as usize) {
            *row = None;
        }
        self.live.remove(slot);
        self.underive(slot);
        // The vector stays in its block until the slot is used again: nothing reads it.
        self.touch(slot, Dirty { rows: true, ..Dirty::default() });
    }

    fn put(&mut self, slot: u32, row: Row) {
        let at = slot as usize;
        if self.rows.len() <= at {
            self.rows.resize_with(at + 1, || None);
        }
        if let Some(place) = self.rows.get_mut(at) {
            *place = Some(row);
        }
        self.live.insert(slot);
    }

    fn forget_metadata(&mut self, slot: u32) {
        if self.secondary.get().is_none() {
            return;
        }
        if let Some(value) = self.value(slot)
            && let Some(index) = self.secondary.get_mut()
        {
            index.remove(slot, &value);
        }
    }

    fn index_metadata(&mut self, slot: u32, value: Option<&Value>) {
        if self.secondary.get().is_none() {
            return;
        }
        let parsed = if value.is_none() { self.value(slot) } else { None };
        if let Some(value) = value.or(parsed.as_ref())
            && let Some(index) = self.secondary.get_mut()
        {
            index.insert(slot, value);
        }
    }

    fn touch(&mut self, slot: u32, what: Dirty) {
        let group = slot as usize / GROUP_ROWS;
        if self.dirty.len() <= group {
            self.dirty.resize(group + 1, Dirty::ALL);
        }
        if let Some(dirty) = self.dirty.get_mut(group) {
            dirty.vectors |= what.vectors;
            dirty.rows |= what.rows;
            dirty.codes |= what.codes;
        }
    }
}

/// Row groups: the unit of checkpointing.
impl Collection {
    /// Row groups.
    pub fn group_count(&self) -> usize {
        self.rows.len().div_ceil(GROUP_ROWS)
    }

    /// Slots of a row group.
    pub fn group_slots(&self, group: usize) -> std::ops::Range<u32> {
        let end = self.rows.len().min((group + 1) * GROUP_ROWS);
        (group * GROUP_ROWS) as u32..end as u32
    }

    /// Which blocks of a row group differ from the last snapshot.
    pub fn dirty(&self, group: usize) -> Dirty {
        self.dirty.get(group).copied().unwrap_or(Dirty::ALL)
    }

    /// Says that everything stands in a snapshot.
    pub fn clean(&mut self) {
        self.dirty = vec![Dirty::default(); self.group_count()];
    }

    /// Says that the codes that stand in a snapshot are not those of the rows.
    pub fn touch_codes(&mut self) {
        self.dirty.resize(self.group_count(), Dirty::ALL);
        self.dirty.iter_mut().for_each(|dirty| dirty.codes = true);
    }

    /// The rows of a group, by column.
    pub fn group_rows(&self, group: usize) -> GroupRows<'_> {
        let mut columns = GroupRows::default();
        for row in self.rows.iter().skip(group * GROUP_ROWS).take(GROUP_ROWS) {
            columns.seqs.push(row.as_ref().map_or(0, |row| row.seq));
            columns.ids.push(row.as_ref().map_or("", |row| &row.id));
            columns.metadata.push(row.as_ref().map_or("", |row| &row.metadata));
        }
        columns
    }

    /// Adds the next row group of a stored snapshot. `Corrupt` when rows and vectors contradict each other or
    /// the configuration; ids are compared across groups by [`Collection::finish_loading`].
    pub fn load_group(&mut self, columns: &GroupRows<'_>, vectors: &[u8]) -> Result<()> {
        let first = self.rows.len();
        if vectors.len() != columns.seqs.len() * self.config.dimension * size_of::<f32>() {
            return Err(Error::corrupt(format!(
                "row group {} of collection '{}': rows and vectors differ in number",
                first / GROUP_ROWS,
                self.name
            )));
        }
        self.vectors.load_group(vectors)?;
        self.codes.reserve(first + columns.seqs.len())?;
        self.flat.reserve(first + columns.seqs.len())?;
        for (slot, (&seq, &id)) in (first as u32..).zip(columns.seqs.iter().zip(&columns.ids)) {
            let vector = self.vectors.row(slot).unwrap_or_default();
            // A slot without a row may still have a node of the graph, through which searches pass: it needs its
            // codes. Numbers there that do not fit the metric belong to no node.
            let inverse = match self.config.metric.admit(vector) {
                Err(_) if seq == 0 => continue,
                admitted => admitted.map_err(|cause| {
                    Error::corrupt(format!("the stored vector of row '{id:.80}': {}", cause.message))
                })?,
            };
            self.flat.insert_admitted(slot, inverse);
            self.codes.set(slot, vector, inverse);
        }
        self.load_rows(columns)
    }

    pub(super) fn load_rows(&mut self, columns: &GroupRows<'_>) -> Result<()> {
        let first = self.rows.len();
        self.rows.try_reserve(columns.seqs.len()).map_err(out_of_memory)?;
        // After all that is large: the many small pieces, and the sets of slots, which grow by up to 16 KB.
        let texts: usize = columns.ids.iter().chain(&columns.metadata).map(|text| text.len()).sum();
        ask(2 * texts + 96 * columns.seqs.len() + if first > 0 { ROOM_OF_SETS } else { 0 })?;
        // Of the slots with rows, as bits from the last multiple of 8 on: a range is a kilobyte of wasm.
        let base = first - first % 8;
        let mut live = vec![0u8; (columns.seqs.len() + first % 8).div_ceil(8)];
        for ((&seq, &id), &metadata) in columns.seqs.iter().zip(&columns.ids).zip(&columns.metadata) {
            let slot = self.rows.len();
            if seq == 0 {
                self.rows.push(None);
                self.free.insert(slot as u32);
                continue;
            }
            if id.is_empty() {
                return Err(Error::corrupt("a stored row has no id"));
            }
            self.rows.push(Some(Row { id: id.into(), seq, metadata: metadata.into() }));
            if let Some(byte) = live.get_mut((slot - base) / 8) {
                *byte |= 1 << (slot % 8);
            }
        }
        self.live |= &RoaringBitmap::from_lsb0_bytes(base as u32, &live);
        Ok(())
    }

    /// Ends loading: builds the table of ids. `Corrupt` when two rows share an id.
    pub fn finish_loading(&mut self) -> Result<()> {
        ask(2 * self.rows.len() * size_of::<(Rc<str>, u32)>())?;
        let rows = self.rows.iter().enumerate().filter_map(|(slot, row)| Some((row.as_ref()?, slot as u32)));
        self.slots = rows.map(|(row, slot)| (row.id.clone(), slot)).collect();
        if self.slots.len() as u64 != self.live.len() {
            return Err(Error::corrupt(format!("two stored rows of collection '{}' share an id", self.name))
                .with(format!("{} ids", self.live.len()), self.slots.len()));
        }
        self.clean();
        Ok(())
    }
}
