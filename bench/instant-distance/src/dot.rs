//! A dot product with the vectors of the target: what a user of the crate would write first.

/// The dot product of two slices of one length.
#[cfg(target_feature = "simd128")]
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    use std::arch::wasm32::*;
    let (blocks, rest) = a.as_chunks::<16>();
    let (others, other_rest) = b.as_chunks::<16>();
    let mut sums = [f32x4_splat(0.0); 4];
    for (block, other) in blocks.iter().zip(others) {
        for (i, sum) in sums.iter_mut().enumerate() {
            // SAFETY: both hold sixteen floats, and `i` is below four.
            let (x, y) = unsafe {
                (v128_load(block.as_ptr().add(4 * i).cast()), v128_load(other.as_ptr().add(4 * i).cast()))
            };
            *sum = f32x4_add(*sum, f32x4_mul(x, y));
        }
    }
    let sum = f32x4_add(f32x4_add(sums[0], sums[1]), f32x4_add(sums[2], sums[3]));
    let lanes = f32x4_extract_lane::<0>(sum)
        + f32x4_extract_lane::<1>(sum)
        + f32x4_extract_lane::<2>(sum)
        + f32x4_extract_lane::<3>(sum);
    lanes + plain(rest, other_rest)
}

/// The dot product of two slices of one length.
#[cfg(not(target_feature = "simd128"))]
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    plain(a, b)
}

fn plain(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}
