//! Distance kernels. Each architecture has one file with the same two functions, generic over the term
//! that is summed:
//!
//! | file | when | how |
//! |---|---|---|
//! | `wasm` | built for wasm32 with `simd128` | 4 floats a register, 4 registers of sums; fused with relaxed SIMD |
//! | `x86` | AVX2 and FMA are found at run time | 8 floats a register, 8 registers of sums |
//! | `scalar` | everywhere else | 16 sums, which compilers turn into whatever the baseline has (SSE2, NEON) |
//!
//! `pair` compares two vectors; `rows` compares a query with consecutive rows, and memory is the limit. Which
//! instructions the machine has is asked once per call, so a scan that calls `rows` per row group does not
//! notice.
//!
//! `codes` compares rows kept as bytes or bits; `scores` has what is done to scores one after another.
//!
//! All lengths are safe: where two differ, the shorter one counts. Rows need no alignment.

mod codes;
mod scalar;
mod scores;
mod self_test;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use codes::{ByteQuery, Terms, encode_bits, encode_bytes, encode_signs, hamming, hamming_scores};
pub use codes::{CodeKernel, bits_of_row, bytes_of_row, code_implementations, unlike_bits};
pub use scores::{cosine, cosines, eights_below};
pub use self_test::self_test;

#[cfg(not(any(all(target_arch = "wasm32", target_feature = "simd128"), target_arch = "x86_64")))]
use scalar as native;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
use wasm as native;
#[cfg(target_arch = "x86_64")]
use x86 as native;

/// Which of the two WebAssembly builds this is.
#[cfg(target_arch = "wasm32")]
pub const WASM_BUILD: &str = if cfg!(target_feature = "relaxed-simd") { "relaxed-simd" } else { "simd128" };

/// Sum the products of the components.
const DOT: bool = false;
/// Sum the squares of the differences of the components.
const L2: bool = true;

/// The dot product of two vectors.
#[inline]
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    native::pair::<DOT>(a, b)
}

/// Asks memory for a row that is compared soon: the waits for several rows that lie anywhere then overlap.
#[inline]
pub fn fetch(row: &[f32]) {
    let mut at = 0;
    while at < row.len() {
        // SAFETY: it is one of the row's. Volatile, since nothing is done with what is read.
        unsafe { row.as_ptr().add(at).read_volatile() };
        // A line of a cache has 64 bytes nearly everywhere.
        at += 16;
    }
}

/// The square of the euclidean distance of two vectors.
#[inline]
pub fn l2_squared(a: &[f32], b: &[f32]) -> f32 {
    native::pair::<L2>(a, b)
}

/// The dot product of `query` with each row of `rows`, which lie one after another, as wide as `query`.
///
/// Writes as many scores as there are whole rows, or as `out` holds if that is fewer; the rest of `out`
/// keeps its values.
#[inline]
pub fn dot_rows(query: &[f32], rows: &[f32], out: &mut [f32]) {
    native::rows::<DOT>(query, rows, out);
}

/// The square of the euclidean distance of `query` to each row of `rows`; the rest as in [`dot_rows`].
#[inline]
pub fn l2_rows(query: &[f32], rows: &[f32], out: &mut [f32]) {
    native::rows::<L2>(query, rows, out);
}

/// One implementation of the four functions, so that tests can compare them all.
#[derive(Clone, Copy)]
pub struct Kernel {
    /// For messages: `scalar`, `avx2+fma`, `simd128`, `relaxed-simd`, or `chosen` for the public functions of this module.
    pub name: &'static str,
    /// See [`dot`].
    pub dot: fn(&[f32], &[f32]) -> f32,
    /// See [`l2_squared`].
    pub l2_squared: fn(&[f32], &[f32]) -> f32,
    /// See [`dot_rows`].
    pub dot_rows: fn(&[f32], &[f32], &mut [f32]),
    /// See [`l2_rows`].
    pub l2_rows: fn(&[f32], &[f32], &mut [f32]),
}

/// Every implementation that this machine can run, the scalar one first.
pub fn implementations() -> Vec<Kernel> {
    vec![
        Kernel {
            name: "scalar",
            dot: scalar::pair::<DOT>,
            l2_squared: scalar::pair::<L2>,
            dot_rows: scalar::rows::<DOT>,
            l2_rows: scalar::rows::<L2>,
        },
        #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
        Kernel {
            name: WASM_BUILD,
            dot: wasm::pair::<DOT>,
            l2_squared: wasm::pair::<L2>,
            dot_rows: wasm::rows::<DOT>,
            l2_rows: wasm::rows::<L2>,
        },
        #[cfg(target_arch = "x86_64")]
        Kernel {
            name: if x86::available() { "avx2+fma" } else { "sse2" },
            dot: x86::pair::<DOT>,
            l2_squared: x86::pair::<L2>,
            dot_rows: x86::rows::<DOT>,
            l2_rows: x86::rows::<L2>,
        },
        Kernel { name: "chosen", dot, l2_squared, dot_rows, l2_rows },
    ]
}
