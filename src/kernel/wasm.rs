//! The kernel for WebAssembly with simd128, which every engine that we run on has. There is no fused
//! multiply-add (that is relaxed SIMD), so results differ from those of x86 in the last bits.

use std::arch::wasm32::*;

use super::scalar::term;

/// The sum of the terms of two vectors.
#[inline]
pub(super) fn pair<const L2: bool>(a: &[f32], b: &[f32]) -> f32 {
    let length = a.len().min(b.len());
    let (a_blocks, a_tail) = a[..length].as_chunks::<16>();
    let (b_blocks, b_tail) = b[..length].as_chunks::<16>();
    // Four sums hide the latency of the addition.
    let mut sums = [f32x4_splat(0.0); 4];
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        let (a, b) = (load::<16, 4>(a), load::<16, 4>(b));
        for i in 0..4 {
            sums[i] = add_term::<L2>(sums[i], a[i], b[i]);
        }
    }
    let (a_blocks, a_tail) = a_tail.as_chunks::<4>();
    let (b_blocks, b_tail) = b_tail.as_chunks::<4>();
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        sums[0] = add_term::<L2>(sums[0], load::<4, 1>(a)[0], load::<4, 1>(b)[0]);
    }
    let mut sum = total(f32x4_add(f32x4_add(sums[0], sums[1]), f32x4_add(sums[2], sums[3])));
    for (a, b) in a_tail.iter().zip(b_tail) {
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
    let (query, query_tail) = query.as_chunks::<8>();
    let (a, a_tail) = rows[..width].as_chunks::<8>();
    let (b, b_tail) = rows[width..2 * width].as_chunks::<8>();
    let (c, c_tail) = rows[2 * width..3 * width].as_chunks::<8>();
    let (d, d_tail) = rows[3 * width..4 * width].as_chunks::<8>();
    let mut sums = [[f32x4_splat(0.0); 2]; 4];
    for ((((query, a), b), c), d) in query.iter().zip(a).zip(b).zip(c).zip(d) {
        let query = load::<8, 2>(query);
        for (sums, row) in sums.iter_mut().zip([a, b, c, d]) {
            let row = load::<8, 2>(row);
            sums[0] = add_term::<L2>(sums[0], query[0], row[0]);
            sums[1] = add_term::<L2>(sums[1], query[1], row[1]);
        }
    }
    let mut out = [0.0; 4];
    for ((out, sums), tail) in out.iter_mut().zip(sums).zip([a_tail, b_tail, c_tail, d_tail]) {
        *out = total(f32x4_add(sums[0], sums[1]));
        for (a, b) in query_tail.iter().zip(tail) {
            *out += term::<L2>(*a, *b);
        }
    }
    out
}

/// `FLOATS` floats as `REGISTERS` registers of four.
#[inline(always)]
fn load<const FLOATS: usize, const REGISTERS: usize>(from: &[f32; FLOATS]) -> [v128; REGISTERS] {
    const { assert!(FLOATS == 4 * REGISTERS) };
    // SAFETY: register i reads floats 4 i to 4 i + 3, and the assertion above says that `from` has them.
    // `v128_load` asks for no alignment.
    std::array::from_fn(|i| unsafe { v128_load(from.as_ptr().add(4 * i).cast()) })
}

#[inline(always)]
fn add_term<const L2: bool>(sum: v128, a: v128, b: v128) -> v128 {
    if L2 {
        let difference = f32x4_sub(a, b);
        f32x4_add(sum, f32x4_mul(difference, difference))
    } else {
        f32x4_add(sum, f32x4_mul(a, b))
    }
}

/// The sum of the four floats of a register.
#[inline(always)]
fn total(sums: v128) -> f32 {
    (f32x4_extract_lane::<0>(sums) + f32x4_extract_lane::<2>(sums))
        + (f32x4_extract_lane::<1>(sums) + f32x4_extract_lane::<3>(sums))
}
