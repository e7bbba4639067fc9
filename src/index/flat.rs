//! The exact index: compare the query with every row that may match. Also the oracle for every other index.

use roaring::RoaringBitmap;

use super::{Metric, Scored, TopK, inverse_norm};
use crate::error::{Error, Result};
use crate::kernel;
use crate::limits::GROUP_ROWS;
use crate::vectors::Vectors;

/// A row group of which less than one row in this many may match is not scanned but visited row by row.
const SCAN_SHARE: usize = 4;

/// The exact index over a vector arena. It keeps only what a scan would otherwise compute again: one over the
/// length of each row, under cosine.
#[derive(Clone, Debug)]
pub struct Flat {
    metric: Metric,
    /// By slot; empty for the other metrics.
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

    /// What is kept of the `count` slots from `first` on, to be stored: under cosine a number each, else nothing.
    pub fn kept(&self, first: usize, count: usize) -> Vec<f32> {
        let of = |slot: usize| self.inverse_norms.get(slot).copied().unwrap_or(0.0);
        match self.metric {
            Metric::Cosine => (first..first + count).map(of).collect(),
            Metric::Dot | Metric::Euclidean => Vec::new(),
        }
    }

    /// Takes back what [`Flat::kept`] gave, little-endian, for the slots from `first` on. `Corrupt` when it is not
    /// that of `count` slots.
    pub fn take_back(&mut self, first: usize, count: usize, bytes: &[u8]) -> Result<()> {
        let expected = self.kept(first, count).len() * size_of::<f32>();
        if bytes.len() != expected {
            return Err(Error::corrupt("a codes block has another length than its row group")
                .with(format_args!("{expected} bytes"), bytes.len()));
        }
        for (slot, number) in (first..).zip(bytes.as_chunks().0) {
            self.insert_admitted(slot as u32, f32::from_le_bytes(*number));
        }
        Ok(())
    }

    /// Forgets a slot that has died. Searches leave it out because it is no longer live.
    pub fn remove(&mut self, slot: u32) {
        if let Some(inverse) = self.inverse_norms.get_mut(slot as usize) {
            *inverse = 0.0;
        }
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
        if query.len() != vectors.dimension() {
            return Ok(Vec::new());
        }
        let query_inverse = inverse_norm(query);
        let mut scan = Scan { index: self, vectors, query, query_inverse, scratch: Vec::new() };
        let rows = vectors.len();
        let all_live = live.len() == rows as u64 && live.max().is_none_or(|last| (last as usize) < rows);
        let candidates = filter.unwrap_or(live);
        // A filter may know slots that have died since.
        let check_live = filter.is_some() && !all_live;
        let is_match = |slot: &u32| !check_live || live.contains(*slot);
        let expected = candidates.len().min(rows as u64) as usize;
        let mut top = TopK::new(k, expected, min_score);
        let mut scores = [0.0; GROUP_ROWS];

        if all_live && filter.is_none() {
            for group in 0..vectors.group_count() {
                let first = group * GROUP_ROWS;
                let scores = &mut scores[..(rows - first).min(GROUP_ROWS)];
                scan.group(group, scores)?;
                // The arena has at most limits::ROWS_MAX slots, far from the end of u32.
                for (slot, score) in (first as u32..).zip(scores) {
                    top.push(slot, *score);
                }
            }
            return Ok(top.into_sorted());
        }
        // From group to group, skipping those without a candidate.
        let mut slots = Vec::with_capacity(GROUP_ROWS);
        let mut rest = candidates.iter();
        let mut next = rest.next();
        while let Some(slot) = next.filter(|slot| (*slot as usize) < rows) {
            let group = slot as usize / GROUP_ROWS;
            let first = group * GROUP_ROWS;
            let count = (rows - first).min(GROUP_ROWS);
            slots.clear();
            while let Some(slot) = next.filter(|slot| (*slot as usize) < first + count) {
                if is_match(&slot) {
                    slots.push(slot);
                }
                next = rest.next();
            }
            if slots.len() * SCAN_SHARE < count {
                for slot in &slots {
                    top.push(*slot, scan.row(*slot)?);
                }
            } else {
                scan.group(group, &mut scores[..count])?;
                slots.iter().for_each(|slot| top.push(*slot, scores[*slot as usize - first]));
            }
        }
        Ok(top.into_sorted())
    }
}

/// What one search compares.
struct Scan<'a> {
    index: &'a Flat,
    vectors: &'a Vectors,
    query: &'a [f32],
    query_inverse: f32,
    /// Where rows that are in storage are read to; empty where none was.
    scratch: Vec<f32>,
}

impl Scan<'_> {
    /// Scores the first `scores.len()` rows of a group.
    fn group(&mut self, group: usize, scores: &mut [f32]) -> Result<()> {
        let rows = self.vectors.group_in(group, &mut self.scratch)?;
        match self.index.metric {
            Metric::Cosine => kernel::dot_rows(self.query, rows, scores),
            Metric::Dot => {
                kernel::dot_rows(self.query, rows, scores);
                return Ok(());
            }
            Metric::Euclidean => {
                kernel::l2_rows(self.query, rows, scores);
                scores.iter_mut().for_each(|score| *score = -score.sqrt());
                return Ok(());
            }
        }
        let inverses = self.index.inverse_norms.get(group * GROUP_ROWS..).unwrap_or(&[]);
        let known = scores.len().min(inverses.len());
        let (scores, unknown) = scores.split_at_mut(known);
        for (score, inverse) in scores.iter_mut().zip(inverses) {
            *score = cosine(*score, *inverse, self.query_inverse);
        }
        unknown.fill(0.0);
        Ok(())
    }

    /// Scores one row; the arena has it.
    fn row(&mut self, slot: u32) -> Result<f32> {
        let row = match self.vectors.row(slot) {
            Some(row) => row,
            None => {
                self.scratch.resize(self.query.len(), 0.0);
                self.vectors.read_row(slot, &mut self.scratch)?;
                &self.scratch
            }
        };
        Ok(match self.index.metric {
            Metric::Cosine => {
                let inverse = self.index.inverse_norms.get(slot as usize).copied().unwrap_or(0.0);
                cosine(kernel::dot(self.query, row), inverse, self.query_inverse)
            }
            Metric::Dot => kernel::dot(self.query, row),
            Metric::Euclidean => -kernel::l2_squared(self.query, row).sqrt(),
        })
    }
}

/// Rounding can push the cosine of parallel vectors past 1.
#[inline]
fn cosine(dot: f32, row_inverse: f32, query_inverse: f32) -> f32 {
    (dot * row_inverse * query_inverse).clamp(-1.0, 1.0)
}
