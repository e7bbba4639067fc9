//! Codes: rows as bytes or as sign bits, which take a quarter and a thirty-second of the memory traffic of
//! floats. A search compares codes first and the floats of the best afterwards.
//!
//! A row of bytes has its own scale, `max |x| / 127`: a code is a pure function of its row, nothing is
//! trained, and nothing has to be coded again when the data change. A query keeps more bits than a row where
//! they cost nothing:
//!
//! | build | query | step of 16 codes |
//! |---|---|---|
//! | `scalar`, `x86` (AVX2), `wasm` (simd128) | up to 16 bits, so that no sum leaves i32 | widen to i16, multiply, add in pairs |
//! | `relaxed` (relaxed SIMD) | 7 bits, moved to 0..=127 | one instruction; the move is taken back with the sum of the row |
//!
//! Rows of codes are padded with zeros ([`bytes_of_row`], [`bits_of_row`]) and need no alignment. Whatever
//! lengths are passed, nothing is read outside: the shortest slice counts, in whole sixteens of bytes.

mod encode;
mod query;
mod records;
#[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
mod relaxed;
mod scalar;
mod self_test;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm_encode;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm_records;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use encode::{encode_bits, encode_bytes, encode_signs};
pub use query::ByteQuery;
pub use records::Terms;
pub use scalar::hamming;
pub(super) use self_test::self_test;

#[cfg(not(any(all(target_arch = "wasm32", target_feature = "simd128"), target_arch = "x86_64")))]
use scalar as native;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
use wasm as native;
#[cfg(target_arch = "x86_64")]
use x86 as native;

/// Bytes of a register, and of a step of every kernel.
const STEP: usize = 16;

/// Bytes that the byte codes of one row take, padding included.
pub const fn bytes_of_row(dimension: usize) -> usize {
    dimension.next_multiple_of(STEP)
}

/// Bytes that the sign bits of one row take, padding included.
pub const fn bits_of_row(dimension: usize) -> usize {
    dimension.div_ceil(8).next_multiple_of(STEP)
}

/// Minus the Hamming distances of `query` to rows of bits that begin every `stride` bytes of `rows`.
///
/// Writes as many scores as there are rows that end within `rows`, or as `out` holds if that is fewer;
/// the rest of `out` keeps its values.
#[inline]
pub fn hamming_scores(query: &[u8], rows: &[u8], stride: usize, out: &mut [f32]) {
    native::hamming_scores(query, rows, stride, out);
}

/// In how many bits two rows differ, as far as the shorter one goes. In every build a word at a time, which is one instruction
/// where the processor can count bits: there is nothing to add up afterwards.
#[inline(always)]
pub fn unlike_bits(a: &[u64], b: &[u64]) -> u32 {
    let words = a.len().min(b.len());
    let (a, b) = (a.as_ptr(), b.as_ptr());
    let (mut even, mut odd) = (0, 0);
    let mut at = 0;
    // SAFETY: `at` and, in pairs, `at + 1` are below the number of words that both have.
    unsafe {
        while at + 2 <= words {
            even += (*a.add(at) ^ *b.add(at)).count_ones();
            odd += (*a.add(at + 1) ^ *b.add(at + 1)).count_ones();
            at += 2;
        }
        if at < words {
            even += (*a.add(at) ^ *b.add(at)).count_ones();
        }
    }
    even + odd
}

/// One implementation of the functions on codes, so that tests can compare them all.
#[derive(Clone, Copy)]
pub struct CodeKernel {
    /// For messages: `scalar`, `avx2`, `simd128`, `relaxed-simd`.
    pub name: &'static str,
    /// The products of a query in 16 bits with one row, summed.
    pub wide: fn(&[i16], &[i8]) -> i32,
    /// The same with four rows.
    pub wide4: fn(&[i16], [&[i8]; 4]) -> [i32; 4],
    /// The products of a query of numbers in 0..=127 with one row, summed.
    pub narrow: fn(&[u8], &[i8]) -> i32,
    /// The same with four rows.
    pub narrow4: fn(&[u8], [&[i8]; 4]) -> [i32; 4],
    /// See [`hamming_scores`].
    pub hamming_scores: fn(&[u8], &[u8], usize, &mut [f32]),
}

/// Every implementation that this machine can run, the scalar one first. Where an implementation has no
/// function of its own for something, the scalar one stands in.
pub fn code_implementations() -> Vec<CodeKernel> {
    let scalar = CodeKernel {
        name: "scalar",
        wide: scalar::wide,
        wide4: scalar::wide4,
        narrow: scalar::narrow,
        narrow4: scalar::narrow4,
        hamming_scores: scalar::hamming_scores,
    };
    vec![
        scalar,
        #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
        CodeKernel {
            name: "simd128",
            wide: wasm::wide,
            wide4: wasm::wide4,
            hamming_scores: wasm::hamming_scores,
            ..scalar
        },
        #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
        CodeKernel { name: "relaxed-simd", narrow: relaxed::narrow, narrow4: relaxed::narrow4, ..scalar },
        #[cfg(target_arch = "x86_64")]
        CodeKernel {
            name: if x86::available() { "avx2" } else { "sse2" },
            wide: x86::wide,
            wide4: x86::wide4,
            hamming_scores: x86::hamming_scores,
            ..scalar
        },
    ]
}

/// The length that every slice has, in whole steps: what a kernel may read of each.
#[inline(always)]
fn shared<T>(query: usize, rows: [&[T]; 4]) -> usize {
    let [a, b, c, d] = rows;
    query.min(a.len()).min(b.len()).min(c.len()).min(d.len()) / STEP * STEP
}

/// How many rows of `length` bytes end within `bytes` bytes, if one begins every `stride`.
#[inline(always)]
fn whole_rows(bytes: usize, length: usize, stride: usize) -> usize {
    match bytes.checked_sub(length) {
        Some(rest) => rest / stride + 1,
        None => 0,
    }
}
