//! The sign of each byte code, one bit each: the first glance at a row, see [`crate::index::hnsw`]. Made of the codes
//! alone, so they need not be stored.

use super::arena::Arena;
use crate::error::Result;
use crate::kernel::{encode_signs, unlike_bits};

/// Bits of a word.
const WORD: usize = u64::BITS as usize;

/// The signs of one collection, by slot.
#[derive(Clone, Debug)]
pub struct Signs {
    arena: Arena<u64>,
}

impl Signs {
    /// For rows of `codes` codes.
    pub fn new(codes: usize) -> Signs {
        Signs { arena: Arena::new(codes.div_ceil(WORD), 0) }
    }

    /// Makes room for `slots` slots in all.
    pub fn reserve(&mut self, slots: usize) -> Result<()> {
        self.arena.reserve(slots)
    }

    /// Keeps the signs of the codes of a slot.
    pub fn set(&mut self, slot: u32, codes: &[u8]) {
        encode_signs(codes, self.arena.get_mut(slot));
    }

    /// Takes the signs of a vector as `query`.
    pub fn ask(&self, query: &mut Vec<u64>, vector: &[f32]) {
        query.clear();
        query.resize(self.arena.stride(), 0);
        for (word, numbers) in query.iter_mut().zip(vector.chunks(WORD)) {
            for (at, number) in numbers.iter().enumerate() {
                *word |= u64::from(*number < 0.0) << at;
            }
        }
    }

    /// Takes the signs of a slot as `query`.
    pub fn ask_slot(&self, query: &mut Vec<u64>, slot: u32) {
        query.clear();
        query.extend_from_slice(self.arena.get(slot));
    }

    /// How many signs of the row in a slot differ from those of the query.
    #[inline(always)]
    pub fn unlike(&self, query: &[u64], slot: u32) -> u32 {
        unlike_bits(query, self.arena.get(slot))
    }

    /// Reads a word of the row in a slot. Rows that are read far apart from one another arrive sooner when they are
    /// all asked for at once.
    #[inline(always)]
    pub fn touch(&self, slot: u32) -> u64 {
        self.arena.get(slot).first().copied().unwrap_or(0)
    }

    /// Bytes held.
    pub fn memory_bytes(&self) -> usize {
        self.arena.memory_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bit_is_the_sign_of_its_code() {
        for count in [16, 64, 112, 400] {
            let codes: Vec<i8> = (0..count).map(|at: i32| (at * at * 37 % 251 - 125) as i8).collect();
            let mut signs = Signs::new(codes.len());
            signs.reserve(2).unwrap();
            signs.set(1, bytemuck::cast_slice(&codes));
            let vector: Vec<f32> = codes.iter().map(|code| f32::from(*code)).collect();
            let (mut query, mut row) = (Vec::new(), Vec::new());
            signs.ask(&mut query, &vector);
            signs.ask_slot(&mut row, 1);
            assert_eq!(query, row);
            for (at, code) in codes.iter().enumerate() {
                assert_eq!(row[at / WORD] >> (at % WORD) & 1, u64::from(*code < 0), "{count} {at}");
            }
            let negative = codes.iter().filter(|code| **code < 0).count() as u32;
            assert_eq!(
                [1, 0, 9_999].map(|slot| signs.unlike(&query, slot)),
                [0, negative, 0],
                "nothing in slot 9"
            );
            assert_eq!((signs.touch(1), signs.touch(9_999)), (row[0], 0));
        }
    }
}
