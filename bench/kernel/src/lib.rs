//! A bare loop over one array with the library's own kernel: what an exact search cannot beat.

use std::cell::RefCell;

// The source file and not the crate: that one brings its exports to JavaScript along, and the imports they need.
#[allow(dead_code, unused_imports)]
#[path = "../../../src/kernel/mod.rs"]
mod kernel;

thread_local! {
    static FLOOR: RefCell<Floor> = const { RefCell::new(Floor { rows: Vec::new(), query: Vec::new(), scores: Vec::new() }) };
}

struct Floor {
    rows: Vec<f32>,
    query: Vec<f32>,
    scores: Vec<f32>,
}

/// Makes room for `count` rows of `dimension` floats and returns where they are to be written.
#[unsafe(no_mangle)]
pub extern "C" fn rows(count: usize, dimension: usize) -> *mut f32 {
    FLOOR.with_borrow_mut(|floor| {
        floor.rows = vec![0.0; count * dimension];
        floor.query = vec![0.0; dimension];
        floor.scores = vec![0.0; count];
        floor.rows.as_mut_ptr()
    })
}

/// Where the query is to be written; after [`rows`].
#[unsafe(no_mangle)]
pub extern "C" fn query() -> *mut f32 {
    FLOOR.with_borrow_mut(|floor| floor.query.as_mut_ptr())
}

/// Compares the query with all rows and returns the highest dot product, so that no compiler can leave any out.
#[unsafe(no_mangle)]
pub extern "C" fn scan() -> f32 {
    FLOOR.with_borrow_mut(|Floor { rows, query, scores }| {
        kernel::dot_rows(query, rows, scores);
        scores.iter().copied().fold(f32::NEG_INFINITY, f32::max)
    })
}
