//! Blocks files and logs that somebody reads: they stay until nobody does.

use super::database::Inner;
use std::rc::Rc;

/// Keeps blocks files and logs from being removed until dropped.
pub struct Pinned<S, E> {
    pub inner: Rc<Inner<S, E>>,
    files: Vec<u64>,
}

impl<S, E> Pinned<S, E> {
    /// Pins the files of these generations, each once.
    pub fn of(inner: Rc<Inner<S, E>>, mut files: Vec<u64>) -> Pinned<S, E> {
        files.sort_unstable();
        files.dedup();
        for file in &files {
            inner.disk.borrow_mut().pins.add(*file, 1);
        }
        Pinned { inner, files }
    }
}

impl<S, E> Drop for Pinned<S, E> {
    fn drop(&mut self) {
        let mut disk = self.inner.disk.borrow_mut();
        for file in &self.files {
            let left = disk.pins.get(*file).map_or(0, |pins| pins.saturating_sub(1));
            if left == 0 {
                disk.pins.remove(*file);
            } else {
                disk.pins.insert(*file, left);
            }
        }
    }
}
