//! Reading: query, list.

use super::config::check_bounds;
use super::explain::Found;
use super::rows::Collection;
use crate::error::{Error, Result};
use crate::limits::{EF, MATCHES_MAX, OVERSAMPLE, TOP_K_MAX};
use crate::metadata::Filter;
use crate::room::ask;
use std::ops::Bound;
use std::rc::Rc;

/// Bounds of `topK`, and of a page.
const COUNT: (usize, usize) = (1, TOP_K_MAX);

/// A nearest-neighbour query.
#[derive(Clone, Debug, Default)]
pub struct Query<'a> {
    /// As long as the collection's dimension.
    pub vector: &'a [f32],
    /// How many matches, 1 to [`TOP_K_MAX`].
    pub top_k: usize,
    /// Which rows may match.
    pub filter: Option<&'a Filter>,
    /// Lower scores are left out.
    pub min_score: Option<f32>,
    /// Candidates that a search of the graph looks at; `None` is as configured.
    pub ef: Option<usize>,
    /// Candidates of a search on codes that are compared as floats, for each match; `None` is as configured.
    pub oversample: Option<usize>,
    /// Compare every row that may match as floats, whatever index there is.
    pub exact: bool,
}

/// A page of `list`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Slots in the order of their ids.
    pub slots: Vec<u32>,
    /// The last id of this page, when there are more.
    pub cursor: Option<Rc<str>>,
}

impl Collection {
    /// The `top_k` rows of the highest score, best first; ties in the order of slots.
    /// A filter with m matching rows gives min(`top_k`, m) results.
    pub fn query(&self, query: &Query<'_>) -> Result<Found> {
        self.check_query(query)?;
        let matching = self.matching(query.filter)?;
        let mut all = self.answer(&[query.vector], query, matching.as_ref())?;
        all.pop().ok_or_else(|| Error::invalid("a query without a vector has no answer"))
    }

    /// As [`Collection::query`] for each of `vectors`, row after row; the other fields of `query` are for all. Scans
    /// share one pass over the rows.
    pub fn query_many(&self, vectors: &[f32], query: &Query<'_>) -> Result<Vec<Found>> {
        let dimension = self.config.dimension;
        if !vectors.len().is_multiple_of(dimension) {
            return Err(Error::invalid("the queries have another dimension than the collection")
                .with(format!("a multiple of {dimension} numbers"), vectors.len()));
        }
        let count = vectors.len() / dimension;
        if count.saturating_mul(query.top_k) > MATCHES_MAX {
            return Err(Error::invalid("too many matches for one call: split the vectors, or lower topK")
                .with(
                    format!("vectors x topK at most {MATCHES_MAX}"),
                    format!("{count} x {}", query.top_k),
                ));
        }
        ask(count * size_of::<&[f32]>())?;
        let vectors: Vec<&[f32]> = vectors.chunks_exact(dimension).collect();
        for (at, vector) in vectors.iter().enumerate() {
            self.check_query(&Query { vector, ..query.clone() })
                .map_err(|cause| cause.about(format_args!("vector {at}")))?;
        }
        let matching = self.matching(query.filter)?;
        self.answer(&vectors, query, matching.as_ref())
    }

    fn check_query(&self, query: &Query<'_>) -> Result<()> {
        check_bounds("topK", query.top_k, COUNT)?;
        query.ef.map_or(Ok(()), |ef| check_bounds("ef", ef, EF))?;
        query.oversample.map_or(Ok(()), |some| check_bounds("oversample", some, OVERSAMPLE))?;
        let dimension = self.config.dimension;
        if query.vector.len() != dimension {
            return Err(Error::invalid("the query has another dimension than the collection")
                .with(format!("{dimension} numbers"), query.vector.len()));
        }
        self.config
            .metric
            .validate(query.vector)
            .map_err(|cause| cause.about(format_args!("the query vector")))?;
        if query.min_score.is_some_and(f32::is_nan) {
            return Err(Error::invalid("minScore has to be a number").with("a number", "NaN"));
        }
        Ok(())
    }

    /// Up to `limit` rows that match, in the order of their ids, after the id `after`.
    pub fn page(&self, filter: Option<&Filter>, after: Option<&str>, limit: usize) -> Result<Page> {
        check_bounds("limit", limit, COUNT)?;
        let matching = self.matching(filter)?;
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut slots = Vec::new();
        let mut last = None;
        for (id, &slot) in self.slots.from(start) {
            if matching.as_ref().is_some_and(|matching| !matching.contains(slot)) {
                continue;
            }
            if slots.len() == limit {
                return Ok(Page { slots, cursor: last });
            }
            slots.push(slot);
            last = Some(id.clone());
        }
        Ok(Page { slots, cursor: None })
    }
}
