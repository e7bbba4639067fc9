//! The functions on codes without intrinsics: the fallback, and the twin that the others are compared with.

use super::{STEP, shared, whole_rows};

/// The products of a query in 16 bits with one row, summed.
pub(super) fn wide(query: &[i16], row: &[i8]) -> i32 {
    let length = shared(query.len(), [row; 4]);
    let products = query[..length].iter().zip(&row[..length]);
    products.fold(0, |sum: i32, (query, code)| sum.wrapping_add(i32::from(*query) * i32::from(*code)))
}

/// The same with four rows.
pub(super) fn wide4(query: &[i16], rows: [&[i8]; 4]) -> [i32; 4] {
    let length = shared(query.len(), rows);
    rows.map(|row| wide(query, &row[..length]))
}

/// The products of a query of numbers in 0..=127 with one row, summed.
pub(super) fn narrow(query: &[u8], row: &[i8]) -> i32 {
    let length = shared(query.len(), [row; 4]);
    let products = query[..length].iter().zip(&row[..length]);
    products.fold(0, |sum: i32, (query, code)| sum.wrapping_add(i32::from(*query) * i32::from(*code)))
}

/// The same with four rows.
pub(super) fn narrow4(query: &[u8], rows: [&[i8]; 4]) -> [i32; 4] {
    let length = shared(query.len(), rows);
    rows.map(|row| narrow(query, &row[..length]))
}

/// The Hamming distance of two rows of bits, as far as the shorter one goes in whole words. In every build a word at a time:
/// the processor goes on to the next row while it waits for memory.
pub fn hamming(query: &[u8], row: &[u8]) -> u32 {
    let (query, row) = (query.as_chunks::<8>().0, row.as_chunks::<8>().0);
    let words = query.iter().zip(row);
    words.map(|(query, row)| (u64::from_le_bytes(*query) ^ u64::from_le_bytes(*row)).count_ones()).sum()
}

/// See [`super::hamming_scores`].
pub(super) fn hamming_scores(query: &[u8], rows: &[u8], stride: usize, out: &mut [f32]) {
    let (length, stride) = (query.len() / STEP * STEP, stride.max(1));
    let count = whole_rows(rows.len(), length, stride).min(out.len());
    for (at, out) in out[..count].iter_mut().enumerate() {
        *out = -(hamming(&query[..length], &rows[at * stride..at * stride + length]) as f32);
    }
}
