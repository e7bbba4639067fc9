//! What was found by codes, compared as floats.

use super::flat::row_in;
use super::{Flat, Metric, Scored, TopK};
use crate::error::Result;
use crate::vectors::Vectors;

/// Rows that are compared before it is judged by them how far off codes are.
const SAMPLE: usize = 8;
/// A row may be this much farther off than any that was compared.
const BENEFIT: f32 = 2.0;

impl Flat {
    /// The best `k` of `nearest`, compared as floats, and how many were. `nearest` has minus the distance by code as
    /// scores, best first.
    ///
    /// With `sparing` it ends at the first row that would not be among the best even if its code were twice as far off as
    /// the worst so far, in its favour; those behind it are farther. Bytes are so near to floats that of three times
    /// as many rows as are wanted nearly half are spared, each a miss of every cache.
    pub fn rescore(
        &self,
        vectors: &Vectors,
        query: &[f32],
        nearest: &[Scored],
        k: usize,
        min_score: Option<f32>,
        sparing: bool,
    ) -> Result<(Vec<Scored>, usize)> {
        let sample = if sparing { k.max(SAMPLE) } else { usize::MAX };
        let mut top = TopK::new(k, nearest.len(), min_score);
        let asker = self.ask(query);
        let mut scratch = Vec::new();
        let (mut off, mut worst) = (0.0, f32::INFINITY);
        for (at, by_code) in nearest.iter().enumerate() {
            let expected = self.expected(by_code.score);
            // The worst of the first k is no better than the k-th best of all so far.
            if at >= sample && expected + BENEFIT * off < worst {
                return Ok((top.into_sorted(), at));
            }
            let score = asker.row(by_code.slot, row_in(vectors, by_code.slot, &mut scratch)?);
            off = f32::max(off, (score - expected).abs());
            if at < k && score < worst {
                worst = score;
            }
            top.push(by_code.slot, score);
        }
        Ok((top.into_sorted(), nearest.len()))
    }

    /// The score that minus a distance by code amounts to.
    fn expected(&self, score: f32) -> f32 {
        match self.metric() {
            Metric::Cosine => 1.0 + score,
            Metric::Dot => score,
            Metric::Euclidean => -(-score).max(0.0).sqrt(),
        }
    }
}
