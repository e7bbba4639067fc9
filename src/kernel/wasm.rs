//! The kernel for WebAssembly with simd128, which every engine that we run on has. A fused multiply-add is
//! relaxed SIMD, which the other of the two builds has, so results differ in the last bits between those, and from
//! one machine to the next: an engine may fuse or not.

use std::arch::wasm32::*;

use super::scalar::term;

// Loops over registers are written out: the wasm is built for size, and that leaves a loop a loop, with its
// sums in memory.

/// The sum of the terms of two vectors, added in the order in which [`four_rows`] adds them: so a row has the same
/// score to the last bit whether it is compared alone or in a scan, and equal rows tie.
#[inline]
pub(super) fn pair<const L2: bool>(a: &[f32], b: &[f32]) -> f32 {
    let length = a.len().min(b.len());
    let (a, b) = (&a[..length], &b[..length]);
    let zero = f32x4_splat(0.0);
    let (mut low, mut high) = (zero, zero);
    let mut at = 0;
    while at + 8 <= length {
        low = add_term::<L2>(low, load(a, at), load(b, at));
        high = add_term::<L2>(high, load(a, at + 4), load(b, at + 4));
        at += 8;
    }
    let mut sum = total(f32x4_add(low, high));
    for (a, b) in a[at..].iter().zip(&b[at..]) {
        sum += term::<L2>(*a, *b);
    }
    sum
}

/// The sum of the terms of `query` and each row.
pub(super) fn rows<const L2: bool>(query: &[f32], rows: &[f32], out: &mut [f32]) {
    // As in the scalar kernel: a query of width 0 must not divide by zero.
    let width = query.len().max(1);
    let count = out.len().min(rows.len() / width);
    let (fours, rest) = out[..count].as_chunks_mut::<4>();
    let rows_in_fours = count - rest.len();
    for (four, out) in rows.chunks_exact(4 * width).zip(fours) {
        *out = four_rows::<L2>(query, four);
    }
    for (row, out) in rows[rows_in_fours * width..].chunks_exact(width).zip(rest) {
        *out = pair::<L2>(query, row);
    }
}

/// The sums of `query` with four rows that lie one after another in `rows`.
#[inline]
fn four_rows<const L2: bool>(query: &[f32], rows: &[f32]) -> [f32; 4] {
    let width = query.len();
    let (a, rest) = rows[..4 * width].split_at(width);
    let (b, rest) = rest.split_at(width);
    let (c, d) = rest.split_at(width);
    let zero = f32x4_splat(0.0);
    let (mut a0, mut a1, mut b0, mut b1) = (zero, zero, zero, zero);
    let (mut c0, mut c1, mut d0, mut d1) = (zero, zero, zero, zero);
    let mut at = 0;
    while at + 8 <= width {
        let (low, high) = (load(query, at), load(query, at + 4));
        a0 = add_term::<L2>(a0, low, load(a, at));
        a1 = add_term::<L2>(a1, high, load(a, at + 4));
        b0 = add_term::<L2>(b0, low, load(b, at));
        b1 = add_term::<L2>(b1, high, load(b, at + 4));
        c0 = add_term::<L2>(c0, low, load(c, at));
        c1 = add_term::<L2>(c1, high, load(c, at + 4));
        d0 = add_term::<L2>(d0, low, load(d, at));
        d1 = add_term::<L2>(d1, high, load(d, at + 4));
        at += 8;
    }
    let sums = [f32x4_add(a0, a1), f32x4_add(b0, b1), f32x4_add(c0, c1), f32x4_add(d0, d1)];
    let mut out = sums.map(total);
    for (out, row) in out.iter_mut().zip([a, b, c, d]) {
        for (a, b) in query[at..].iter().zip(&row[at..]) {
            *out += term::<L2>(*a, *b);
        }
    }
    out
}

/// The four floats at `at`.
#[inline(always)]
fn load(from: &[f32], at: usize) -> v128 {
    debug_assert!(at + 4 <= from.len());
    // SAFETY: every caller above steps through slices of one length and stops before fewer than the floats
    // that it loads are left. `v128_load` asks for no alignment.
    unsafe { v128_load(from.as_ptr().add(at).cast()) }
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
