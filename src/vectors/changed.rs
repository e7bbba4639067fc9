//! Rows that were written to row groups that are not in memory. The group stays where it is: reading all of it to
//! change one row would make a write of a thousand scattered rows bring a thousand groups into memory.

use crate::error::Result;
use crate::room::out_of_memory;
use crate::sorted::SortedMap;
use std::ops::Bound;

/// Rows in one piece of memory, so that growing moves nothing.
const PIECE_ROWS: usize = 64;

/// Rows by slot.
#[derive(Clone, Default)]
pub struct Changed {
    /// Slot -> which row, in the order in which they came.
    slots: SortedMap<u64, u64>,
    /// Each with room for [`PIECE_ROWS`] rows; pieces past the last row are room that was reserved.
    pieces: Vec<Vec<f32>>,
}

impl Changed {
    /// The row of a slot, if it is here.
    pub fn row(&self, slot: u32, dimension: usize) -> Option<&[f32]> {
        let row = *self.slots.get(u64::from(slot))? as usize;
        let start = row % PIECE_ROWS * dimension;
        self.pieces.get(row / PIECE_ROWS)?.get(start..start + dimension)
    }

    /// The rows of these slots, in their order.
    pub fn within(
        &self,
        slots: std::ops::Range<u32>,
        dimension: usize,
    ) -> impl Iterator<Item = (u32, &[f32])> {
        self.slots.from(Bound::Included(u64::from(slots.start))).map_while(move |(slot, _)| {
            let slot = u32::try_from(*slot).ok().filter(|slot| *slot < slots.end)?;
            Some((slot, self.row(slot, dimension)?))
        })
    }

    /// Makes room for `additional` further rows.
    pub fn reserve(&mut self, additional: usize, dimension: usize) -> Result<()> {
        let pieces = (self.slots.len() + additional).div_ceil(PIECE_ROWS);
        self.pieces.try_reserve(pieces.saturating_sub(self.pieces.len())).map_err(out_of_memory)?;
        while self.pieces.len() < pieces {
            let mut piece = Vec::new();
            piece.try_reserve_exact(PIECE_ROWS * dimension).map_err(out_of_memory)?;
            self.pieces.push(piece);
        }
        Ok(())
    }

    /// Writes the row of a slot. It fails only where there was no [`Changed::reserve`] for it.
    pub fn set(&mut self, slot: u32, vector: &[f32]) -> Result<()> {
        let dimension = vector.len();
        let known = self.slots.get(u64::from(slot)).map(|row| *row as usize);
        if known.is_none() {
            self.reserve(1, dimension)?;
        }
        let row = known.unwrap_or(self.slots.len());
        let start = row % PIECE_ROWS * dimension;
        let Some(piece) = self.pieces.get_mut(row / PIECE_ROWS) else { return Ok(()) };
        match piece.get_mut(start..start + dimension) {
            Some(place) => place.copy_from_slice(vector),
            None => piece.extend_from_slice(vector),
        }
        self.slots.insert(u64::from(slot), row as u64);
        Ok(())
    }

    /// Bytes of rows.
    pub fn bytes(&self, dimension: usize) -> usize {
        self.slots.len() * dimension * size_of::<f32>()
    }

    /// Bytes held, room for growth included.
    pub fn memory_bytes(&self) -> usize {
        let floats: usize = self.pieces.iter().map(Vec::capacity).sum();
        floats * size_of::<f32>() + self.slots.len() * size_of::<(u64, u64)>()
    }
}
