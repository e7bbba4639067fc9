//! The index itself: paths to terms, kept in step with the rows.

use roaring::RoaringBitmap;

use super::postings::bitmap_bytes;
use super::terms::Terms;
use crate::limits::INDEXED_PATHS_MAX;
use crate::metadata::path::walk;
use crate::metadata::value::Value;
use crate::sorted::SortedMap;

/// Every scalar at every path of a collection's metadata, by value.
///
/// Invariant: a path in `paths` is complete, that is, every row with a value at that path is in it. A new path
/// is therefore admitted only while no row has paths that were left out.
#[derive(Debug, Default)]
pub struct SecondaryIndex {
    pub(super) paths: SortedMap<Box<str>, PathIndex>,
    /// Slots with a value at some path that is not in `paths`.
    pub(super) left_out: RoaringBitmap,
    scratch: String,
}

/// What stands at one path.
#[derive(Debug, Default, PartialEq)]
pub(super) struct PathIndex {
    /// Slots with any value here.
    pub(super) exists: RoaringBitmap,
    /// Scalars that are the value.
    pub(super) direct: Terms,
    /// Scalars that are an element of an array that is the value.
    pub(super) elements: Terms,
}

impl SecondaryIndex {
    /// The index of no rows.
    pub fn new() -> SecondaryIndex {
        SecondaryIndex::default()
    }

    /// Adds a row. To replace the metadata of a slot, first [`remove`](SecondaryIndex::remove) the old.
    pub fn insert(&mut self, slot: u32, metadata: &Value) {
        let SecondaryIndex { paths, left_out, scratch } = self;
        // See the invariant: while rows have paths that were left out, a new path might be one of theirs.
        let open = left_out.is_empty();
        walk(metadata, scratch, &mut |path, value| {
            if let Some(index) = paths.get_mut(path) {
                index.insert(slot, value);
            } else if open && paths.len() < INDEXED_PATHS_MAX {
                let mut index = PathIndex::default();
                index.insert(slot, value);
                paths.insert(path.into(), index);
            } else {
                left_out.insert(slot);
            }
        });
    }

    /// Takes out a row; `metadata` is what was inserted for the slot. What becomes empty is freed.
    pub fn remove(&mut self, slot: u32, metadata: &Value) {
        let SecondaryIndex { paths, left_out, scratch } = self;
        left_out.remove(slot);
        walk(metadata, scratch, &mut |path, value| {
            if let Some(index) = paths.get_mut(path) {
                index.remove(slot, value);
                if index.exists.is_empty() {
                    paths.remove(path);
                }
            }
        });
    }

    /// Whether both hold the same at every path that both have. Which paths are left out beyond the bound
    /// depends on the order of writes, so that may differ.
    pub fn agrees_with(&self, other: &SecondaryIndex) -> bool {
        self.paths.iter().all(|(path, index)| other.paths.get(&**path).is_none_or(|other| index == other))
    }

    /// Bytes that the index takes, about. Looks at every term: for reports, not for hot paths.
    pub fn memory_bytes(&self) -> usize {
        let mut bytes = size_of::<SecondaryIndex>() + bitmap_bytes(&self.left_out);
        for (path, index) in self.paths.iter() {
            bytes += path.len() + size_of::<PathIndex>() + bitmap_bytes(&index.exists);
            bytes += index.direct.heap_bytes() + index.elements.heap_bytes();
        }
        bytes
    }
}

impl PathIndex {
    fn insert(&mut self, slot: u32, value: &Value) {
        self.exists.insert(slot);
        match value {
            Value::Arr(items) => items.iter().for_each(|item| self.elements.insert(slot, item)),
            scalar => self.direct.insert(slot, scalar),
        }
    }

    fn remove(&mut self, slot: u32, value: &Value) {
        self.exists.remove(slot);
        match value {
            Value::Arr(items) => items.iter().for_each(|item| self.elements.remove(slot, item)),
            scalar => self.direct.remove(slot, scalar),
        }
    }
}

#[cfg(test)]
#[path = "index_tests.rs"]
mod tests;
