//! What was found by codes, compared as floats.

use super::flat::{Asker, row_in};
use super::{Flat, Metric, Scored, TopK};
use crate::error::Result;
use crate::kernel;
use crate::vectors::Vectors;

/// Rows that are compared before it is judged by them how far off codes are.
const SAMPLE: usize = 8;
/// Rows anywhere in memory that are asked for before the first of them is compared.
const FETCHED_ROWS: usize = 16;
/// A row may be this much farther off than any that was compared.
const BENEFIT: f32 = 2.0;

/// The best so far, and how far codes were off.
struct Rescored<'a> {
    asker: Asker<'a>,
    vectors: &'a Vectors,
    top: TopK,
    /// The worst score of the first k, which is no better than the k-th best of all so far.
    worst: f32,
    off: f32,
    count: usize,
    scratch: Vec<f32>,
}

impl Rescored<'_> {
    fn compare(&mut self, slot: u32, expected: f32, k: usize) -> Result<()> {
        let score = self.asker.row(slot, row_in(self.vectors, slot, &mut self.scratch)?);
        self.off = self.off.max((score - expected).abs());
        if self.count < k && score < self.worst {
            self.worst = score;
        }
        self.count += 1;
        self.top.push(slot, score);
        Ok(())
    }
}

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
        let (surely, perhaps) = nearest.split_at(sample.min(nearest.len()));
        let mut rescored = Rescored {
            asker: self.ask(query),
            vectors,
            top: TopK::new(k, nearest.len(), min_score),
            worst: f32::INFINITY,
            off: 0.0,
            count: 0,
            scratch: Vec::new(),
        };
        for some in surely.chunks(FETCHED_ROWS) {
            some.iter().for_each(|one| kernel::fetch(vectors.row(one.slot).unwrap_or_default()));
            for one in some {
                rescored.compare(one.slot, self.expected(one.score), k)?;
            }
        }
        for one in perhaps {
            let expected = self.expected(one.score);
            if expected + BENEFIT * rescored.off < rescored.worst {
                break;
            }
            rescored.compare(one.slot, expected, k)?;
        }
        Ok((rescored.top.into_sorted(), rescored.count))
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
