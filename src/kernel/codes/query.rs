//! A query, coded as this build's kernel wants it.

use super::encode::{encode_wide, widen};
#[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
use super::encode::{largest, padded, rounded};
use super::native;
#[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
use super::relaxed;

/// What the numbers of a narrow query are moved by, so that they lie in 0..=127.
#[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
const MOVED: i32 = 64;

/// A query coded for comparison with rows of byte codes. It is scratch space: setting it again to a vector
/// that is no longer than an earlier one allocates nothing.
#[derive(Default)]
pub struct ByteQuery {
    scale: f32,
    /// The codes, unless `narrow` has them.
    pub(super) wide: Vec<i16>,
    /// The codes in 7 bits plus [`MOVED`], for the instruction that takes those; empty when `wide` counts.
    #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
    pub(super) narrow: Vec<u8>,
}

impl ByteQuery {
    /// A query of no dimensions, to be set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Codes `vector` with as many bits as fit, up to 16: what it is compared to is as near as the rows' codes allow.
    pub fn set_precisely(&mut self, vector: &[f32]) {
        #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
        self.narrow.clear();
        // The largest number for which the products with rows of any bytes stay within i32, all of them added.
        let codes = vector.len().next_multiple_of(super::STEP).max(1);
        let bound = (i32::MAX as usize / (128 * codes)).clamp(1, i16::MAX as usize) as f32;
        self.scale = encode_wide(vector, bound, &mut self.wide);
    }

    /// Codes `vector`, with as many bits as this build's fastest kernel takes: up to 16, and 7 with relaxed SIMD.
    #[cfg(not(all(target_arch = "wasm32", target_feature = "relaxed-simd")))]
    pub fn set(&mut self, vector: &[f32]) {
        self.set_precisely(vector);
    }

    /// Codes `vector`, with as many bits as this build's fastest kernel takes: up to 16, and 7 with relaxed SIMD.
    #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
    pub fn set(&mut self, vector: &[f32]) {
        let codes = padded(&mut self.narrow, vector.len(), MOVED as u8);
        let bound = (MOVED - 1) as f32;
        let largest = largest(vector);
        let per_unit = bound / largest;
        for (code, value) in codes.iter_mut().zip(vector) {
            *code = (rounded(*value, per_unit, bound) + MOVED) as u8;
        }
        self.scale = largest / bound;
    }

    /// Takes the codes of a row as the query. Products with rows are exact and the same in every build, so that
    /// what is built from them is, too.
    pub fn set_from_codes(&mut self, codes: &[i8], scale: f32) {
        #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
        self.narrow.clear();
        widen(codes, &mut self.wide);
        self.scale = scale;
    }

    /// What one step of a code means: the product of two vectors is near `dot x scale x scale of the row`.
    #[inline]
    pub fn scale(&self) -> f32 {
        self.scale
    }

    /// The sum of the products with the codes of one row, which are as long as [`super::bytes_of_row`] says;
    /// `row_sum` is the sum of the row's codes.
    #[inline]
    pub fn dot(&self, row: &[i8], row_sum: i32) -> i32 {
        #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
        if !self.narrow.is_empty() {
            return relaxed::narrow(&self.narrow, row).wrapping_sub(row_sum.wrapping_mul(MOVED));
        }
        let _ = row_sum;
        native::wide(&self.wide, row)
    }

    /// The same for four rows, wherever they lie. They are read side by side, so that the waits for memory
    /// overlap, and each load of the query serves all four.
    #[inline]
    pub fn dot4(&self, rows: [&[i8]; 4], row_sums: [i32; 4]) -> [i32; 4] {
        let ([a, b, c, d], [sum_a, sum_b, sum_c, sum_d]) = (self.moved4(rows), row_sums);
        let moved = self.moved();
        let back = |dot: i32, row_sum: i32| dot.wrapping_sub(row_sum.wrapping_mul(moved));
        [back(a, sum_a), back(b, sum_b), back(c, sum_c), back(d, sum_d)]
    }

    /// As [`Self::dot4`] without the sums of the rows: [`Self::moved`] times each is still to be taken off. For those
    /// who have the sum behind the codes, and would wait for it if they read it first.
    #[inline]
    pub fn moved4(&self, rows: [&[i8]; 4]) -> [i32; 4] {
        #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
        if !self.narrow.is_empty() {
            return relaxed::narrow4(&self.narrow, rows);
        }
        native::wide4(&self.wide, rows)
    }

    /// As [`Self::moved4`] for eight rows.
    #[inline]
    pub fn moved8(&self, rows: [&[i8]; 8]) -> [i32; 8] {
        #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
        if self.moved() == 0 {
            return native::wide8(&self.wide, rows);
        }
        let [a, b, c, d, e, f, g, h] = rows;
        let ([a, b, c, d], [e, f, g, h]) = (self.moved4([a, b, c, d]), self.moved4([e, f, g, h]));
        [a, b, c, d, e, f, g, h]
    }

    /// How many codes there are, padding included.
    pub(super) fn codes(&self) -> usize {
        #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
        if !self.narrow.is_empty() {
            return self.narrow.len();
        }
        self.wide.len()
    }

    /// What the codes of the query are moved by.
    #[inline]
    pub fn moved(&self) -> i32 {
        #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
        if !self.narrow.is_empty() {
            return MOVED;
        }
        0
    }
}
