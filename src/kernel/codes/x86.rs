//! The functions on codes for x86-64 with AVX2 and POPCNT. Without them it is the scalar code, compiled for SSE2.

use std::arch::x86_64::*;

use super::{STEP, scalar, shared, whole_rows};

/// Whether this machine has what the vector code needs; see the kernel for floats.
#[inline]
pub(super) fn available() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("popcnt")
}

/// The products of a query in 16 bits with one row, summed.
#[inline]
pub(super) fn wide(query: &[i16], row: &[i8]) -> i32 {
    if available() {
        // SAFETY: `available` has just found the features that `wide4_avx2` is compiled for.
        unsafe { wide4_avx2(query, [row; 4])[0] }
    } else {
        scalar::wide(query, row)
    }
}

/// The same with four rows.
#[inline]
pub(super) fn wide4(query: &[i16], rows: [&[i8]; 4]) -> [i32; 4] {
    if available() {
        // SAFETY: `available` has just found the features that `wide4_avx2` is compiled for.
        unsafe { wide4_avx2(query, rows) }
    } else {
        scalar::wide4(query, rows)
    }
}

/// See [`super::hamming_scores`].
#[inline]
pub(super) fn hamming_scores(query: &[u8], rows: &[u8], stride: usize, out: &mut [f32]) {
    if available() {
        // SAFETY: `available` has just found the features that `hamming_scores_popcnt` is compiled for.
        unsafe { hamming_scores_popcnt(query, rows, stride, out) }
    } else {
        scalar::hamming_scores(query, rows, stride, out);
    }
}

#[target_feature(enable = "avx2,popcnt")]
fn wide4_avx2(query: &[i16], rows: [&[i8]; 4]) -> [i32; 4] {
    let length = shared(query.len(), rows);
    let mut sums = [_mm256_setzero_si256(); 4];
    let mut at = 0;
    while at < length {
        // SAFETY: `length` is the least of the five lengths in whole steps, so the sixteen numbers at `at` are
        // within each slice. `loadu` asks for no alignment.
        unsafe {
            let query = _mm256_loadu_si256(query.as_ptr().add(at).cast());
            for (sum, row) in sums.iter_mut().zip(rows) {
                let row = _mm256_cvtepi8_epi16(_mm_loadu_si128(row.as_ptr().add(at).cast()));
                *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(query, row));
            }
        }
        at += STEP;
    }
    let [a, b, c, d] = sums;
    let all = _mm256_hadd_epi32(_mm256_hadd_epi32(a, b), _mm256_hadd_epi32(c, d));
    let all = _mm_add_epi32(_mm256_castsi256_si128(all), _mm256_extracti128_si256::<1>(all));
    let mut out = [0; 4];
    // SAFETY: `out` has the sixteen bytes of one register.
    unsafe { _mm_storeu_si128(out.as_mut_ptr().cast(), all) };
    out
}

#[target_feature(enable = "avx2,popcnt")]
fn hamming4_popcnt(query: &[u8], rows: [&[u8]; 4]) -> [u32; 4] {
    let length = shared(query.len(), rows);
    let query = query[..length].as_chunks::<8>().0;
    let [a, b, c, d] = rows.map(|row| row[..length].as_chunks::<8>().0);
    let mut out = [0; 4];
    for ((((query, a), b), c), d) in query.iter().zip(a).zip(b).zip(c).zip(d) {
        let query = u64::from_le_bytes(*query);
        for (out, row) in out.iter_mut().zip([a, b, c, d]) {
            *out += (query ^ u64::from_le_bytes(*row)).count_ones();
        }
    }
    out
}

#[target_feature(enable = "avx2,popcnt")]
fn hamming_scores_popcnt(query: &[u8], rows: &[u8], stride: usize, out: &mut [f32]) {
    let (length, stride) = (query.len() / STEP * STEP, stride.max(1));
    let count = whole_rows(rows.len(), length, stride).min(out.len());
    for (at, out) in out[..count].chunks_mut(4).enumerate() {
        // The last four may be fewer: then the last row stands in for those that are not there.
        let last = count - 1;
        let row = |i: usize| &rows[(4 * at + i).min(last) * stride..][..length];
        let distances = hamming4_popcnt(query, [row(0), row(1), row(2), row(3)]);
        out.iter_mut().zip(distances).for_each(|(score, unlike)| *score = -(unlike as f32));
    }
}
