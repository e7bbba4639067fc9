//! What a check holds beside what is in memory: counted, byte by byte.

use super::support::{block_on, open, rows};
use lodestore::collection::{Config, IndexKind, Memory, Quantization};
use lodestore::index::Metric;
use lodestore::storage::MemoryStorage;
use lodestore::store::Target;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
}

struct Counter;

// SAFETY: it hands everything on to the allocator of the system.
unsafe impl GlobalAlloc for Counter {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.set(HELD.get() + layout.size() as isize);
        MOST.set(MOST.get().max(HELD.get()));
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        HELD.set(HELD.get() - layout.size() as isize);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static COUNTER: Counter = Counter;

const DIMENSION: usize = 256;
const ROWS: usize = 20 * 1024;

#[test]
fn a_check_holds_a_block_and_a_window_of_the_log_and_no_second_copy() {
    for memory in [Memory::Full, Memory::Codes] {
        let db = open(MemoryStorage::new()).unwrap();
        let quantization = Quantization::Int8;
        let config =
            Config { memory, quantization, ..Config::new(DIMENSION, Metric::Cosine, IndexKind::Flat) };
        block_on(db.collection("c", Some(config))).unwrap();
        for first in (0..ROWS).step_by(1_024) {
            block_on(db.upsert("c", rows("r", first..first + 1_024, DIMENSION))).unwrap();
        }
        block_on(db.checkpoint()).unwrap();
        // Two snapshots that share nearly everything, and a log of another tenth behind them.
        block_on(db.upsert("c", rows("r", 0..10, DIMENSION))).unwrap();
        block_on(db.checkpoint()).unwrap();
        for first in (0..ROWS).step_by(10_240) {
            block_on(db.upsert("c", rows("r", first..first + 1_024, DIMENSION))).unwrap();
        }
        let ids = (5_000..5_500).map(|n| format!("r{n}")).collect();
        block_on(db.delete("c", Target::Ids(ids))).unwrap();
        let before = HELD.get();
        MOST.set(before);
        let report = block_on(db.check()).unwrap();
        let extra = MOST.get() - before;
        // All but the 500 that were deleted.
        assert!(report.ok && report.rows == ROWS as u64 - 500 && report.blocks > 40, "{report:?}");
        let group = 1_024 * DIMENSION * 4;
        // The log, which is shorter than a window, and a write as it is decoded; a block; some bits for each row.
        let bound = 2 * (2 * group + group / 8) + 3 * group + ROWS * 4;
        println!("{extra} bytes for {} of vectors, bound {bound}", ROWS * DIMENSION * 4);
        assert!(extra < bound as isize, "{extra} of {bound}");
    }
}
