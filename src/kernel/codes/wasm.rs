//! The functions on codes for WebAssembly with simd128. Four rows are taken at a time and written out by hand, since
//! the wasm is built for size.

use std::arch::wasm32::*;

use super::scalar::hamming;
use super::{STEP, shared, whole_rows};

/// Bytes of a line of the cache.
const LINE: usize = 64;

/// Steps after which a count of bits in a byte (8 each) could leave u8.
const STEPS_IN_A_BYTE: usize = 31;

/// The products of a query in 16 bits with one row, summed.
pub(super) fn wide(query: &[i16], row: &[i8]) -> i32 {
    let length = shared(query.len(), [row; 4]);
    let (query, row) = (query.as_ptr(), row.as_ptr());
    let mut sum = i32x4_splat(0);
    let mut at = 0;
    while at < length {
        // SAFETY: `length` is a multiple of 16 and no more than either slice holds, so the 16 codes at `at` are
        // within both. These loads ask for no alignment.
        unsafe {
            let (low, high) = (v128_load(query.add(at).cast()), v128_load(query.add(at + 8).cast()));
            sum = add_products(sum, low, high, row.add(at));
        }
        at += STEP;
    }
    totals([sum, sum, sum, sum])[0]
}

/// The same with four rows.
pub(super) fn wide4(query: &[i16], rows: [&[i8]; 4]) -> [i32; 4] {
    let length = shared(query.len(), rows);
    let (query, [a, b, c, d]) = (query.as_ptr(), starts(rows));
    let zero = i32x4_splat(0);
    let (mut sum_a, mut sum_b, mut sum_c, mut sum_d) = (zero, zero, zero, zero);
    let mut at = 0;
    while at < length {
        // SAFETY: as in `wide`: `length` is the least of the five lengths in whole steps.
        unsafe {
            let (low, high) = (v128_load(query.add(at).cast()), v128_load(query.add(at + 8).cast()));
            sum_a = add_products(sum_a, low, high, a.add(at));
            sum_b = add_products(sum_b, low, high, b.add(at));
            sum_c = add_products(sum_c, low, high, c.add(at));
            sum_d = add_products(sum_d, low, high, d.add(at));
        }
        at += STEP;
    }
    totals([sum_a, sum_b, sum_c, sum_d])
}

/// The same with eight rows, in steps of eight codes: what a machine can have under way of reads from memory.
pub(super) fn wide8(query: &[i16], rows: [&[i8]; 8]) -> [i32; 8] {
    let [a, b, c, d, e, f, g, h] = rows;
    let length = shared(query.len(), [a, b, c, d]).min(shared(query.len(), [e, f, g, h]));
    let (query, [a, b, c, d], [e, f, g, h]) = (query.as_ptr(), starts([a, b, c, d]), starts([e, f, g, h]));
    let zero = i32x4_splat(0);
    let (mut sum_a, mut sum_b, mut sum_c, mut sum_d) = (zero, zero, zero, zero);
    let (mut sum_e, mut sum_f, mut sum_g, mut sum_h) = (zero, zero, zero, zero);
    let mut touched = 0;
    let mut at = 0;
    while at < length {
        // SAFETY: `at` is below the least of the lengths.
        unsafe {
            touched ^= *a.add(at) ^ *b.add(at) ^ *c.add(at) ^ *d.add(at);
            touched ^= *e.add(at) ^ *f.add(at) ^ *g.add(at) ^ *h.add(at);
        }
        at += LINE;
    }
    std::hint::black_box(touched);
    let mut at = 0;
    while at < length {
        // SAFETY: as in `wide`: `length` is the least of the nine lengths in whole steps, and half a step is taken.
        unsafe {
            let eight = v128_load(query.add(at).cast());
            sum_a = i32x4_add(sum_a, i32x4_dot_i16x8(eight, i16x8_load_extend_i8x8(a.add(at))));
            sum_b = i32x4_add(sum_b, i32x4_dot_i16x8(eight, i16x8_load_extend_i8x8(b.add(at))));
            sum_c = i32x4_add(sum_c, i32x4_dot_i16x8(eight, i16x8_load_extend_i8x8(c.add(at))));
            sum_d = i32x4_add(sum_d, i32x4_dot_i16x8(eight, i16x8_load_extend_i8x8(d.add(at))));
            sum_e = i32x4_add(sum_e, i32x4_dot_i16x8(eight, i16x8_load_extend_i8x8(e.add(at))));
            sum_f = i32x4_add(sum_f, i32x4_dot_i16x8(eight, i16x8_load_extend_i8x8(f.add(at))));
            sum_g = i32x4_add(sum_g, i32x4_dot_i16x8(eight, i16x8_load_extend_i8x8(g.add(at))));
            sum_h = i32x4_add(sum_h, i32x4_dot_i16x8(eight, i16x8_load_extend_i8x8(h.add(at))));
        }
        at += STEP / 2;
    }
    let [a, b, c, d] = totals([sum_a, sum_b, sum_c, sum_d]);
    let [e, f, g, h] = totals([sum_e, sum_f, sum_g, sum_h]);
    [a, b, c, d, e, f, g, h]
}

/// Adds the products of sixteen numbers of a query with sixteen codes.
///
/// # Safety
/// `row` must point to sixteen codes.
#[inline(always)]
unsafe fn add_products(sum: v128, low: v128, high: v128, row: *const i8) -> v128 {
    // SAFETY: the caller's sixteen codes, eight at a time.
    let (row_low, row_high) = unsafe { (i16x8_load_extend_i8x8(row), i16x8_load_extend_i8x8(row.add(8))) };
    i32x4_add(sum, i32x4_add(i32x4_dot_i16x8(low, row_low), i32x4_dot_i16x8(high, row_high)))
}

/// Where each row begins. By hand: `map` becomes a loop and a call, which cost as much as a short row.
#[inline(always)]
pub(super) fn starts<T>(rows: [&[T]; 4]) -> [*const T; 4] {
    let [a, b, c, d] = rows;
    [a.as_ptr(), b.as_ptr(), c.as_ptr(), d.as_ptr()]
}

/// The sum of the four numbers of each register.
#[inline(always)]
pub(super) fn totals(sums: [v128; 4]) -> [i32; 4] {
    let all = total_register(sums);
    [
        i32x4_extract_lane::<0>(all),
        i32x4_extract_lane::<1>(all),
        i32x4_extract_lane::<2>(all),
        i32x4_extract_lane::<3>(all),
    ]
}

/// The same in a register.
#[inline(always)]
pub(super) fn total_register(sums: [v128; 4]) -> v128 {
    let [a, b, c, d] = sums;
    let ab = i32x4_add(i32x4_shuffle::<0, 4, 1, 5>(a, b), i32x4_shuffle::<2, 6, 3, 7>(a, b));
    let cd = i32x4_add(i32x4_shuffle::<0, 4, 1, 5>(c, d), i32x4_shuffle::<2, 6, 3, 7>(c, d));
    i32x4_add(i32x4_shuffle::<0, 1, 4, 5>(ab, cd), i32x4_shuffle::<2, 3, 6, 7>(ab, cd))
}

/// See [`super::hamming_scores`].
pub(super) fn hamming_scores(query: &[u8], rows: &[u8], stride: usize, out: &mut [f32]) {
    let (length, stride) = (query.len() / STEP * STEP, stride.max(1));
    let count = whole_rows(rows.len(), length, stride).min(out.len());
    let (fours, rest) = out[..count].as_chunks_mut::<4>();
    let mut at = 0;
    for four in fours {
        // SAFETY: `length` is no more than `query` holds, and these four of the `count` rows end within `rows`
        // (`whole_rows`).
        unsafe {
            let first = rows.as_ptr().add(at * stride);
            let rows = [first, first.add(stride), first.add(2 * stride), first.add(3 * stride)];
            let counts = f32x4_convert_i32x4(differing4(query.as_ptr(), rows, length));
            v128_store(four.as_mut_ptr().cast(), f32x4_neg(counts));
        }
        at += 4;
    }
    for out in rest {
        *out = -(hamming(&query[..length], &rows[at * stride..]) as f32);
        at += 1;
    }
}

/// The bits in which four rows differ from a query.
///
/// # Safety
/// `length` must be a multiple of 16, and all five pointers must point to as many bytes.
#[inline(always)]
unsafe fn differing4(query: *const u8, rows: [*const u8; 4], length: usize) -> v128 {
    let [a, b, c, d] = rows;
    let zero = i32x4_splat(0);
    let (mut sum_a, mut sum_b, mut sum_c, mut sum_d) = (zero, zero, zero, zero);
    let mut at = 0;
    while at < length {
        // Bits are counted in bytes, which add up faster than anything wider, for as long as they fit.
        let end = length.min(at + STEPS_IN_A_BYTE * STEP);
        let (mut in_a, mut in_b, mut in_c, mut in_d) = (zero, zero, zero, zero);
        while at < end {
            // SAFETY: the caller's `length` bytes, in whole steps.
            unsafe {
                let bits = v128_load(query.add(at).cast());
                in_a = i8x16_add(in_a, i8x16_popcnt(v128_xor(bits, v128_load(a.add(at).cast()))));
                in_b = i8x16_add(in_b, i8x16_popcnt(v128_xor(bits, v128_load(b.add(at).cast()))));
                in_c = i8x16_add(in_c, i8x16_popcnt(v128_xor(bits, v128_load(c.add(at).cast()))));
                in_d = i8x16_add(in_d, i8x16_popcnt(v128_xor(bits, v128_load(d.add(at).cast()))));
            }
            at += STEP;
        }
        sum_a = i32x4_add(sum_a, widened(in_a));
        sum_b = i32x4_add(sum_b, widened(in_b));
        sum_c = i32x4_add(sum_c, widened(in_c));
        sum_d = i32x4_add(sum_d, widened(in_d));
    }
    total_register([sum_a, sum_b, sum_c, sum_d])
}

/// Sixteen numbers of 8 bits, added up to four of 32.
#[inline(always)]
fn widened(bytes: v128) -> v128 {
    u32x4_extadd_pairwise_u16x8(u16x8_extadd_pairwise_u8x16(bytes))
}
