//! The scalars that stand at one path, by value. A path has two of these: one for the values themselves and
//! one for elements of arrays, because `$contains` treats them differently.

use std::ops::Bound as Edge;

use roaring::RoaringBitmap;

use super::postings::{Postings, Union, bitmap_bytes};
use crate::limits::INDEXED_STRING_BYTES_MAX;
use crate::metadata::filter::{Bound, Order, Scalar};
use crate::metadata::substring::contains;
use crate::metadata::value::Value;
use crate::sorted::SortedMap;

/// Scalars to slots.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Terms {
    nulls: RoaringBitmap,
    bools: [RoaringBitmap; 2],
    numbers: SortedMap<u64, Postings>,
    strings: SortedMap<Box<str>, Postings>,
    /// Slots with a string here that is too long for `strings`.
    long: RoaringBitmap,
}

/// A number as an integer of the same order. `-0` becomes `0` first: they are equal.
fn ordered(number: f64) -> u64 {
    const SIGN: u64 = 1 << 63;
    let bits = (number + 0.0).to_bits();
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

impl Terms {
    /// Arrays and objects are no scalars and leave no term.
    pub(super) fn insert(&mut self, slot: u32, value: &Value) {
        match value {
            Value::Null => {
                self.nulls.insert(slot);
            }
            Value::Bool(value) => {
                self.bools[usize::from(*value)].insert(slot);
            }
            Value::Num(value) => {
                let key = ordered(*value);
                match self.numbers.get_mut(key) {
                    Some(postings) => postings.insert(slot),
                    None => drop(self.numbers.insert(key, Postings::One(slot))),
                }
            }
            Value::Str(text) if text.len() > INDEXED_STRING_BYTES_MAX => {
                self.long.insert(slot);
            }
            // Looked up first: a known string, the common case, is not copied.
            Value::Str(text) => match self.strings.get_mut(&**text) {
                Some(postings) => postings.insert(slot),
                None => {
                    self.strings.insert(text.clone(), Postings::One(slot));
                }
            },
            Value::Arr(_) | Value::Obj(_) => {}
        }
    }

    pub(super) fn remove(&mut self, slot: u32, value: &Value) {
        match value {
            Value::Null => {
                self.nulls.remove(slot);
            }
            Value::Bool(value) => {
                self.bools[usize::from(*value)].remove(slot);
            }
            Value::Num(value) => {
                let key = ordered(*value);
                if self.numbers.get_mut(key).is_some_and(|postings| postings.remove(slot)) {
                    self.numbers.remove(key);
                }
            }
            Value::Str(text) if text.len() > INDEXED_STRING_BYTES_MAX => {
                self.long.remove(slot);
            }
            Value::Str(text) => {
                if self.strings.get_mut(&**text).is_some_and(|postings| postings.remove(slot)) {
                    self.strings.remove(&**text);
                }
            }
            Value::Arr(_) | Value::Obj(_) => {}
        }
    }

    /// Adds the slots with this scalar to `sure`, or those that may have it to `maybe`.
    pub(super) fn equal(&self, scalar: &Scalar, sure: &mut Union, maybe: &mut Union) {
        match scalar {
            Scalar::Null => sure.add_bitmap(&self.nulls),
            Scalar::Bool(value) => sure.add_bitmap(&self.bools[usize::from(*value)]),
            Scalar::Num(value) => {
                if let Some(postings) = self.numbers.get(ordered(*value)) {
                    sure.add(postings);
                }
            }
            Scalar::Str(text) if text.len() > INDEXED_STRING_BYTES_MAX => maybe.add_bitmap(&self.long),
            Scalar::Str(text) => {
                if let Some(postings) = self.strings.get(&**text) {
                    sure.add(postings);
                }
            }
        }
    }

    pub(super) fn compare(&self, order: Order, bound: &Bound, sure: &mut Union, maybe: &mut Union) {
        match bound {
            Bound::Num(number) => {
                let number = ordered(*number);
                let end = match order {
                    Order::Gt | Order::Gte => Edge::Unbounded,
                    Order::Lt => Edge::Excluded(number),
                    Order::Lte => Edge::Included(number),
                };
                self.numbers.slices(start(order, number), end).for_each(|terms| sure.add_all(terms));
            }
            Bound::Str(text) => {
                let found = self.strings.from(start(order, &**text));
                let found = found.take_while(|(key, _)| !ends(order, key, text));
                found.for_each(|(_, postings)| sure.add(postings));
                maybe.add_bitmap(&self.long);
            }
        }
    }

    pub(super) fn starts_with(&self, prefix: &str, sure: &mut Union, maybe: &mut Union) {
        let from = self.strings.from(Edge::Included(prefix));
        from.take_while(|(text, _)| text.starts_with(prefix)).for_each(|(_, postings)| sure.add(postings));
        maybe.add_bitmap(&self.long);
    }

    /// Each distinct string is looked at once, however many rows have it.
    pub(super) fn substring(&self, part: &str, sure: &mut Union, maybe: &mut Union) {
        if part.len() <= INDEXED_STRING_BYTES_MAX {
            let all = self.strings.iter();
            all.filter(|(text, _)| contains(text, part)).for_each(|(_, postings)| sure.add(postings));
        }
        maybe.add_bitmap(&self.long);
    }

    /// Bytes on the heap, about.
    pub(super) fn heap_bytes(&self) -> usize {
        // A piece of the map is three quarters full on average.
        const ENTRY: usize = (16 + size_of::<Postings>()) * 4 / 3;
        let strings: usize =
            self.strings.iter().map(|(text, slots)| ENTRY + text.len() + slots.heap_bytes()).sum();
        let numbers: usize = self.numbers.iter().map(|(_, slots)| ENTRY - 8 + slots.heap_bytes()).sum();
        let bitmaps = [&self.nulls, &self.bools[0], &self.bools[1], &self.long];
        strings + numbers + bitmaps.into_iter().map(bitmap_bytes).sum::<usize>()
    }
}

/// Where the keys that stand so to `bound` begin.
fn start<T>(order: Order, bound: T) -> Edge<T> {
    match order {
        Order::Gt => Edge::Excluded(bound),
        Order::Gte => Edge::Included(bound),
        Order::Lt | Order::Lte => Edge::Unbounded,
    }
}

/// Whether `key` is past them.
fn ends(order: Order, key: &str, bound: &str) -> bool {
    match order {
        Order::Gt | Order::Gte => false,
        Order::Lt => key >= bound,
        Order::Lte => key > bound,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_order() {
        let sorted =
            [f64::MIN, -1.5, -1.0, -f64::MIN_POSITIVE, -5e-324, 0.0, 5e-324, 0.1, 1.0, 1e15, f64::MAX];
        for pair in sorted.windows(2) {
            assert!(ordered(pair[0]) < ordered(pair[1]), "{pair:?}");
        }
        assert_eq!(ordered(-0.0), ordered(0.0));
    }
}
