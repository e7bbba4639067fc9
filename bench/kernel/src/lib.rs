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

/// Reads all rows once and does next to nothing with them: what memory itself costs, which no exact search can beat
/// that looks at every number.
#[cfg(target_feature = "simd128")]
#[unsafe(no_mangle)]
pub extern "C" fn read() -> u32 {
    use std::arch::wasm32::{i32x4_extract_lane, u32x4_splat, v128_load, v128_xor};
    FLOOR.with_borrow(|floor| {
        let mut mixed = [u32x4_splat(0); 8];
        for block in floor.rows.as_chunks::<32>().0 {
            for (i, lane) in mixed.iter_mut().enumerate() {
                // SAFETY: a block is 32 floats, and `i` is below eight.
                *lane = v128_xor(*lane, unsafe { v128_load(block.as_ptr().add(4 * i).cast()) });
            }
        }
        let all = mixed.into_iter().fold(u32x4_splat(0), |sum, lane| v128_xor(sum, lane));
        // Returned, so that no compiler can leave the loads out.
        i32x4_extract_lane::<0>(all) as u32
    })
}
