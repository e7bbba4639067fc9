//! Coding with simd128: the same numbers as `encode` gives, a register at a time. What is left of a vector behind its
//! last whole register is for the caller.

use std::arch::wasm32::*;

use super::STEP;

/// Floats in a register.
const LANES: usize = 4;

/// The largest magnitude among the numbers of whole registers, and how many those are.
pub(super) fn largest(vector: &[f32]) -> (f32, usize) {
    let whole = vector.len() / LANES * LANES;
    let mut found = f32x4_splat(0.0);
    let mut at = 0;
    while at < whole {
        // SAFETY: `whole` is a multiple of four and no more than the slice holds.
        let values = unsafe { v128_load(vector.as_ptr().add(at).cast()) };
        found = f32x4_pmax(found, f32x4_abs(values));
        at += LANES;
    }
    let [a, b, c, d] = [
        f32x4_extract_lane::<0>(found),
        f32x4_extract_lane::<1>(found),
        f32x4_extract_lane::<2>(found),
        f32x4_extract_lane::<3>(found),
    ];
    (a.max(b).max(c.max(d)), whole)
}

/// 1.5 x 2^23: added to a number of less than 23 bits, it rounds to even and has the integer in its lowest bits.
const TO_INTEGER: f32 = 12_582_912.0;

/// Four codes: rounded to even, within `bound` on both sides, what is not a number 0. `bound` is an integer, so it
/// is the same whether it is applied before rounding or after. The instruction that converts takes an engine eight.
#[inline(always)]
fn codes_of(values: v128, per_unit: v128, bound: v128) -> v128 {
    let scaled = f32x4_mul(values, per_unit);
    let number = v128_and(scaled, f32x4_eq(scaled, scaled));
    let within = f32x4_pmax(f32x4_pmin(number, bound), f32x4_neg(bound));
    let to_integer = f32x4_splat(TO_INTEGER);
    i32x4_sub(f32x4_add(within, to_integer), to_integer)
}

/// Codes whole sixteens as bytes: how many numbers that are, and the sum of their codes.
pub(super) fn bytes(vector: &[f32], per_unit: f32, codes: &mut [i8]) -> (usize, i32) {
    let whole = vector.len().min(codes.len()) / STEP * STEP;
    let (per_unit, bound) = (f32x4_splat(per_unit), f32x4_splat(127.0));
    let mut sums = i32x4_splat(0);
    let mut at = 0;
    while at < whole {
        // SAFETY: `whole` is a multiple of sixteen and no more than either slice holds.
        unsafe {
            let from = vector.as_ptr().add(at);
            let first = codes_of(v128_load(from.cast()), per_unit, bound);
            let second = codes_of(v128_load(from.add(4).cast()), per_unit, bound);
            let third = codes_of(v128_load(from.add(8).cast()), per_unit, bound);
            let fourth = codes_of(v128_load(from.add(12).cast()), per_unit, bound);
            sums = i32x4_add(sums, i32x4_add(i32x4_add(first, second), i32x4_add(third, fourth)));
            let low = i16x8_narrow_i32x4(first, second);
            let high = i16x8_narrow_i32x4(third, fourth);
            v128_store(codes.as_mut_ptr().add(at).cast(), i8x16_narrow_i16x8(low, high));
        }
        at += STEP;
    }
    let sum = i32x4_extract_lane::<0>(sums)
        + i32x4_extract_lane::<1>(sums)
        + i32x4_extract_lane::<2>(sums)
        + i32x4_extract_lane::<3>(sums);
    (whole, sum)
}

/// Codes whole eights in 16 bits: how many numbers that are.
pub(super) fn wide(vector: &[f32], per_unit: f32, bound: f32, codes: &mut [i16]) -> usize {
    let whole = vector.len().min(codes.len()) / 8 * 8;
    let (per_unit, bound) = (f32x4_splat(per_unit), f32x4_splat(bound));
    let mut at = 0;
    while at < whole {
        // SAFETY: `whole` is a multiple of eight and no more than either slice holds.
        unsafe {
            let from = vector.as_ptr().add(at);
            let low = codes_of(v128_load(from.cast()), per_unit, bound);
            let high = codes_of(v128_load(from.add(4).cast()), per_unit, bound);
            v128_store(codes.as_mut_ptr().add(at).cast(), i16x8_narrow_i32x4(low, high));
        }
        at += 8;
    }
    whole
}

/// The signs of sixteen codes, the first in the lowest bit.
#[inline(always)]
pub(super) fn signs(codes: &[u8; 16]) -> u16 {
    // SAFETY: sixteen bytes, and the load asks for no alignment.
    i8x16_bitmask(unsafe { v128_load(codes.as_ptr().cast()) })
}

/// Widens whole sixteens of codes to 16 bits: how many that are.
pub(super) fn widen(codes: &[i8], wide: &mut [i16]) -> usize {
    let whole = codes.len().min(wide.len()) / STEP * STEP;
    let mut at = 0;
    while at < whole {
        // SAFETY: `whole` is a multiple of sixteen and no more than either slice holds.
        unsafe {
            let (from, to) = (codes.as_ptr().add(at), wide.as_mut_ptr().add(at));
            v128_store(to.cast(), i16x8_load_extend_i8x8(from));
            v128_store(to.add(8).cast(), i16x8_load_extend_i8x8(from.add(8)));
        }
        at += STEP;
    }
    whole
}
