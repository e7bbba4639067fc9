//! The slots of one term. Most terms of most data (dates, titles, keys) belong to one row, and a bitmap for
//! each of those would cost several times the row.

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

/// The union of many postings. Single slots come in the order of their terms, which is no order for a bitmap:
/// they are sorted once instead of being inserted one by one.
#[derive(Default)]
pub(super) struct Union {
    /// As the type that search results are sorted as: one sort in the wasm is enough.
    single: Vec<u64>,
    slots: RoaringBitmap,
}

impl Union {
    pub(super) fn add(&mut self, postings: &Postings) {
        match postings {
            Postings::One(slot) => self.single.push(u64::from(*slot)),
            Postings::Many(slots) => self.slots |= &**slots,
        }
    }

    pub(super) fn add_bitmap(&mut self, slots: &RoaringBitmap) {
        self.slots |= slots;
    }

    pub(super) fn finish(mut self) -> RoaringBitmap {
        self.single.sort_unstable();
        let single: RoaringBitmap = self.single.into_iter().map(|slot| slot as u32).collect();
        self.slots |= single;
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
    }
}
