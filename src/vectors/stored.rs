//! Row groups that are left in storage.

use super::Vectors;
use crate::error::{Error, Kind, Result};
use crate::limits::GROUP_ROWS;
use crate::room::out_of_memory;
use std::rc::Rc;

/// Where the vectors of a row group lie: the payload of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Generation of the blocks file.
    pub generation: u64,
    /// Offset of the first byte in it.
    pub offset: u64,
}

/// Reads stored vectors without waiting.
pub trait ReadStored {
    /// Fills `out` from `place` on, or fails: a short read is an error. What is read is not verified; a checksum
    /// covers a whole block only.
    fn read_stored(&self, place: Place, out: &mut [u8]) -> Result<()>;

    /// Refuses a whole payload that is not what its checksum says: what comes into memory to stay gets a new one with the
    /// next snapshot.
    fn verify_stored(&self, place: Place, payload: &[u8]) -> Result<()>;
}

/// Row groups that are left in storage.
impl Vectors {
    /// Gives the arena the means to read stored row groups.
    pub fn attach(&mut self, reader: Rc<dyn ReadStored>) {
        self.reader = Some(reader);
    }

    /// Where row group `group` lies, when it is not in memory.
    #[inline]
    pub fn place(&self, group: usize) -> Option<Place> {
        self.stored.get(group).copied().flatten()
    }

    /// Whether some row group is not in memory.
    pub fn has_stored(&self) -> bool {
        self.stored.iter().any(Option::is_some)
    }

    /// Whether the row in `slot` was written after its row group was left in storage.
    pub fn is_changed(&self, slot: u32) -> bool {
        self.changed.row(slot, self.dimension).is_some()
    }

    /// Leaves every full row group where it now stands in storage, and frees its memory: `places` has one place
    /// for each row group. The last group stays in memory until it is full, as rows are added to it.
    ///
    /// What is stored there has to be what is in memory. Without a reader nothing is left in storage.
    pub fn leave(&mut self, places: impl Iterator<Item = Place>) {
        if self.reader.is_none() {
            return;
        }
        for (group, place) in places.take(self.len / GROUP_ROWS).enumerate() {
            self.leave_group(group, place);
        }
        // Every row that was changed stands in one of those blocks; and room that was reserved for more rows than
        // came goes as well.
        self.changed = Default::default();
        self.chunks.truncate(self.group_count());
    }

    /// Leaves the row group that was loaded last where it was read from.
    pub fn leave_last(&mut self, place: Place) {
        if self.reader.is_some() && self.len > 0 && self.len.is_multiple_of(GROUP_ROWS) {
            self.leave_group(self.len / GROUP_ROWS - 1, place);
        }
    }

    /// Adds the next row group without reading it: it is full, as is the one before, and there is a reader.
    pub fn add_stored(&mut self, place: Place) -> Result<()> {
        if self.reader.is_none() || !self.len.is_multiple_of(GROUP_ROWS) {
            return Err(Error::invalid(
                "A row group is left in storage when it is full and can be read there.",
            ));
        }
        self.check_len(self.len + GROUP_ROWS)?;
        let group = self.len / GROUP_ROWS;
        if group == self.chunks.len() {
            self.chunks.push(Vec::new());
        }
        self.leave_group(group, place);
        self.len += GROUP_ROWS;
        Ok(())
    }

    fn leave_group(&mut self, group: usize, place: Place) {
        if self.stored.len() <= group {
            self.stored.resize(group + 1, None);
        }
        if let (Some(stored), Some(chunk)) = (self.stored.get_mut(group), self.chunks.get_mut(group)) {
            *stored = Some(place);
            *chunk = Vec::new();
        }
    }

    /// Brings every row group into memory, verified. On an error those that were read so far are there.
    pub fn make_resident(&mut self) -> Result<()> {
        for group in 0..self.stored.len() {
            let Some(place) = self.place(group) else { continue };
            let mut rows = Vec::new();
            let numbers = GROUP_ROWS * self.dimension;
            rows.try_reserve_exact(numbers).map_err(out_of_memory)?;
            rows.resize(numbers, 0.0);
            self.read(place, &mut rows)?;
            let bytes = bytemuck::cast_slice_mut(&mut rows);
            self.reader.iter().try_for_each(|reader| reader.verify_stored(place, bytes))?;
            self.patch_group(group, bytes);
            if let (Some(stored), Some(chunk)) = (self.stored.get_mut(group), self.chunks.get_mut(group)) {
                *chunk = rows;
                *stored = None;
            }
        }
        self.changed = Default::default();
        Ok(())
    }

    /// Copies the vector of `slot` to `out`, wherever it is. `Invalid` past the end.
    pub fn read_row(&self, slot: u32, out: &mut [f32]) -> Result<()> {
        if let Some(row) = self.row(slot).filter(|row| row.len() == out.len()) {
            out.copy_from_slice(row);
            return Ok(());
        }
        let group = slot as usize / GROUP_ROWS;
        let place = self.place(group).filter(|_| (slot as usize) < self.len && out.len() == self.dimension);
        let Some(place) = place else {
            return Err(Error::invalid("There is no such vector, or not room for one.")
                .with(format!("a slot below {}", self.len), slot));
        };
        let skipped = slot as usize % GROUP_ROWS * self.dimension * size_of::<f32>();
        self.read(Place { offset: place.offset + skipped as u64, ..place }, out)
    }

    /// All rows of row group `group`: the slice in memory, or read into `scratch`. Empty past the end.
    pub fn group_in<'a>(&'a self, group: usize, scratch: &'a mut Vec<f32>) -> Result<&'a [f32]> {
        let Some(place) = self.place(group) else { return Ok(self.group(group)) };
        scratch.resize(GROUP_ROWS * self.dimension, 0.0);
        self.read(place, scratch)?;
        let first = (group * GROUP_ROWS) as u32;
        self.patch(first, bytemuck::cast_slice_mut(scratch));
        Ok(scratch)
    }

    /// Puts the rows of row group `group` that were changed into `bytes`, which hold the group as it is stored.
    pub fn patch_group(&self, group: usize, bytes: &mut [u8]) {
        self.patch((group * GROUP_ROWS) as u32, bytes);
    }

    fn patch(&self, first: u32, bytes: &mut [u8]) {
        let row_bytes = self.dimension * size_of::<f32>();
        for (slot, row) in self.changed.within(first..first + GROUP_ROWS as u32, self.dimension) {
            let start = (slot - first) as usize * row_bytes;
            if let Some(place) = bytes.get_mut(start..start + row_bytes) {
                place.copy_from_slice(bytemuck::cast_slice(row));
            }
        }
    }

    fn read(&self, place: Place, out: &mut [f32]) -> Result<()> {
        let reader = self.reader.as_ref().ok_or_else(|| {
            Error::new(Kind::Unavailable, "vectors are in storage, and nothing reads them there")
        })?;
        reader.read_stored(place, bytemuck::cast_slice_mut(out))
    }

    /// Bytes of rows that [`Vectors::leave`] would free: whole row groups, and rows changed since.
    pub fn leavable_bytes(&self) -> usize {
        let full = self.len / GROUP_ROWS;
        let groups = (0..full).filter(|group| self.place(*group).is_none()).count();
        groups * GROUP_ROWS * self.dimension * size_of::<f32>() + self.changed.bytes(self.dimension)
    }
}
