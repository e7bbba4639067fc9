//! Passes over scores that lie one after another. With registers of four where the wasm has them: it is built for
//! size, and a loop over single floats would cost a scan of codes a tenth of its time.

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub use registers::eights_below;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
use registers::whole_cosines;

/// How many scores at the front, in whole eights, are less than `floor`. What is not a number is not less. Looks at
/// none where there are no registers for it: this only saves looking at them one by one.
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
#[inline]
pub fn eights_below(_: &[f32], _: f32) -> usize {
    0
}

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
fn whole_cosines(_: &mut [f32], _: &[f32], _: f32) -> usize {
    0
}

/// From dot products to cosines: each times one over the length of its row and that of the query, within -1 and 1, as
/// rounding can push the cosine of parallel vectors past 1.
#[inline]
pub fn cosines(dots: &mut [f32], inverses: &[f32], query_inverse: f32) {
    let done = whole_cosines(dots, inverses, query_inverse);
    for (dot, inverse) in dots.iter_mut().zip(inverses).skip(done) {
        *dot = cosine(*dot, *inverse, query_inverse);
    }
}

/// See [`cosines`].
#[inline]
#[allow(clippy::manual_clamp)]
pub fn cosine(dot: f32, inverse: f32, query_inverse: f32) -> f32 {
    let cosine = dot * inverse * query_inverse;
    // Not `clamp`: its panic brings 10 KB of wasm.
    if cosine > 1.0 {
        1.0
    } else if cosine < -1.0 {
        -1.0
    } else {
        cosine
    }
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod registers {
    use std::arch::wasm32::*;

    /// How many scores at the front, in whole eights, are less than `floor`. What is not a number is not less.
    pub fn eights_below(scores: &[f32], floor: f32) -> usize {
        let floor = f32x4_splat(floor);
        let mut at = 0;
        while at + 8 <= scores.len() {
            // SAFETY: eight floats are left.
            let (first, second) = unsafe {
                let from = scores.as_ptr().add(at);
                (v128_load(from.cast()), v128_load(from.add(4).cast()))
            };
            if !i32x4_all_true(v128_and(f32x4_lt(first, floor), f32x4_lt(second, floor))) {
                break;
            }
            at += 8;
        }
        at
    }

    /// Cosines of whole fours.
    pub(super) fn whole_cosines(dots: &mut [f32], inverses: &[f32], query_inverse: f32) -> usize {
        let whole = dots.len().min(inverses.len()) / 4 * 4;
        let (query_inverse, one) = (f32x4_splat(query_inverse), f32x4_splat(1.0));
        let mut at = 0;
        while at < whole {
            // SAFETY: `whole` is a multiple of four and no more than either slice holds.
            unsafe {
                let place = dots.as_mut_ptr().add(at).cast::<v128>();
                let inverse = v128_load(inverses.as_ptr().add(at).cast());
                let cosine = f32x4_mul(f32x4_mul(v128_load(place), inverse), query_inverse);
                // Not `pmin` and `pmax`: with relaxed SIMD a compiler takes instructions for them that turn what is not
                // a number into a bound.
                let cosine = v128_bitselect(one, cosine, f32x4_gt(cosine, one));
                v128_store(place, v128_bitselect(f32x4_neg(one), cosine, f32x4_lt(cosine, f32x4_neg(one))));
            }
            at += 4;
        }
        whole
    }
}
