//! From floats to codes.

use super::STEP;

/// Codes one vector as bytes: `codes[i]` is `vector[i] / scale`, rounded, with `scale = max |x| / 127`; what
/// `codes` holds beyond the vector becomes zero. Returns the scale and the sum of the codes.
///
/// Symmetric: no code is -128. A vector of zeros has the scale 0; numbers that are not finite, which no
/// stored row has, get some code.
pub fn encode_bytes(vector: &[f32], codes: &mut [i8]) -> (f32, i32) {
    let largest = largest(vector);
    let per_unit = 127.0 / largest;
    let mut sum = 0;
    let (filled, padding) = codes.split_at_mut(vector.len().min(codes.len()));
    for (code, value) in filled.iter_mut().zip(vector) {
        *code = rounded(*value, per_unit, 127.0) as i8;
        sum += i32::from(*code);
    }
    padding.fill(0);
    (largest / 127.0, sum)
}

/// Codes one vector as sign bits: bit i (bit `i % 8` of byte `i / 8`) is 1 when `vector[i]` is above 0; what
/// `bits` holds beyond the vector becomes zero.
pub fn encode_bits(vector: &[f32], bits: &mut [u8]) {
    let whole = vector.len().div_ceil(8).min(bits.len());
    let (filled, padding) = bits.split_at_mut(whole);
    for (byte, values) in filled.iter_mut().zip(vector.chunks(8)) {
        *byte = 0;
        for (bit, value) in values.iter().enumerate() {
            *byte |= u8::from(*value > 0.0) << bit;
        }
    }
    padding.fill(0);
}

/// The largest magnitude in `vector`; 0 when it is empty.
pub(super) fn largest(vector: &[f32]) -> f32 {
    // Four at a time, or each comparison waits for the one before.
    let (fours, rest) = vector.as_chunks::<4>();
    let mut found = [0.0f32; 4];
    for four in fours {
        for (found, value) in found.iter_mut().zip(four) {
            *found = if value.abs() > *found { value.abs() } else { *found };
        }
    }
    rest.iter().chain(&found).fold(0.0, |found, value| if value.abs() > found { value.abs() } else { found })
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

/// Makes `codes` as long as the padded codes of `dimension` numbers, all `zero`, in the memory it has.
pub(super) fn cleared<T: Copy>(codes: &mut Vec<T>, dimension: usize, zero: T) -> &mut [T] {
    codes.clear();
    codes.resize(dimension.next_multiple_of(STEP), zero);
    codes
}
