//! The exact index: compare the query with every row that may match. Also the oracle for every other index.

use roaring::RoaringBitmap;

use super::candidates::{Asked as Listed, Candidates};
use super::{Metric, Scored, TopK, inverse_norm};
use crate::error::{Error, Result};
use crate::kernel;
use crate::limits::GROUP_ROWS;
use crate::room;
use crate::vectors::Vectors;

/// Rows that several queries share before the next: few enough to stay in a cache of the processor's core.
const SHARED_ROWS: usize = 256;

/// The exact index over a vector arena. It keeps only what a scan would otherwise compute again: one over the
/// length of each row, under cosine.
#[derive(Clone, Debug)]
pub struct Flat {
    metric: Metric,
    /// By slot; empty for the other metrics. Those of rows that died stay until their slots are used again: dead nodes
    /// of the graph are still compared.
    inverse_norms: Vec<f32>,
}

impl Flat {
    /// An index over an empty arena.
    pub fn new(metric: Metric) -> Flat {
        Flat { metric, inverse_norms: Vec::new() }
    }

    /// How rows are compared.
    pub fn metric(&self) -> Metric {
        self.metric
    }

    /// Makes room for `slots` slots in all.
    pub fn reserve(&mut self, slots: usize) -> Result<()> {
        let more =
            if self.metric == Metric::Cosine { slots.saturating_sub(self.inverse_norms.len()) } else { 0 };
        self.inverse_norms.try_reserve(more).map_err(room::out_of_memory)
    }

    /// Notes the vector that was just written to `slot` of the arena, new or changed.
    pub fn insert(&mut self, slot: u32, vector: &[f32]) {
        if self.metric == Metric::Cosine {
            self.insert_admitted(slot, inverse_norm(vector));
        }
    }

    /// As [`Flat::insert`], with what [`Metric::admit`] gave for the vector.
    pub fn insert_admitted(&mut self, slot: u32, inverse: f32) {
        if self.metric != Metric::Cosine {
            return;
        }
        let slot = slot as usize;
        if slot >= self.inverse_norms.len() {
            self.inverse_norms.resize(slot + 1, 0.0);
        }
        self.inverse_norms[slot] = inverse;
    }

    /// One over the length of a vector where the metric is cosine, otherwise 0.
    pub fn inverse_of(&self, vector: &[f32]) -> f32 {
        if self.metric == Metric::Cosine { inverse_norm(vector) } else { 0.0 }
    }

    /// As [`Flat::inverse_of`], for the row in a slot.
    #[inline]
    pub fn inverse(&self, slot: u32) -> f32 {
        self.inverse_norms.get(slot as usize).copied().unwrap_or(0.0)
    }

    /// What is kept of the `count` slots from `first` on, to be stored: under cosine a number each, else nothing.
    pub fn kept(&self, first: usize, count: usize) -> Vec<f32> {
        let of = |slot: usize| self.inverse_norms.get(slot).copied().unwrap_or(0.0);
        match self.metric {
            Metric::Cosine => (first..first + count).map(of).collect(),
            Metric::Dot | Metric::Euclidean => Vec::new(),
        }
    }

    /// Takes back what [`Flat::kept`] gave, little-endian, for the slots from `first` on, and gives the bytes behind
    /// it. `Corrupt` when there are fewer.
    pub fn take_back<'a>(&mut self, first: usize, count: usize, bytes: &'a [u8]) -> Result<&'a [u8]> {
        let expected = if self.metric == Metric::Cosine { count * size_of::<f32>() } else { 0 };
        let (kept, behind) = bytes.split_at_checked(expected).ok_or_else(|| {
            Error::corrupt("a codes block has another length than its row group")
                .with(format_args!("at least {expected} bytes"), bytes.len())
        })?;
        for (slot, number) in (first..).zip(kept.as_chunks().0) {
            self.insert_admitted(slot as u32, f32::from_le_bytes(*number));
        }
        Ok(behind)
    }

    /// Bytes held beside the arena.
    pub fn memory_bytes(&self) -> usize {
        self.inverse_norms.capacity() * size_of::<f32>()
    }

    /// The best `k` slots of `vectors` that are `live`, in `filter` if there is one, and score at least
    /// `min_score` if there is one; best first, ties by slot. Always min(k, matches) of them.
    ///
    /// The query is as long as the rows and passed [`Metric::validate`]; one of another length finds nothing.
    /// A score that is not a number (infinite terms of both signs, under dot) comes last.
    ///
    /// It fails only where rows are in storage and cannot be read there. Those are read a row group at a time.
    pub fn search(
        &self,
        vectors: &Vectors,
        query: &[f32],
        k: usize,
        filter: Option<&RoaringBitmap>,
        live: &RoaringBitmap,
        min_score: Option<f32>,
    ) -> Result<Vec<Scored>> {
        let candidates = Candidates { live, filter, slots: vectors.len() };
        let mut found = self.search_many(vectors, &[query], k, candidates, min_score)?;
        Ok(found.pop().unwrap_or_default())
    }

    /// As [`Flat::search`] for each of `queries`. They share the pass: rows come from memory once for all.
    pub fn search_many(
        &self,
        vectors: &Vectors,
        queries: &[&[f32]],
        k: usize,
        candidates: Candidates<'_>,
        min_score: Option<f32>,
    ) -> Result<Vec<Vec<Scored>>> {
        let fits = |query: &&[f32]| query.len() == vectors.dimension();
        let asked: Vec<Asker<'_>> =
            queries.iter().filter(|query| fits(query)).map(|query| self.ask(query)).collect();
        let mut tops: Vec<TopK> =
            asked.iter().map(|_| TopK::new(k, candidates.count_max(), min_score)).collect();
        let mut scores = [0.0; GROUP_ROWS];
        let mut scratch = Vec::new();
        // One query reads on and on; several go over a piece that stays in the cache.
        let piece = if asked.len() > 1 { SHARED_ROWS } else { GROUP_ROWS };
        candidates.each_group(|group, count, listed| {
            let first = (group * GROUP_ROWS) as u32;
            if let Listed::Few(slots) = listed {
                return slots.iter().try_for_each(|slot| {
                    let row = row_in(vectors, *slot, &mut scratch)?;
                    asked.iter().zip(&mut tops).for_each(|(one, top)| top.push(*slot, one.row(*slot, row)));
                    Ok(())
                });
            }
            let rows = vectors.group_in(group, &mut scratch)?;
            for start in (0..count).step_by(piece) {
                let end = (start + piece).min(count);
                let rows = rows.get(start * vectors.dimension()..).unwrap_or_default();
                for (one, top) in asked.iter().zip(&mut tops) {
                    one.rows(first + start as u32, rows, &mut scores[start..end]);
                    // The arena has at most limits::ROWS_MAX slots, far from the end of u32.
                    top.push_group(first + start as u32, &scores[start..end], listed.listed());
                }
            }
            Ok(())
        })?;
        let mut found = tops.into_iter().map(TopK::into_sorted);
        Ok(queries
            .iter()
            .map(|query| found.by_ref().take(usize::from(fits(query))).next().unwrap_or_default())
            .collect())
    }

    pub(super) fn ask<'a>(&'a self, query: &'a [f32]) -> Asker<'a> {
        Asker { index: self, query, query_inverse: self.inverse_of(query) }
    }
}

/// One row, from memory or read from storage into `scratch`.
pub(super) fn row_in<'a>(vectors: &'a Vectors, slot: u32, scratch: &'a mut Vec<f32>) -> Result<&'a [f32]> {
    match vectors.row(slot) {
        Some(row) => Ok(row),
        None => {
            scratch.resize(vectors.dimension(), 0.0);
            vectors.read_row(slot, scratch)?;
            Ok(scratch)
        }
    }
}

/// What one search compares with.
pub(super) struct Asker<'a> {
    index: &'a Flat,
    query: &'a [f32],
    query_inverse: f32,
}

impl Asker<'_> {
    /// Scores rows that lie one after another, the first of them in slot `first`.
    fn rows(&self, first: u32, rows: &[f32], scores: &mut [f32]) {
        match self.index.metric {
            Metric::Cosine => kernel::dot_rows(self.query, rows, scores),
            Metric::Dot => return kernel::dot_rows(self.query, rows, scores),
            Metric::Euclidean => {
                kernel::l2_rows(self.query, rows, scores);
                return scores.iter_mut().for_each(|score| *score = -score.sqrt());
            }
        }
        let inverses = self.index.inverse_norms.get(first as usize..).unwrap_or_default();
        let known = scores.len().min(inverses.len());
        let (scores, unknown) = scores.split_at_mut(known);
        kernel::cosines(scores, inverses, self.query_inverse);
        unknown.fill(0.0);
    }

    /// Scores the row of one slot.
    pub(super) fn row(&self, slot: u32, row: &[f32]) -> f32 {
        match self.index.metric {
            Metric::Cosine => {
                kernel::cosine(kernel::dot(self.query, row), self.index.inverse(slot), self.query_inverse)
            }
            Metric::Dot => kernel::dot(self.query, row),
            Metric::Euclidean => -kernel::l2_squared(self.query, row).sqrt(),
        }
    }
}
