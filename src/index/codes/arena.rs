//! Records of one length by slot, a chunk a row group: growing never copies more than one group.

use crate::error::Result;
use crate::limits::GROUP_ROWS;
use crate::room::out_of_memory;

/// Sizes a chunk grows through, in rows: a collection of three rows does not hold a whole group.
const CHUNK_ROWS: [usize; 4] = [16, 64, 256, GROUP_ROWS];

/// Records of `stride` items.
#[derive(Clone, Debug)]
pub struct Arena<T> {
    stride: usize,
    blank: T,
    chunks: Vec<Vec<T>>,
}

impl<T: Copy> Arena<T> {
    /// Without records; new ones consist of `blank`.
    pub fn new(stride: usize, blank: T) -> Arena<T> {
        Arena { stride, blank, chunks: Vec::new() }
    }

    /// Items from one record to the next.
    #[inline(always)]
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// The record of a slot; empty where there is none.
    #[inline(always)]
    pub fn get(&self, slot: u32) -> &[T] {
        let start = slot as usize % GROUP_ROWS * self.stride;
        match self.chunks.get(slot as usize / GROUP_ROWS) {
            Some(chunk) => chunk.get(start..start + self.stride).unwrap_or_default(),
            None => &[],
        }
    }

    /// The record of a slot, to be written; empty where no room was reserved.
    #[inline]
    pub fn get_mut(&mut self, slot: u32) -> &mut [T] {
        let start = slot as usize % GROUP_ROWS * self.stride;
        match self.chunks.get_mut(slot as usize / GROUP_ROWS) {
            Some(chunk) => chunk.get_mut(start..start + self.stride).unwrap_or_default(),
            None => &mut [],
        }
    }

    /// All records of a row group, one after another; there may be blank ones behind those that were written.
    #[inline]
    pub fn group(&self, group: usize) -> &[T] {
        self.chunks.get(group).map_or(&[], Vec::as_slice)
    }

    /// Makes room, blank, for `slots` records in all.
    pub fn reserve(&mut self, slots: usize) -> Result<()> {
        for group in self.chunks.len().saturating_sub(1)..slots.div_ceil(GROUP_ROWS) {
            if group == self.chunks.len() {
                self.chunks.try_reserve(1).map_err(out_of_memory)?;
                self.chunks.push(Vec::new());
            }
            let needed = (slots - group * GROUP_ROWS).min(GROUP_ROWS);
            let rows = CHUNK_ROWS.into_iter().find(|rows| *rows >= needed).unwrap_or(GROUP_ROWS);
            if let Some(chunk) = self.chunks.get_mut(group) {
                let length = (rows * self.stride).max(chunk.len());
                chunk.try_reserve_exact(length - chunk.len()).map_err(out_of_memory)?;
                // Not `resize`, which writes item by item in a build for size: bytes one after another.
                let blanks = [self.blank; 256];
                while chunk.len() < length {
                    chunk.extend_from_slice(&blanks[..blanks.len().min(length - chunk.len())]);
                }
            }
        }
        Ok(())
    }

    /// Bytes held.
    pub fn memory_bytes(&self) -> usize {
        self.chunks.iter().map(Vec::capacity).sum::<usize>() * size_of::<T>()
            + self.chunks.capacity() * size_of::<Vec<T>>()
    }
}
