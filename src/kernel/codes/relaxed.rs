//! Products of codes with relaxed SIMD: one instruction multiplies sixteen pairs and adds them up by fours.
//!
//! Engines may choose among results where the query's numbers do not fit in 7 bits, or where two products
//! added do not fit in 16. Neither happens: the query's are in 0..=127, and two products are at most
//! `2 x 127 x 128 = 32,512`. So the result is exact and the same everywhere.

use std::arch::wasm32::*;

use super::wasm::{starts, totals};
use super::{STEP, shared};

/// The products of a query of numbers in 0..=127 with one row, summed.
pub(super) fn narrow(query: &[u8], row: &[i8]) -> i32 {
    let length = shared(query.len(), [row; 4]);
    let (query, row) = (query.as_ptr(), row.as_ptr());
    let mut sum = i32x4_splat(0);
    let mut at = 0;
    while at < length {
        // SAFETY: `length` is a multiple of 16 and no more than either slice holds, so the 16 bytes at `at` are
        // within both. These loads ask for no alignment.
        unsafe {
            sum = add_products(sum, v128_load(query.add(at).cast()), row.add(at));
        }
        at += STEP;
    }
    totals([sum, sum, sum, sum])[0]
}

/// The same with four rows.
pub(super) fn narrow4(query: &[u8], rows: [&[i8]; 4]) -> [i32; 4] {
    let length = shared(query.len(), rows);
    let (query, [a, b, c, d]) = (query.as_ptr(), starts(rows));
    let zero = i32x4_splat(0);
    let (mut sum_a, mut sum_b, mut sum_c, mut sum_d) = (zero, zero, zero, zero);
    let mut at = 0;
    // Two steps a turn: with one, counting costs as much as a third of the products.
    while at + 2 * STEP <= length {
        // SAFETY: as in `narrow`: `length` is the least of the five lengths in whole steps, and two are left.
        unsafe {
            let (low, high) = (v128_load(query.add(at).cast()), v128_load(query.add(at + STEP).cast()));
            sum_a = add_products(add_products(sum_a, low, a.add(at)), high, a.add(at + STEP));
            sum_b = add_products(add_products(sum_b, low, b.add(at)), high, b.add(at + STEP));
            sum_c = add_products(add_products(sum_c, low, c.add(at)), high, c.add(at + STEP));
            sum_d = add_products(add_products(sum_d, low, d.add(at)), high, d.add(at + STEP));
        }
        at += 2 * STEP;
    }
    if at < length {
        // SAFETY: the one step that is left.
        unsafe {
            let last = v128_load(query.add(at).cast());
            sum_a = add_products(sum_a, last, a.add(at));
            sum_b = add_products(sum_b, last, b.add(at));
            sum_c = add_products(sum_c, last, c.add(at));
            sum_d = add_products(sum_d, last, d.add(at));
        }
    }
    totals([sum_a, sum_b, sum_c, sum_d])
}

/// Adds the products of sixteen numbers of a query with sixteen codes.
///
/// # Safety
/// `row` must point to sixteen codes.
#[inline(always)]
pub(super) unsafe fn add_products(sum: v128, query: v128, row: *const i8) -> v128 {
    // SAFETY: the caller's sixteen codes.
    i32x4_relaxed_dot_i8x16_i7x16_add(unsafe { v128_load(row.cast()) }, query, sum)
}
