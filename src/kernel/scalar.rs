//! The kernel without intrinsics: the fallback, and the twin that the others are compared with.

/// Independent sums. One running sum would make each addition wait for the one before; sixteen let the
/// compiler fill four SSE or NEON registers.
const LANES: usize = 16;

/// What one pair of components adds: the product, or the square of the difference.
#[inline(always)]
pub(super) fn term<const L2: bool>(a: f32, b: f32) -> f32 {
    if L2 { (a - b) * (a - b) } else { a * b }
}

/// The sum of the terms of two vectors.
pub(super) fn pair<const L2: bool>(a: &[f32], b: &[f32]) -> f32 {
    let length = a.len().min(b.len());
    let (a_blocks, a_tail) = a[..length].as_chunks::<LANES>();
    let (b_blocks, b_tail) = b[..length].as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += term::<L2>(*a, *b);
        }
    }
    let mut sum = sums.iter().sum();
    for (a, b) in a_tail.iter().zip(b_tail) {
        sum += term::<L2>(*a, *b);
    }
    sum
}

/// The sum of the terms of `query` and each row.
pub(super) fn rows<const L2: bool>(query: &[f32], rows: &[f32], out: &mut [f32]) {
    // A query of width 0 would divide by zero; its sums are 0 whatever the rows are taken to be.
    let width = query.len().max(1);
    for (row, out) in rows.chunks_exact(width).zip(out) {
        *out = pair::<L2>(query, row);
    }
}
