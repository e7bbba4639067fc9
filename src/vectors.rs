//! The vector arena: slot -> row. One chunk per row group, so that growing never copies more than one
//! group, and a group is one slice that a kernel can scan and a checkpoint can write.

use crate::error::{Error, Kind, Result};
use crate::limits::{GROUP_ROWS, ROWS_MAX};

/// Sizes a chunk grows through, in rows: a collection of three rows does not hold a whole group.
const CHUNK_ROWS: [usize; 4] = [16, 64, 256, GROUP_ROWS];

/// The vectors of one collection, all of one dimension.
#[derive(Clone, Debug)]
pub struct Vectors {
    dimension: usize,
    len: usize,
    /// Chunk g holds the rows of group g that exist, one after another. Chunks past the last group are
    /// room that was reserved.
    chunks: Vec<Vec<f32>>,
}

impl Vectors {
    /// An empty arena for vectors of `dimension` components.
    pub fn new(dimension: usize) -> Vectors {
        Vectors { dimension, len: 0, chunks: Vec::new() }
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

    /// The vector in `slot`, dead or alive; `None` past the end.
    #[inline]
    pub fn row(&self, slot: u32) -> Option<&[f32]> {
        let slot = slot as usize;
        let start = slot % GROUP_ROWS * self.dimension;
        if slot >= self.len {
            return None;
        }
        self.chunks.get(slot / GROUP_ROWS)?.get(start..start + self.dimension)
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
        if end > ROWS_MAX {
            return Err(Error::invalid("The collection is full; delete rows, or split it in two.")
                .with(format_args!("at most {ROWS_MAX} rows"), end));
        }
        for group in self.len / GROUP_ROWS..end.div_ceil(GROUP_ROWS) {
            if group == self.chunks.len() {
                self.chunks.try_reserve(1).map_err(|_| out_of_memory())?;
                self.chunks.push(Vec::new());
            }
            let needed = (end - group * GROUP_ROWS).min(GROUP_ROWS);
            let rows = CHUNK_ROWS.into_iter().find(|rows| *rows >= needed).unwrap_or(GROUP_ROWS);
            if let Some(chunk) = self.chunks.get_mut(group) {
                let missing = (rows * self.dimension).saturating_sub(chunk.len());
                chunk.try_reserve_exact(missing).map_err(|_| out_of_memory())?;
            }
        }
        Ok(())
    }

    /// All rows of row group `group`, one after another; empty past the end.
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
        floats * size_of::<f32>() + self.chunks.capacity() * size_of::<Vec<f32>>()
    }
}

fn out_of_memory() -> Error {
    Error::new(Kind::Quota, "There is no memory for more vectors; delete rows, or close something else.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(rows: usize, dimension: usize) -> Vectors {
        let mut vectors = Vectors::new(dimension);
        for slot in 0..rows {
            vectors.set(slot as u32, &vec![slot as f32; dimension]).unwrap();
        }
        vectors
    }

    #[test]
    fn rows_and_groups_show_what_was_written() {
        for rows in [0, 1, 16, 17, 1023, 1024, 1025, 2 * 1024, 3000] {
            let mut vectors = filled(rows, 3);
            assert_eq!((vectors.len(), vectors.is_empty()), (rows, rows == 0));
            assert_eq!(vectors.group_count(), rows.div_ceil(1024));
            let all: Vec<f32> = (0..vectors.group_count()).flat_map(|g| vectors.group(g).to_vec()).collect();
            let expected: Vec<f32> = (0..rows).flat_map(|slot| [slot as f32; 3]).collect();
            assert_eq!(all, expected);
            assert_eq!(vectors.group(vectors.group_count()), &[] as &[f32]);
            for slot in 0..rows as u32 {
                assert_eq!(vectors.row(slot), Some(&[slot as f32; 3][..]));
            }
            assert_eq!(vectors.row(rows as u32), None);
            assert_eq!(vectors.row(u32::MAX), None);
            if rows > 0 {
                vectors.set(rows as u32 / 2, &[-1.0, -2.0, -3.0]).unwrap();
                assert_eq!(vectors.row(rows as u32 / 2), Some(&[-1.0, -2.0, -3.0][..]));
                assert_eq!(vectors.len(), rows);
            }
        }
    }

    #[test]
    fn wrong_calls_are_refused_and_change_nothing() {
        let mut vectors = filled(5, 2);
        for (slot, vector) in
            [(5, &[1.0][..]), (0, &[1.0, 2.0, 3.0]), (6, &[1.0, 2.0]), (u32::MAX, &[1.0, 2.0])]
        {
            assert_eq!(vectors.set(slot, vector).unwrap_err().kind, Kind::Invalid);
        }
        assert_eq!(vectors.reserve(ROWS_MAX).unwrap_err().kind, Kind::Invalid);
        assert_eq!(vectors.reserve(usize::MAX).unwrap_err().kind, Kind::Invalid);
        assert_eq!((vectors.len(), vectors.row(0)), (5, Some(&[0.0, 0.0][..])));
    }

    #[test]
    fn memory_follows_the_rows() {
        let row = 4 * 384;
        assert!(filled(3, 384).memory_bytes() <= 16 * row + 1024);
        assert!(filled(17, 384).memory_bytes() <= 64 * row + 1024);
        assert!(filled(1025, 384).memory_bytes() <= (1024 + 16) * row + 1024);
    }

    #[test]
    fn a_reserved_row_moves_nothing() {
        let mut vectors = filled(1000, 4);
        vectors.reserve(2000).unwrap();
        let before = vectors.memory_bytes();
        assert_eq!((vectors.len(), vectors.group_count()), (1000, 1));
        for slot in 1000..3000 {
            vectors.set(slot, &[slot as f32; 4]).unwrap();
        }
        assert_eq!(vectors.memory_bytes(), before);
        assert_eq!(vectors.row(2999), Some(&[2999.0; 4][..]));
    }
}
