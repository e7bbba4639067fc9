//! An allocator with a budget: once it is armed, what goes beyond it is refused, as it is in a tab that is full.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// What is so small is to be had for a while when nothing larger is: messages of errors are made of it.
const SMALL: usize = 512;
const LEFTOVERS: isize = 32 * 1024;

thread_local! {
    static ARMED: Cell<bool> = const { Cell::new(false) };
    /// Bytes that are left; what is freed comes back.
    static LEFT: Cell<isize> = const { Cell::new(0) };
    static REFUSED: Cell<u64> = const { Cell::new(0) };
}

pub struct Budget;

// SAFETY: it hands everything on to the allocator of the system, or refuses, which an allocator may.
unsafe impl GlobalAlloc for Budget {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // A test that fails says so with what it needs for that.
        if ARMED.get() && !std::thread::panicking() {
            let left = LEFT.get() - layout.size() as isize;
            if left < 0 && (layout.size() > SMALL || left < -LEFTOVERS) {
                REFUSED.set(REFUSED.get() + 1);
                return std::ptr::null_mut();
            }
            LEFT.set(left);
        }
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        if ARMED.get() {
            LEFT.set(LEFT.get() + layout.size() as isize);
        }
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(place, layout) }
    }
}

/// From here on this thread may take so many bytes more. A refusal that nobody expects ends the process.
pub fn arm(bytes: usize) {
    LEFT.set(bytes as isize);
    REFUSED.set(0);
    ARMED.set(true);
}

/// Somebody else takes all that is left. What is freed comes back.
pub fn take_all() {
    LEFT.set(LEFT.get().min(0));
}

/// Ends that; how often memory was refused.
pub fn disarm() -> u64 {
    ARMED.set(false);
    REFUSED.get()
}

/// Does something that is not held against the budget: what is not part of the store.
pub fn aside<T>(work: impl FnOnce() -> T) -> T {
    let armed = ARMED.replace(false);
    let done = work();
    ARMED.set(armed);
    done
}
