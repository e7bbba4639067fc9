//! The kernel for WebAssembly with simd128, which every engine that we run on has. A fused multiply-add is
//! relaxed SIMD, which the other of the two builds has, so results differ in the last bits between those, and from
//! one machine to the next: an engine may fuse or not.

use std::arch::wasm32::*;

use super::scalar::term;

// Loops over registers are written out: the wasm is built for size, and that leaves a loop a loop, with its
// sums in memory.

/// The sum of the terms of two vectors.
#[inline]
pub(super) fn pair<const L2: bool>(a: &[f32], b: &[f32]) -> f32 {
    let length = a.len().min(b.len());
    // Pointers, not slices: the functions that cut slices stay calls, two or three for each row.
    let (a, b) = (a.as_ptr(), b.as_ptr());
    // Four sums hide the latency of the addition.
    let zero = f32x4_splat(0.0);
    let (mut first, mut second, mut third, mut fourth) = (zero, zero, zero, zero);
    let mut at = 0;
    // SAFETY: both have `length` floats, and as many are left at `at` as each turn takes.
    unsafe {
        while at + 16 <= length {
            first = add_term::<L2>(first, load(a, at), load(b, at));
            second = add_term::<L2>(second, load(a, at + 4), load(b, at + 4));
            third = add_term::<L2>(third, load(a, at + 8), load(b, at + 8));
            fourth = add_term::<L2>(fourth, load(a, at + 12), load(b, at + 12));
            at += 16;
        }
        while at + 4 <= length {
            first = add_term::<L2>(first, load(a, at), load(b, at));
            at += 4;
        }
        let mut sum = total(f32x4_add(f32x4_add(first, second), f32x4_add(third, fourth)));
        while at < length {
            sum += term::<L2>(*a.add(at), *b.add(at));
            at += 1;
        }
        sum
    }
}

/// The sum of the terms of `query` and each row.
///
/// One row after another: read like this, rows come at the speed of memory. Four at a time, which would save loads of
/// the query, took three times as long (50,000 rows of 384 in Node 20: 10.9 ms, one at a time 3.6, only reading 3.4).
/// And a row has the same score to the last bit whether it is compared alone or in a scan.
pub(super) fn rows<const L2: bool>(query: &[f32], rows: &[f32], out: &mut [f32]) {
    // As in the scalar kernel: a query of width 0 must not divide by zero.
    let width = query.len().max(1);
    for (row, out) in rows.chunks_exact(width).zip(out) {
        *out = pair::<L2>(query, row);
    }
}

/// The four floats at `at`.
///
/// # Safety
/// They must be there.
#[inline(always)]
unsafe fn load(from: *const f32, at: usize) -> v128 {
    // SAFETY: the caller's four floats. `v128_load` asks for no alignment.
    unsafe { v128_load(from.add(at).cast()) }
}

#[inline(always)]
fn add_term<const L2: bool>(sum: v128, a: v128, b: v128) -> v128 {
    if L2 {
        let difference = f32x4_sub(a, b);
        multiply_add(difference, difference, sum)
    } else {
        multiply_add(a, b, sum)
    }
}

#[inline(always)]
fn multiply_add(a: v128, b: v128, sum: v128) -> v128 {
    #[cfg(target_feature = "relaxed-simd")]
    {
        f32x4_relaxed_madd(a, b, sum)
    }
    #[cfg(not(target_feature = "relaxed-simd"))]
    {
        f32x4_add(sum, f32x4_mul(a, b))
    }
}

/// The sum of the four floats of a register.
#[inline(always)]
fn total(sums: v128) -> f32 {
    (f32x4_extract_lane::<0>(sums) + f32x4_extract_lane::<2>(sums))
        + (f32x4_extract_lane::<1>(sums) + f32x4_extract_lane::<3>(sums))
}
