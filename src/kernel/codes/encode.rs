//! From floats to codes. Where there are registers for it (`wasm_encode`), whole registers go first and what is left
//! goes here; elsewhere all goes here.

use super::STEP;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
use super::wasm_encode as registers;

/// Where there are none written out, a compiler for speed makes its own of loops that ask for nothing else.
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod registers {
    /// Added to a number that is not large, it leaves the nearest whole number, to even, in the lowest bits.
    const SHIFT: f32 = 12_582_912.0;

    pub(super) fn largest(vector: &[f32]) -> (f32, usize) {
        let (blocks, _) = vector.as_chunks::<16>();
        let mut found = [0.0f32; 16];
        for block in blocks {
            for (found, value) in found.iter_mut().zip(block) {
                *found = if value.abs() > *found { value.abs() } else { *found };
            }
        }
        let all = found.iter().fold(0.0, |all: f32, one| if *one > all { *one } else { all });
        (all, blocks.len() * 16)
    }
    pub(super) fn bytes(vector: &[f32], per_unit: f32, codes: &mut [i8]) -> (usize, i32) {
        if !per_unit.is_finite() {
            return (0, 0);
        }
        let ((blocks, _), (places, _)) = (vector.as_chunks::<16>(), codes.as_chunks_mut::<16>());
        let mut sums = [0i32; 16];
        let mut done = 0;
        for (block, place) in blocks.iter().zip(places) {
            for ((value, code), sum) in block.iter().zip(place).zip(&mut sums) {
                let whole = (value * per_unit + SHIFT).to_bits().wrapping_sub(SHIFT.to_bits()) as i32;
                let whole = if whole > 127 { 127 } else { whole };
                let whole = if whole < -127 { -127 } else { whole };
                *code = whole as i8;
                *sum += whole;
            }
            done += 16;
        }
        (done, sums.iter().sum())
    }
    pub(super) fn wide(_: &[f32], _: f32, _: f32, _: &mut [i16]) -> usize {
        0
    }
    pub(super) fn signs(codes: &[u8; 16]) -> u16 {
        codes.iter().rev().fold(0, |signs, code| signs << 1 | u16::from(code >> 7))
    }
    pub(super) fn widen(_: &[i8], _: &mut [i16]) -> usize {
        0
    }
}

/// Codes one vector as bytes: `codes[i]` is `vector[i] / scale`, rounded, with `scale = max |x| / 127`; what
/// `codes` holds beyond the vector becomes zero. Returns the scale and the sum of the codes.
///
/// Symmetric: no code is -128. A vector of zeros has the scale 0; numbers that are not finite, which no
/// stored row has, get some code.
pub fn encode_bytes(vector: &[f32], codes: &mut [i8]) -> (f32, i32) {
    let largest = largest(vector);
    let per_unit = 127.0 / largest;
    let (filled, padding) = codes.split_at_mut(vector.len().min(codes.len()));
    let (done, mut sum) = registers::bytes(vector, per_unit, filled);
    for (code, value) in filled.iter_mut().zip(vector).skip(done) {
        *code = rounded(*value, per_unit, 127.0) as i8;
        sum += i32::from(*code);
    }
    padding.fill(0);
    (largest / 127.0, sum)
}

/// The signs of byte codes, whose number is a multiple of sixteen: bit i % 64 of word i / 64 is 1 when code i is below 0.
/// What `words` holds beyond the codes keeps its bits.
pub fn encode_signs(codes: &[u8], words: &mut [u64]) {
    for (word, codes) in words.iter_mut().zip(codes.chunks(64)) {
        *word = 0;
        for (at, sixteen) in codes.as_chunks().0.iter().enumerate() {
            *word |= u64::from(registers::signs(sixteen)) << (STEP * at);
        }
    }
}

/// Codes one vector as sign bits: bit i (bit `i % 8` of byte `i / 8`) is 1 when `vector[i]` is above 0; what
/// `bits` holds beyond the vector becomes zero.
///
/// Number by number: a register at a time would save half a microsecond of what writing a row takes, for 0.2 KB of wasm.
pub fn encode_bits(vector: &[f32], bits: &mut [u8]) {
    bits.fill(0);
    for (byte, values) in bits.iter_mut().zip(vector.chunks(8)) {
        for (bit, value) in values.iter().enumerate() {
            *byte |= u8::from(*value > 0.0) << bit;
        }
    }
}

/// Codes one vector in 16 bits, within `bound` on both sides; `codes` is padded. Returns the scale.
pub(super) fn encode_wide(vector: &[f32], bound: f32, codes: &mut Vec<i16>) -> f32 {
    let largest = largest(vector);
    let per_unit = bound / largest;
    let codes = padded(codes, vector.len(), 0);
    let done = registers::wide(vector, per_unit, bound, codes);
    for (code, value) in codes.iter_mut().zip(vector).skip(done) {
        *code = rounded(*value, per_unit, bound) as i16;
    }
    largest / bound
}

/// The codes of a row in 16 bits.
pub(super) fn widen(codes: &[i8], wide: &mut Vec<i16>) {
    let wide = padded(wide, codes.len(), 0);
    let done = registers::widen(codes, wide);
    for (wide, code) in wide.iter_mut().zip(codes).skip(done) {
        *wide = i16::from(*code);
    }
}

/// The largest magnitude in `vector`; 0 when it is empty.
pub(super) fn largest(vector: &[f32]) -> f32 {
    let (found, done) = registers::largest(vector);
    let rest = vector.get(done..).unwrap_or_default();
    rest.iter().fold(found, |found, value| if value.abs() > found { value.abs() } else { found })
}

/// The code of one number, within `bound` on both sides.
#[inline(always)]
pub(super) fn rounded(value: f32, per_unit: f32, bound: f32) -> i32 {
    // To even: one instruction in WebAssembly, and the same on every machine. The bounds are for numbers so small
    // that `per_unit` is infinite; what is not a number becomes 0. Not `clamp`: its panic brings 10 KB of wasm.
    let rounded = (value * per_unit).round_ties_even();
    if rounded > bound {
        bound as i32
    } else if rounded < -bound {
        -bound as i32
    } else {
        rounded as i32
    }
}

/// Makes `codes` as long as the padded codes of `dimension` numbers, in the memory it has; what lies behind those
/// becomes `zero`, the rest is for the caller to write.
pub(super) fn padded<T: Copy>(codes: &mut Vec<T>, dimension: usize, zero: T) -> &mut [T] {
    let length = dimension.next_multiple_of(STEP);
    // The length is nearly always what it was: then nothing is written twice.
    if codes.len() != length {
        codes.resize(length, zero);
    }
    codes.get_mut(dimension..).unwrap_or_default().fill(zero);
    codes
}
