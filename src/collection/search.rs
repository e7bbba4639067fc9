//! Reading: query, list, count.

use super::rows::Collection;
use crate::error::{Error, Result};
use crate::index::Scored;
use crate::limits::TOP_K_MAX;
use crate::metadata::Filter;
use roaring::RoaringBitmap;
use std::ops::Bound;
use std::rc::Rc;

/// A nearest-neighbour query.
#[derive(Clone, Debug)]
pub struct Query<'a> {
    /// As long as the collection's dimension.
    pub vector: &'a [f32],
    /// How many matches, 1 to [`TOP_K_MAX`].
    pub top_k: usize,
    /// Which rows may match.
    pub filter: Option<&'a Filter>,
    /// Lower scores are left out.
    pub min_score: Option<f32>,
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
    pub fn query(&self, query: &Query<'_>) -> Result<Vec<Scored>> {
        check_count("topK", query.top_k)?;
        let dimension = self.config.dimension;
        if query.vector.len() != dimension {
            return Err(Error::invalid("the query has another dimension than the collection")
                .with(format!("{dimension} numbers"), query.vector.len()));
        }
        self.config
            .metric
            .validate(query.vector)
            .map_err(|cause| Error { message: format!("the query vector: {}", cause.message), ..cause })?;
        if query.min_score.is_some_and(f32::is_nan) {
            return Err(Error::invalid("minScore has to be a number").with("a number", "NaN"));
        }
        let matching = query.filter.map(|filter| self.matching(filter));
        self.flat.search(
            &self.vectors,
            query.vector,
            query.top_k,
            matching.as_ref(),
            &self.live,
            query.min_score,
        )
    }

    /// Exactly the slots whose rows match.
    pub fn matching(&self, filter: &Filter) -> RoaringBitmap {
        self.secondary().evaluate(filter, &self.live, &|slot| self.value(slot))
    }

    /// How many rows match; without a filter, how many there are.
    pub fn count(&self, filter: Option<&Filter>) -> u64 {
        filter.map_or(self.len() as u64, |filter| self.matching(filter).len())
    }

    /// Up to `limit` rows that match, in the order of their ids, after the id `after`.
    pub fn page(&self, filter: Option<&Filter>, after: Option<&str>, limit: usize) -> Result<Page> {
        check_count("limit", limit)?;
        let matching = filter.map(|filter| self.matching(filter));
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

fn check_count(what: &str, count: usize) -> Result<()> {
    if (1..=TOP_K_MAX).contains(&count) {
        return Ok(());
    }
    Err(Error::invalid(format!("{what} is out of bounds")).with(format!("1 to {TOP_K_MAX}"), count))
}
