//! The arena itself: what is in memory. `stored` has what is not.

use super::changed::Changed;
use super::stored::{Place, ReadStored};
use crate::error::{Error, Result};
use crate::limits::{GROUP_ROWS, ROWS_MAX};
use crate::room::out_of_memory;
use std::rc::Rc;

/// Sizes a chunk grows through, in rows: a collection of three rows does not hold a whole group.
const CHUNK_ROWS: [usize; 4] = [16, 64, 256, GROUP_ROWS];

/// The vectors of one collection, all of one dimension.
#[derive(Clone)]
pub struct Vectors {
    pub(super) dimension: usize,
    pub(super) len: usize,
    /// Chunk g holds the rows of group g that exist, one after another; nothing of a group that is in storage.
    /// Chunks past the last group are room that was reserved.
    pub(super) chunks: Vec<Vec<f32>>,
    /// By group, where it is in storage. All such groups are full. Shorter than the chunks where none is.
    pub(super) stored: Vec<Option<Place>>,
    /// Rows of groups in storage that were written since.
    pub(super) changed: Changed,
    pub(super) reader: Option<Rc<dyn ReadStored>>,
}

impl Vectors {
    /// An empty arena for vectors of `dimension` components.
    pub fn new(dimension: usize) -> Vectors {
        Vectors {
            dimension,
            len: 0,
            chunks: Vec::new(),
            stored: Vec::new(),
            changed: Changed::default(),
            reader: None,
        }
    }

    /// Components of each vector.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// Slots in use, dead ones included.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no slot at all.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The vector in `slot`, dead or alive, if it is in memory; `None` past the end.
    #[inline]
    pub fn row(&self, slot: u32) -> Option<&[f32]> {
        let slot = slot as usize;
        let start = slot % GROUP_ROWS * self.dimension;
        if slot >= self.len {
            return None;
        }
        let row = self.chunks.get(slot / GROUP_ROWS)?.get(start..start + self.dimension);
        // Only a group in storage has no row there.
        row.or_else(|| self.changed.row(slot as u32, self.dimension))
    }

    /// Writes the vector of `slot`, which is in use or the next one (`len`). After a [`reserve`] for it, or
    /// for a slot in use, this fails only on a wrong slot or length.
    ///
    /// [`reserve`]: Vectors::reserve
    pub fn set(&mut self, slot: u32, vector: &[f32]) -> Result<()> {
        let slot = slot as usize;
        if vector.len() != self.dimension {
            return Err(Error::invalid("The vector has the wrong length; pass one number per dimension.")
                .with(self.dimension, vector.len()));
        }
        if slot > self.len {
            return Err(Error::invalid("Slots are filled without gaps; write the next free one.")
                .with(self.len, slot));
        }
        let group = slot / GROUP_ROWS;
        if self.place(group).is_some() {
            return self.changed.set(slot as u32, vector);
        }
        let start = slot % GROUP_ROWS * self.dimension;
        if slot == self.len {
            self.reserve(1)?;
            if let Some(chunk) = self.chunks.get_mut(group) {
                chunk.extend_from_slice(vector);
                self.len += 1;
            }
        } else if let Some(row) =
            self.chunks.get_mut(group).and_then(|chunk| chunk.get_mut(start..start + self.dimension))
        {
            row.copy_from_slice(vector);
        }
        Ok(())
    }

    /// Appends the rows of a whole row group as they are stored, little-endian: one copy and no conversion.
    /// The group before has to be full, and `bytes` hold a whole number of rows, a group of them at most.
    pub fn load_group(&mut self, bytes: &[u8]) -> Result<()> {
        let row_bytes = self.dimension * size_of::<f32>();
        let rows = bytes.len() / row_bytes;
        if !self.len.is_multiple_of(GROUP_ROWS) || !bytes.len().is_multiple_of(row_bytes) || rows > GROUP_ROWS
        {
            return Err(Error::invalid("These bytes are no row group, or the one before is not full."));
        }
        self.reserve(rows)?;
        if let Some(chunk) = self.chunks.get_mut(self.len / GROUP_ROWS).filter(|_| rows > 0) {
            let place = chunk.spare_capacity_mut();
            debug_assert!(place.len() * size_of::<f32>() >= bytes.len());
            // SAFETY: `reserve` made room for `rows` rows, that is for `bytes.len()` bytes; the two do not overlap;
            // every pattern of bits is an f32; and after the copy the first rows x dimension numbers are
            // initialised. Zeroing them first would cost a quarter of what opening does with vectors.
            unsafe {
                place.as_mut_ptr().cast::<u8>().copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
                chunk.set_len(rows * self.dimension);
            }
            self.len += rows;
        }
        Ok(())
    }

    /// Makes room for `additional` further slots, so that writing them cannot run out of memory. Meant for
    /// the check before a write is logged.
    pub fn reserve(&mut self, additional: usize) -> Result<()> {
        let end = self.len.saturating_add(additional);
        self.check_len(end)?;
        for group in self.len / GROUP_ROWS..end.div_ceil(GROUP_ROWS) {
            if group == self.chunks.len() {
                self.chunks.try_reserve(1).map_err(out_of_memory)?;
                self.chunks.push(Vec::new());
            }
            let needed = (end - group * GROUP_ROWS).min(GROUP_ROWS);
            let rows = CHUNK_ROWS.into_iter().find(|rows| *rows >= needed).unwrap_or(GROUP_ROWS);
            if let Some(chunk) = self.chunks.get_mut(group) {
                let missing = (rows * self.dimension).saturating_sub(chunk.len());
                chunk.try_reserve_exact(missing).map_err(out_of_memory)?;
            }
        }
        Ok(())
    }

    /// Makes room for writing `rows` slots in use. Only those in storage need any.
    pub fn reserve_changes(&mut self, rows: usize) -> Result<()> {
        self.changed.reserve(rows, self.dimension)
    }

    pub(super) fn check_len(&self, end: usize) -> Result<()> {
        if end <= ROWS_MAX {
            return Ok(());
        }
        Err(Error::invalid("The collection is full; delete rows, or split it in two.")
            .with(format_args!("at most {ROWS_MAX} rows"), end))
    }

    /// All rows of row group `group`, one after another; empty past the end, and when the group is in storage.
    #[inline]
    pub fn group(&self, group: usize) -> &[f32] {
        self.chunks.get(group).map_or(&[], Vec::as_slice)
    }

    /// Row groups that hold at least one slot.
    pub fn group_count(&self) -> usize {
        self.len.div_ceil(GROUP_ROWS)
    }

    /// Bytes held, room for growth included.
    pub fn memory_bytes(&self) -> usize {
        let floats: usize = self.chunks.iter().map(Vec::capacity).sum();
        floats * size_of::<f32>()
            + self.chunks.capacity() * size_of::<Vec<f32>>()
            + self.stored.capacity() * size_of::<Option<Place>>()
            + self.changed.memory_bytes()
    }
}
