//! An allocator that counts what this thread holds, and the most that it ever held.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static COUNTS: Cell<bool> = const { Cell::new(true) };
    static HELD: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

pub struct Counter;

fn count(bytes: isize) {
    if COUNTS.get() {
        let held = HELD.get() + bytes;
        HELD.set(held);
        PEAK.set(PEAK.get().max(held));
    }
}

// SAFETY: it hands everything on to the allocator of the system. `realloc` is the default one, which has the old piece
// and the new one at the same time, as growing has at worst.
unsafe impl GlobalAlloc for Counter {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(place, layout) }
    }
}

/// Bytes that this thread holds.
pub fn held() -> usize {
    HELD.get().max(0) as usize
}

/// Does something, and says how many bytes more than before were held at the most.
pub fn peak_of<T>(work: impl FnOnce() -> T) -> (usize, T) {
    let before = HELD.get();
    PEAK.set(before);
    let done = work();
    ((PEAK.get() - before).max(0) as usize, done)
}

/// Does something that is not counted: what is not part of the store. What it takes it has to give back aside, too.
pub fn aside<T>(work: impl FnOnce() -> T) -> T {
    let counted = COUNTS.replace(false);
    let done = work();
    COUNTS.set(counted);
    done
}
