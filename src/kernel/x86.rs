//! The kernel for x86-64 with AVX2 and FMA. Without them it is the scalar kernel, compiled for SSE2.

use std::arch::x86_64::*;

use super::scalar::{self, term};

/// Whether this machine has what the vector code needs. The standard library asks the processor once and
/// keeps the answer in an atomic, so asking again is a load and a test.
#[inline]
pub(super) fn available() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
}

/// The sum of the terms of two vectors.
#[inline]
pub(super) fn pair<const L2: bool>(a: &[f32], b: &[f32]) -> f32 {
    if available() {
        // SAFETY: `available` has just found the features that `pair_avx2` is compiled for.
        unsafe { pair_avx2::<L2>(a, b) }
    } else {
        scalar::pair::<L2>(a, b)
    }
}

/// The sum of the terms of `query` and each row.
#[inline]
pub(super) fn rows<const L2: bool>(query: &[f32], rows: &[f32], out: &mut [f32]) {
    if available() {
        // SAFETY: `available` has just found the features that `rows_avx2` is compiled for.
        unsafe { rows_avx2::<L2>(query, rows, out) }
    } else {
        scalar::rows::<L2>(query, rows, out);
    }
}

#[target_feature(enable = "avx2,fma")]
fn pair_avx2<const L2: bool>(a: &[f32], b: &[f32]) -> f32 {
    let length = a.len().min(b.len());
    let (a_blocks, a_tail) = a[..length].as_chunks::<32>();
    let (b_blocks, b_tail) = b[..length].as_chunks::<32>();
    // Four sums hide most of the latency of the fused multiply-add.
    let mut sums = [_mm256_setzero_ps(); 4];
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        let (a, b) = (load::<32, 4>(a), load::<32, 4>(b));
        for i in 0..4 {
            sums[i] = add_term::<L2>(sums[i], a[i], b[i]);
        }
    }
    let (a_blocks, a_tail) = a_tail.as_chunks::<8>();
    let (b_blocks, b_tail) = b_tail.as_chunks::<8>();
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        sums[0] = add_term::<L2>(sums[0], load::<8, 1>(a)[0], load::<8, 1>(b)[0]);
    }
    let mut sum = total(_mm256_add_ps(_mm256_add_ps(sums[0], sums[1]), _mm256_add_ps(sums[2], sums[3])));
    for (a, b) in a_tail.iter().zip(b_tail) {
        sum += term::<L2>(*a, *b);
    }
    sum
}

#[target_feature(enable = "avx2,fma")]
fn rows_avx2<const L2: bool>(query: &[f32], rows: &[f32], out: &mut [f32]) {
    // As in the scalar kernel: a query of width 0 must not divide by zero.
    let width = query.len().max(1);
    let count = out.len().min(rows.len() / width);
    let (fours, rest) = out[..count].as_chunks_mut::<4>();
    let rows_in_fours = count - rest.len();
    for (four, out) in rows.chunks_exact(4 * width).zip(fours) {
        *out = four_rows::<L2>(query, four);
    }
    for (row, out) in rows[rows_in_fours * width..].chunks_exact(width).zip(rest) {
        *out = pair_avx2::<L2>(query, row);
    }
}

/// The sums of `query` with four rows that lie one after another in `rows`.
#[target_feature(enable = "avx2,fma")]
#[inline]
fn four_rows<const L2: bool>(query: &[f32], rows: &[f32]) -> [f32; 4] {
    let width = query.len();
    let (query, query_tail) = query.as_chunks::<16>();
    let (a, a_tail) = rows[..width].as_chunks::<16>();
    let (b, b_tail) = rows[width..2 * width].as_chunks::<16>();
    let (c, c_tail) = rows[2 * width..3 * width].as_chunks::<16>();
    let (d, d_tail) = rows[3 * width..4 * width].as_chunks::<16>();
    let mut sums = [[_mm256_setzero_ps(); 2]; 4];
    for ((((query, a), b), c), d) in query.iter().zip(a).zip(b).zip(c).zip(d) {
        let query = load::<16, 2>(query);
        for (sums, row) in sums.iter_mut().zip([a, b, c, d]) {
            let row = load::<16, 2>(row);
            sums[0] = add_term::<L2>(sums[0], query[0], row[0]);
            sums[1] = add_term::<L2>(sums[1], query[1], row[1]);
        }
    }
    let mut out = [0.0; 4];
    for ((out, sums), tail) in out.iter_mut().zip(sums).zip([a_tail, b_tail, c_tail, d_tail]) {
        *out = total(_mm256_add_ps(sums[0], sums[1]));
        for (a, b) in query_tail.iter().zip(tail) {
            *out += term::<L2>(*a, *b);
        }
    }
    out
}

/// `FLOATS` floats as `REGISTERS` registers of eight.
#[target_feature(enable = "avx2,fma")]
#[inline]
fn load<const FLOATS: usize, const REGISTERS: usize>(from: &[f32; FLOATS]) -> [__m256; REGISTERS] {
    const { assert!(FLOATS == 8 * REGISTERS) };
    // SAFETY: register i reads floats 8 i to 8 i + 7, and the assertion above says that `from` has them.
    // `loadu` asks for no alignment.
    std::array::from_fn(|i| unsafe { _mm256_loadu_ps(from.as_ptr().add(8 * i)) })
}

#[target_feature(enable = "avx2,fma")]
#[inline]
fn add_term<const L2: bool>(sum: __m256, a: __m256, b: __m256) -> __m256 {
    if L2 {
        let difference = _mm256_sub_ps(a, b);
        _mm256_fmadd_ps(difference, difference, sum)
    } else {
        _mm256_fmadd_ps(a, b, sum)
    }
}

/// The sum of the eight floats of a register.
#[target_feature(enable = "avx2,fma")]
#[inline]
fn total(sums: __m256) -> f32 {
    let four = _mm_add_ps(_mm256_castps256_ps128(sums), _mm256_extractf128_ps::<1>(sums));
    let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps::<1>(two, two)))
}
