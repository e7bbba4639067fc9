//! The slots of one term. Most terms of most data (dates, titles, keys) belong to one row, and a bitmap for
//! each of those would cost several times the row.

use crate::sort::sort;
use roaring::RoaringBitmap;

/// One slot or more. There are no empty postings: who removes the last slot drops the term.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Postings {
    One(u32),
    Many(Box<RoaringBitmap>),
}

impl Postings {
    pub(super) fn insert(&mut self, slot: u32) {
        match self {
            Postings::One(only) if *only == slot => {}
            Postings::One(only) => {
                let mut slots = RoaringBitmap::new();
                slots.insert(*only);
                slots.insert(slot);
                *self = Postings::Many(Box::new(slots));
            }
            Postings::Many(slots) => {
                slots.insert(slot);
            }
        }
    }

    /// Takes the slot out; true when none is left.
    pub(super) fn remove(&mut self, slot: u32) -> bool {
        match self {
            Postings::One(only) => *only == slot,
            Postings::Many(slots) => {
                slots.remove(slot);
                match (slots.len(), slots.min()) {
                    (1, Some(only)) => {
                        *self = Postings::One(only);
                        false
                    }
                    (count, _) => count == 0,
                }
            }
        }
    }

    /// Bytes on the heap, about.
    pub(super) fn heap_bytes(&self) -> usize {
        match self {
            Postings::One(_) => 0,
            Postings::Many(slots) => bitmap_bytes(slots),
        }
    }
}

/// Bytes that a bitmap takes, about: its contents, and the vector and container headers around them.
pub(super) fn bitmap_bytes(slots: &RoaringBitmap) -> usize {
    64 + slots.serialized_size()
}

/// A bitmap of so few slots is taken apart: to set their bits takes less than to merge it, for a range of many terms.
const FEW: u64 = 256;

/// Slots that are this many times as far apart, on average, as bits of a word are set as bits, not sorted.
const SPARSE: usize = 8;

/// The union of many postings. Their slots come in the order of their terms, which is no order for a bitmap: so those of
/// short ones are gathered first.
#[derive(Default)]
pub(super) struct Union {
    /// As the type that [`sort`] takes, and maybe several times.
    single: Vec<u64>,
    slots: RoaringBitmap,
}

impl Union {
    pub(super) fn add(&mut self, postings: &Postings) {
        match postings {
            Postings::One(slot) => self.single.push(u64::from(*slot)),
            // Not by `extend`, whose guess of how many come is half a kilobyte of wasm.
            Postings::Many(slots) if slots.len() <= FEW => {
                slots.iter().for_each(|slot| self.single.push(u64::from(slot)));
            }
            Postings::Many(slots) => self.slots |= &**slots,
        }
    }

    /// Adds those of terms that follow one another. A range of numbers can be half of all rows, each with a number of its
    /// own: written by place, and room is asked for once.
    pub(super) fn add_all(&mut self, terms: &[(u64, Postings)]) {
        let before = self.single.len();
        self.single.resize(before + terms.len(), 0);
        let mut end = before;
        for (_, postings) in terms {
            if let Postings::One(slot) = postings {
                if let Some(place) = self.single.get_mut(end) {
                    *place = u64::from(*slot);
                }
                end += 1;
            }
        }
        self.single.truncate(end);
        if end - before < terms.len() {
            let many = |(_, postings): &&(u64, Postings)| matches!(postings, Postings::Many(_));
            terms.iter().filter(many).for_each(|(_, postings)| self.add(postings));
        }
    }

    pub(super) fn add_bitmap(&mut self, slots: &RoaringBitmap) {
        self.slots |= slots;
    }

    pub(super) fn finish(mut self) -> RoaringBitmap {
        let last = self.single.iter().max().map_or(0, |last| *last as usize);
        if last / 64 < self.single.len() * SPARSE {
            let mut bits = vec![0u8; last / 8 + 1];
            for slot in &self.single {
                if let Some(byte) = bits.get_mut(*slot as usize / 8) {
                    *byte |= 1 << (slot % 8);
                }
            }
            self.slots |= &RoaringBitmap::from_lsb0_bytes(0, &bits);
            return self.slots;
        }
        sort(&mut self.single);
        for slot in self.single {
            self.slots.insert(slot as u32);
        }
        self.slots
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_shrinks_and_ends() {
        let mut postings = Postings::One(7);
        postings.insert(7);
        assert_eq!(postings, Postings::One(7));
        assert!(!postings.remove(8));
        postings.insert(3);
        postings.insert(70_000);
        assert!(!postings.remove(7));
        assert!(!postings.remove(3));
        assert_eq!(postings, Postings::One(70_000));
        assert!(postings.remove(70_000));
    }

    #[test]
    fn union_of_both_kinds() {
        let mut many = Postings::One(5);
        many.insert(9);
        let mut union = Union::default();
        for slot in [70_000, 3, 9, 4] {
            union.add(&Postings::One(slot));
        }
        union.add(&many);
        union.add_bitmap(&RoaringBitmap::from_iter([1, 70_000]));
        assert_eq!(union.finish().iter().collect::<Vec<_>>(), [1, 3, 4, 5, 9, 70_000]);
        assert!(Union::default().finish().is_empty());
    }

    /// Whether bits are set or slots sorted, what comes out is the same.
    #[test]
    fn union_of_few_and_of_many() {
        for (count, step) in [(1, 1), (1, 3), (200, 1), (200, 511), (200, 600), (3_000, 70), (9_000, 1)] {
            let slots: Vec<u32> = (0..count).map(|at| (at * 7 % count) * step).collect();
            let terms: Vec<(u64, Postings)> = slots.iter().map(|slot| (0, Postings::One(*slot))).collect();
            let (mut union, mut one_by_one) = (Union::default(), Union::default());
            terms.chunks(100).for_each(|terms| union.add_all(terms));
            terms.iter().for_each(|(_, postings)| one_by_one.add(postings));
            let expected = RoaringBitmap::from_iter(slots);
            assert_eq!((union.finish(), one_by_one.finish()), (expected.clone(), expected));
        }
    }

    /// Whether terms have one slot, a few or many, and whether they share slots.
    #[test]
    fn union_of_terms_of_all_lengths() {
        for length in [1, 2, 255, 256, 257, 1_000] {
            let slots_of = |term: u32| (0..length).map(move |at| (term * 7_919 + at * 31) % 20_000);
            let terms: Vec<(u64, Postings)> = (0..50)
                .map(|term| {
                    let mut postings = Postings::One(term);
                    slots_of(term).for_each(|slot| postings.insert(slot));
                    (0, if term % 3 == 0 { Postings::One(term) } else { postings })
                })
                .collect();
            let (mut union, mut one_by_one) = (Union::default(), Union::default());
            terms.chunks(7).for_each(|terms| union.add_all(terms));
            terms.iter().for_each(|(_, postings)| one_by_one.add(postings));
            let inserted = (0..50).filter(|term| term % 3 > 0).flat_map(slots_of);
            let expected = RoaringBitmap::from_iter((0..50).chain(inserted));
            assert_eq!((union.finish(), one_by_one.finish()), (expected.clone(), expected));
        }
    }
}
