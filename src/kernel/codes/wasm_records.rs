//! Scores of records with simd128, and with relaxed SIMD where the query is coded for that.
//!
//! Two rows at a time. Unlike rows anywhere in memory, rows one after another are fetched before they are asked for,
//! as long as few are read at once: over 50,000 rows of 384 four at a time took 1.0 to 1.2 ms, two 0.8 to 0.9 (relaxed
//! SIMD 1.0 and 0.6; Node 20 and Chromium on an EPYC). What lies behind the codes is taken four rows at a time.

use std::arch::wasm32::*;

use super::records::{Records, Terms};
use super::wasm::total_register;
use super::{ByteQuery, STEP};

/// See [`ByteQuery::score_records`]; there are as many records as scores.
pub(super) fn score(query: &ByteQuery, terms: Terms, records: Records<'_>, scores: &mut [f32]) {
    #[cfg(target_feature = "relaxed-simd")]
    if query.moved() != 0 {
        return score_all::<true>(query.narrow.as_ptr(), query.moved(), terms, records, scores);
    }
    score_all::<false>(query.wide.as_ptr().cast(), 0, terms, records, scores);
}

fn score_all<const NARROW: bool>(
    query: *const u8,
    moved: i32,
    terms: Terms,
    records: Records<'_>,
    scores: &mut [f32],
) {
    let Records { bytes, stride, length } = records;
    let (moved, factor, base) = (i32x4_splat(moved), f32x4_splat(terms.factor), f32x4_splat(terms.base));
    let mut first = bytes.as_ptr();
    for places in scores.chunks_mut(4) {
        let last = places.len() - 1;
        // SAFETY: the caller's records, of which one stands in for those that are missing behind the last; the query
        // has `length` codes (`score_records`).
        unsafe {
            let (b, c) = (first.add(1.min(last) * stride), first.add(2.min(last) * stride));
            let rows = [first, b, c, first.add(last * stride)];
            let four = score_four::<NARROW>(query, rows, length, moved, factor, base);
            match places {
                [_, _, _, _] => v128_store(places.as_mut_ptr().cast(), four),
                _ => store_some(four, places),
            }
            first = first.add(4 * stride);
        }
    }
}

/// Stores the first few of four numbers.
fn store_some(four: v128, places: &mut [f32]) {
    let four = [f32x4_extract_lane::<0>(four), f32x4_extract_lane::<1>(four), f32x4_extract_lane::<2>(four)];
    places.iter_mut().zip(four).for_each(|(place, number)| *place = number);
}

/// # Safety
/// `query` must point to `length` codes, a multiple of 16, and each of `rows` to as many and a register behind them.
#[inline(always)]
unsafe fn score_four<const NARROW: bool>(
    query: *const u8,
    rows: [*const u8; 4],
    length: usize,
    moved: v128,
    factor: v128,
    base: v128,
) -> v128 {
    let [a, b, c, d] = rows;
    // SAFETY: the caller's rows.
    unsafe {
        let (first, second) = products_of_two::<NARROW>(query, a, b, length);
        let (third, fourth) = products_of_two::<NARROW>(query, c, d, length);
        let products = total_register([first, second, third, fourth]);
        let (a, b) = (v128_load(a.add(length).cast()), v128_load(b.add(length).cast()));
        let (c, d) = (v128_load(c.add(length).cast()), v128_load(d.add(length).cast()));
        // From sum, factor, base of each row to the sums, factors, bases of all.
        let (ab, cd) = (i32x4_shuffle::<0, 4, 1, 5>(a, b), i32x4_shuffle::<0, 4, 1, 5>(c, d));
        let (sums, factors) = (i64x2_shuffle::<0, 2>(ab, cd), i64x2_shuffle::<1, 3>(ab, cd));
        let (ab, cd) = (i32x4_shuffle::<2, 6, 2, 6>(a, b), i32x4_shuffle::<2, 6, 2, 6>(c, d));
        let bases = i64x2_shuffle::<0, 2>(ab, cd);
        let products = f32x4_convert_i32x4(i32x4_sub(products, i32x4_mul(sums, moved)));
        f32x4_sub(f32x4_mul(f32x4_mul(factor, factors), products), f32x4_add(base, bases))
    }
}

/// The products of two rows, four sums of each.
///
/// # Safety
/// As [`score_four`].
#[inline(always)]
unsafe fn products_of_two<const NARROW: bool>(
    query: *const u8,
    a: *const u8,
    b: *const u8,
    length: usize,
) -> (v128, v128) {
    let (mut sum_a, mut sum_b) = (i32x4_splat(0), i32x4_splat(0));
    let mut at = 0;
    // SAFETY: whole steps of the caller's `length` codes.
    unsafe {
        #[cfg(target_feature = "relaxed-simd")]
        if NARROW {
            use super::relaxed::add_products;
            // Two steps a turn, as in `narrow4`.
            while at + 2 * STEP <= length {
                let (low, high) = (v128_load(query.add(at).cast()), v128_load(query.add(at + STEP).cast()));
                sum_a = add_products(sum_a, low, a.add(at).cast());
                sum_b = add_products(sum_b, low, b.add(at).cast());
                sum_a = add_products(sum_a, high, a.add(at + STEP).cast());
                sum_b = add_products(sum_b, high, b.add(at + STEP).cast());
                at += 2 * STEP;
            }
            if at < length {
                let last = v128_load(query.add(at).cast());
                sum_a = add_products(sum_a, last, a.add(at).cast());
                sum_b = add_products(sum_b, last, b.add(at).cast());
            }
            return (sum_a, sum_b);
        }
        while at < length {
            let (low, high) =
                (v128_load(query.add(2 * at).cast()), v128_load(query.add(2 * at + STEP).cast()));
            sum_a = i32x4_add(sum_a, i32x4_dot_i16x8(low, i16x8_load_extend_i8x8(a.add(at).cast())));
            sum_b = i32x4_add(sum_b, i32x4_dot_i16x8(low, i16x8_load_extend_i8x8(b.add(at).cast())));
            sum_a = i32x4_add(sum_a, i32x4_dot_i16x8(high, i16x8_load_extend_i8x8(a.add(at + 8).cast())));
            sum_b = i32x4_add(sum_b, i32x4_dot_i16x8(high, i16x8_load_extend_i8x8(b.add(at + 8).cast())));
            at += STEP;
        }
    }
    (sum_a, sum_b)
}
