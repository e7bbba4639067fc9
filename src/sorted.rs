//! An ordered map: sorted pieces of bounded length in one list. The library's B-tree is as good, but each type
//! of key costs 10 to 18 KB of wasm; this costs a tenth, and one binary search finds as fast as it does.

use std::cmp::Ordering;
use std::ops::Bound;

/// A piece that grows beyond this is cut in two.
const PIECE_MAX: usize = 128;

/// Keys in order, each once, with their values.
#[derive(Clone, Debug)]
pub struct SortedMap<K, V> {
    /// None is empty, and all keys of one are less than those of the next.
    pieces: Vec<Vec<(K, V)>>,
    len: usize,
}

impl<K, V> Default for SortedMap<K, V> {
    fn default() -> Self {
        SortedMap { pieces: Vec::new(), len: 0 }
    }
}

/// The same entries; where they are cut into pieces depends on the order in which they came.
impl<K: PartialEq, V: PartialEq> PartialEq for SortedMap<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.iter().eq(other.iter())
    }
}

/// How the key of an entry stands to what is looked for.
pub trait Against<K> {
    /// The entry's key compared with this.
    fn compare(&self, key: &K) -> Ordering;
}

impl Against<u64> for u64 {
    #[inline(always)]
    fn compare(&self, key: &u64) -> Ordering {
        key.cmp(self)
    }
}

impl<K: AsRef<str>> Against<K> for &str {
    #[inline(always)]
    fn compare(&self, key: &K) -> Ordering {
        key.as_ref().cmp(self)
    }
}

/// Where an entry stands, or would.
#[derive(Clone, Copy)]
struct Place {
    piece: usize,
    at: usize,
}

impl<K, V> SortedMap<K, V> {
    /// Without entries.
    pub const fn new() -> Self {
        SortedMap { pieces: Vec::new(), len: 0 }
    }

    /// Entries.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes that `more` entries may take beside what they point to, about: each may cut the piece that it comes into.
    pub fn room_for(&self, more: usize) -> usize {
        let pieces = more.min(self.pieces.len() + 1) + more / (PIECE_MAX / 2);
        pieces * PIECE_MAX * 3 / 2 * size_of::<(K, V)>() + self.pieces.len() * 2 * size_of::<Vec<(K, V)>>()
    }

    /// The first entry whose key is not less than this, or `past` it; and whether that is equal.
    #[inline(never)]
    fn place(&self, key: &impl Against<K>, past: bool) -> (Place, bool) {
        let before = |entry: Option<&(K, V)>| {
            entry.is_some_and(|entry| match key.compare(&entry.0) {
                Ordering::Less => true,
                Ordering::Equal => past,
                Ordering::Greater => false,
            })
        };
        let piece = first_not(self.pieces.len(), |piece| before(self.pieces[piece].last()));
        let Some(entries) = self.pieces.get(piece) else { return (Place { piece, at: 0 }, false) };
        let at = first_not(entries.len(), |at| before(entries.get(at)));
        let equal = entries.get(at).is_some_and(|entry| key.compare(&entry.0).is_eq());
        (Place { piece, at }, equal)
    }

    fn at(&self, key: &impl Against<K>) -> Option<&(K, V)> {
        match self.place(key, false) {
            (place, true) => self.pieces.get(place.piece)?.get(place.at),
            _ => None,
        }
    }

    /// The value of a key.
    pub fn get(&self, key: impl Against<K>) -> Option<&V> {
        self.at(&key).map(|(_, value)| value)
    }

    /// Whether there is this key.
    pub fn contains(&self, key: impl Against<K>) -> bool {
        self.at(&key).is_some()
    }

    /// The value of a key, to be changed.
    pub fn get_mut(&mut self, key: impl Against<K>) -> Option<&mut V> {
        match self.place(&key, false) {
            (place, true) => self.pieces.get_mut(place.piece)?.get_mut(place.at).map(|(_, value)| value),
            _ => None,
        }
    }

    /// Takes an entry out.
    pub fn remove(&mut self, key: impl Against<K>) -> Option<V> {
        let (Place { piece, at }, true) = self.place(&key, false) else { return None };
        let entries = self.pieces.get_mut(piece)?;
        let (_, value) = entries.remove(at);
        if entries.is_empty() {
            self.pieces.remove(piece);
        }
        self.len -= 1;
        Some(value)
    }

    /// All entries in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&K, &V)> {
        self.pieces.iter().flatten().map(|(key, value)| (key, value))
    }

    /// All keys in order.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &K> {
        self.iter().map(|(key, _)| key)
    }

    /// The values in the order of their keys.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }

    fn beginning<A: Against<K>>(&self, start: &Bound<A>) -> Place {
        match start {
            Bound::Included(key) => self.place(key, false).0,
            Bound::Excluded(key) => self.place(key, true).0,
            Bound::Unbounded => Place { piece: 0, at: 0 },
        }
    }

    /// The entries from `start` up to `end`, in order, in a few slices: for those who go over very many.
    pub fn slices<A: Against<K>>(&self, start: Bound<A>, end: Bound<A>) -> impl Iterator<Item = &[(K, V)]> {
        let start = self.beginning(&start);
        let end = match &end {
            Bound::Included(key) => self.place(key, true).0,
            Bound::Excluded(key) => self.place(key, false).0,
            Bound::Unbounded => Place { piece: self.pieces.len(), at: 0 },
        };
        (start.piece..self.pieces.len().min(end.piece + 1)).filter_map(move |piece| {
            let entries = self.pieces.get(piece)?;
            let first = if piece == start.piece { start.at } else { 0 };
            entries.get(first..if piece == end.piece { end.at } else { entries.len() })
        })
    }

    /// The entries from `start` on, in order.
    pub fn from<A: Against<K>>(&self, start: Bound<A>) -> impl Iterator<Item = (&K, &V)> {
        let place = self.beginning(&start);
        let entries = self.pieces.get(place.piece..).unwrap_or_default().iter().flatten();
        entries.skip(place.at).map(|(key, value)| (key, value))
    }
}

/// The first number below `end` that `before` does not hold for. Inlined: in a build for size the library's own
/// binary search calls a function for every comparison.
#[inline(always)]
fn first_not(end: usize, before: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, end);
    while low < high {
        let middle = (low + high) / 2;
        if before(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

impl<K: Ord, V> SortedMap<K, V> {
    /// Puts a value under a key; gives back the one that was there.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        let (Place { piece, at }, equal) = self.place(&Whole(&key), false);
        // Past the last piece: the last one grows.
        let last = self.pieces.len().wrapping_sub(1);
        let Some(entries) = self.pieces.get_mut(piece.min(last)) else {
            self.pieces.push(vec![(key, value)]);
            self.len = 1;
            return None;
        };
        if equal {
            return entries.get_mut(at).map(|entry| std::mem::replace(&mut entry.1, value));
        }
        let (mut piece, mut at) = if piece > last { (last, entries.len()) } else { (piece, at) };
        self.len += 1;
        if entries.len() >= PIECE_MAX {
            // Cut before it grows, which would double the room it takes. Keys often come in order: then it stays full.
            let cut = if at == entries.len() { at } else { PIECE_MAX / 2 };
            let rest = entries.split_off(cut);
            self.pieces.insert(piece + 1, rest);
            if at >= cut {
                (piece, at) = (piece + 1, at - cut);
            }
        }
        if let Some(entries) = self.pieces.get_mut(piece) {
            entries.insert(at, (key, value));
        }
        None
    }
}

impl SortedMap<u64, u64> {
    /// Adds to the number of a key, which begins at 0.
    pub fn add(&mut self, key: u64, count: u64) {
        match self.get_mut(key) {
            Some(sum) => *sum += count,
            None => drop(self.insert(key, count)),
        }
    }
}

/// A key looked for as itself.
struct Whole<'k, K>(&'k K);

impl<K: Ord> Against<K> for Whole<'_, K> {
    fn compare(&self, key: &K) -> Ordering {
        key.cmp(self.0)
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for SortedMap<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = SortedMap::new();
        entries.into_iter().for_each(|(key, value)| drop(map.insert(key, value)));
        map
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};
    use std::collections::BTreeMap;
    use std::ops::RangeBounds;

    fn agree(map: &SortedMap<u64, u64>, oracle: &BTreeMap<u64, u64>) {
        assert_eq!((map.len(), map.is_empty()), (oracle.len(), oracle.is_empty()));
        assert!(map.iter().eq(oracle.iter()));
        assert!(map.iter().rev().eq(oracle.iter().rev()));
        assert!(map.pieces.iter().all(|piece| !piece.is_empty() && piece.len() <= PIECE_MAX));
    }

    #[test]
    fn does_what_a_btree_does() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(128);
        for keys in [1, 10, 300, 5000u64] {
            let (mut map, mut oracle) = (SortedMap::new(), BTreeMap::new());
            for step in 0..6000 {
                let key = rng.random_range(0..keys);
                // It grows at first and shrinks later.
                if rng.random_range(0..6000) > step {
                    assert_eq!(map.insert(key, step), oracle.insert(key, step));
                } else {
                    assert_eq!(map.remove(key), oracle.remove(&key));
                }
                let probe = rng.random_range(0..=keys);
                assert_eq!(
                    (map.get(probe), map.contains(probe)),
                    (oracle.get(&probe), oracle.contains_key(&probe))
                );
                assert_eq!(map.get_mut(probe), oracle.get_mut(&probe));
                if step % 100 == 0 {
                    agree(&map, &oracle);
                    for start in [Bound::Included(probe), Bound::Excluded(probe), Bound::Unbounded] {
                        assert!(map.from(start).eq(oracle.range((start, Bound::Unbounded))), "{start:?}");
                        for end in [Bound::Included(step), Bound::Excluded(keys), Bound::Unbounded] {
                            let found = map.slices(start, end).flatten().map(|(key, value)| (key, value));
                            let wanted = oracle.iter().filter(|(key, _)| (start, end).contains(*key));
                            assert!(found.eq(wanted), "{start:?} {end:?}");
                        }
                    }
                }
            }
            oracle.keys().for_each(|key| assert!(map.remove(*key).is_some()));
            agree(&map, &BTreeMap::new());
        }
    }

    #[test]
    fn keys_in_order_fill_the_pieces() {
        let map: SortedMap<u64, u64> = (0..10_000).map(|key| (key, key)).collect();
        agree(&map, &(0..10_000).map(|key| (key, key)).collect());
        assert!(map.pieces.len() <= 10_000 / PIECE_MAX + 1);
        let map: SortedMap<u64, u64> = (0..10_000).rev().map(|key| (key, key)).collect();
        agree(&map, &(0..10_000).map(|key| (key, key)).collect());
    }

    #[test]
    fn counts_add_up() {
        let mut map = SortedMap::new();
        [(2, 5), (1, 1), (2, 6)].into_iter().for_each(|(key, count)| map.add(key, count));
        assert!(map.keys().eq(&[1, 2]) && map.values().eq(&[1, 11]));
    }

    #[test]
    fn strings_are_found_by_slices() {
        let mut map: SortedMap<Box<str>, u32> =
            ["b", "", "a", "bb"].map(|key| (key.into(), 1)).into_iter().collect();
        assert_eq!(map.iter().map(|(key, _)| &**key).collect::<String>(), "abbb");
        assert!(map.contains("") && !map.contains("c"));
        assert_eq!(map.from(Bound::Excluded("a")).count(), 2);
        assert_eq!((map.remove("a"), map.remove("a")), (Some(1), None));
    }
}
