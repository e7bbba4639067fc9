//! One bit a component: its sign. What is compared is the number of components of unlike sign, which grows with
//! the angle between two vectors and knows nothing of their lengths.

use super::Query;
use super::arena::Arena;
use super::bytes::load;
use crate::error::Result;
use crate::index::{Scored, TopK};
use crate::kernel::{encode_bits, hamming, hamming_scores};

/// The codes of one collection.
#[derive(Clone, Debug)]
pub struct Bits {
    arena: Arena<u8>,
}

impl Bits {
    /// Without codes.
    pub fn new(dimension: usize) -> Bits {
        Bits { arena: Arena::new(dimension.div_ceil(8).next_multiple_of(16), 0) }
    }

    /// Makes room for `slots` slots in all.
    pub fn reserve(&mut self, slots: usize) -> Result<()> {
        self.arena.reserve(slots)
    }

    /// Codes the vector of a slot.
    pub fn set(&mut self, slot: u32, vector: &[f32]) {
        let record = self.arena.get_mut(slot);
        if !record.is_empty() {
            encode_bits(vector, record);
        }
    }

    /// Makes `query` ask for the distance from a vector.
    pub fn ask(&self, query: &mut Query, vector: &[f32]) {
        query.bits.clear();
        query.bits.resize(self.arena.stride(), 0);
        encode_bits(vector, &mut query.bits);
    }

    /// Makes `query` ask for the distance from the row in a slot.
    pub fn ask_slot(&self, query: &mut Query, slot: u32) {
        query.bits.clear();
        query.bits.extend_from_slice(self.arena.get(slot));
    }

    /// The distances from `query` to the rows in `slots`, in their order.
    pub fn distances(&self, query: &Query, slots: &[u32], out: &mut Vec<f32>) {
        out.clear();
        out.extend(slots.iter().map(|slot| hamming(&query.bits, self.arena.get(*slot)) as f32));
    }

    /// Minus the distances to the first `out.len()` rows of a group.
    pub fn scan(&self, query: &Query, group: usize, out: &mut [f32]) {
        hamming_scores(&query.bits, self.arena.group(group), self.arena.stride(), out);
    }

    /// Of some rows the `keep` that lean most towards a vector, best first: whose signs, each times what the vector has there,
    /// have the largest sum. The vector is taken as it is, so this tells rows apart that differ from its signs in as many bits.
    #[inline(never)]
    pub fn leaning(&self, vector: &[f32], rows: &[Scored], keep: usize) -> Vec<Scored> {
        // What four bits of a row add to its sum, for each of their sixteen values; two such tables for each byte.
        let mut tables = vec![0.0; 32 * vector.len().div_ceil(8)];
        for (at, component) in vector.iter().enumerate() {
            let (table, bit) = (at / 4 * 16, 1 << (at % 4));
            for lower in 0..bit {
                tables[table + bit + lower] = tables[table + lower] + component;
            }
        }
        let mut top = TopK::new(keep, rows.len(), None);
        for row in rows {
            let mut sum = 0.0;
            for (byte, tables) in self.arena.get(row.slot).iter().zip(tables.as_chunks::<32>().0) {
                sum += tables[usize::from(byte & 15)] + tables[usize::from(byte >> 4) + 16];
            }
            top.push(row.slot, sum);
        }
        top.into_sorted()
    }

    pub(super) fn agrees(&self, slot: u32, fresh: &Bits) -> bool {
        self.arena.get(slot) == fresh.arena.get(0)
    }

    /// The records of the first `rows` rows of a group.
    pub fn group_bytes(&self, group: usize, rows: usize) -> &[u8] {
        self.arena.group(group).get(..rows * self.arena.stride()).unwrap_or_default()
    }

    /// Writes the records of the group that begins at slot `first`. `Corrupt` when they are not `rows` rows.
    pub fn load(&mut self, first: u32, rows: usize, bytes: &[u8]) -> Result<()> {
        load(&mut self.arena, first, rows, bytes)
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
    fn leaning_is_the_sum_of_what_the_signs_let_through() {
        for dimension in [1, 7, 13, 64, 384] {
            let number = |at: usize| ((at * 2_654_435_761) % 2_001) as f32 / 1_000.0 - 1.0;
            let vector: Vec<f32> = (0..dimension).map(number).collect();
            let mut codes = Bits::new(dimension);
            codes.reserve(20).unwrap();
            let mut sums = Vec::new();
            for slot in 0..20 {
                let row: Vec<f32> = (0..dimension).map(|at| number(at * 31 + slot * 977 + 5)).collect();
                codes.set(slot as u32, &row);
                let through = row.iter().zip(&vector).filter(|(of_row, _)| **of_row > 0.0);
                sums.push((slot as u32, through.map(|(_, number)| number).sum::<f32>()));
            }
            // Some of the rows, not in their order.
            let rows = [17, 3, 9, 12, 0, 5].map(|slot| Scored { slot, score: 0.0 });
            let leaning = codes.leaning(&vector, &rows, 4);
            let mut expected: Vec<_> = rows.iter().map(|row| sums[row.slot as usize]).collect();
            expected.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            assert_eq!(leaning.len(), 4);
            for (got, (_, sum)) in leaning.iter().zip(&expected) {
                assert!((got.score - sum).abs() < 1e-3, "{dimension}: {got:?}, expected {sum}");
                assert!((sums[got.slot as usize].1 - sum).abs() < 1e-3, "{dimension}: {got:?}");
            }
        }
    }
}
