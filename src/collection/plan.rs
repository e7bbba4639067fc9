//! The planner: which way of answering a query costs least. All of them give min(k, m) results where m rows match.

use super::choices::Quantization;
use super::derived::compared;
use super::explain::Plan;
use super::rows::Collection;
use super::search::Query;
use crate::index::LiveGraph;
use crate::index::cost::{Compared, comparisons};

/// Candidates for each match that are compared as floats, unless told otherwise; measured in `ARCHITECTURE.md`.
const OVERSAMPLE_BYTES: usize = 4;
const OVERSAMPLE_BITS: usize = 64;

/// A filter that lets one in s rows through needs a beam s times as wide to find as many, and this much more for
/// where matches are fewer than elsewhere.
const FILTER_MARGIN: f64 = 1.5;

/// At least so much of a row group is scanned rather than visited row by row: see `index::Candidates`.
const SCAN_SHARE: f64 = 0.25;

/// What is to be done for a query.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Choice {
    pub plan: Plan,
    pub reason: &'static str,
    /// Results: min(k, m).
    pub results: usize,
    /// Candidates by code that are compared as floats.
    pub keep: usize,
    /// Width of the beam, where the graph is searched.
    pub ef: usize,
}

impl Collection {
    /// Chooses for a query that `matches` rows may answer; `filtered` says whether there is a filter.
    pub(super) fn choose(&self, query: &Query<'_>, matches: u64, filtered: bool) -> Choice {
        let matches = matches as usize;
        let results = query.top_k.min(matches);
        let keep = self.keep(query, results).min(matches);
        let exact = |reason| Choice { plan: Plan::Exact, reason, results, keep: matches, ef: 0 };
        if query.exact {
            return exact("exact was asked for");
        }
        if keep == matches {
            return exact("so few rows may match that all are compared as floats");
        }
        let dimension = self.config.dimension;
        let floats = Compared::floats(dimension);
        let rescoring = keep as f64 * floats.anywhere;
        let share = matches as f64 / self.len().max(1) as f64;
        let scan = |compared: Compared| {
            if share >= SCAN_SHARE {
                self.len() as f64 * compared.in_order
            } else {
                matches as f64 * compared.anywhere
            }
        };
        let mut best = (scan(floats), exact("comparing every row as floats costs least"));
        if self.config.quantization != Quantization::None {
            let cost = scan(compared(&self.config)) + rescoring;
            let reason = if filtered {
                "scanning the codes of the rows that match costs least"
            } else {
                "scanning all codes costs least"
            };
            if cost < best.0 {
                best = (cost, Choice { plan: Plan::Codes, reason, results, keep, ef: 0 });
            }
        }
        if let Some((cost, choice)) = self.graph_choice(query, share, results, keep, filtered)
            && cost + rescoring < best.0
        {
            best = (cost + rescoring, choice);
        }
        best.1
    }

    fn graph_choice(
        &self,
        query: &Query<'_>,
        share: f64,
        results: usize,
        keep: usize,
        filtered: bool,
    ) -> Option<(f64, Choice)> {
        let live = self.graph.as_ref()?;
        let graph = live.graph();
        let ef = self.beam_width(query, live, share, results, filtered)?;
        let compared = compared(&self.config);
        let cost = comparisons(ef, graph.params().m) * compared.anywhere
            + live.pending().len() as f64 * compared.in_order;
        let (plan, reason) = if filtered {
            (
                Plan::FilteredGraph,
                "searching the graph for more, and leaving out what does not match, costs least",
            )
        } else {
            (Plan::Graph, "searching the graph costs least")
        };
        Some((cost, Choice { plan, reason, results, keep: keep.min(ef), ef }))
    }

    /// How wide a beam finds enough rows that are alive and match; `None` where the graph has too few nodes.
    fn beam_width(
        &self,
        query: &Query<'_>,
        live: &LiveGraph,
        share: f64,
        results: usize,
        filtered: bool,
    ) -> Option<usize> {
        let graph = live.graph();
        let alive = graph.len() - graph.dead();
        if alive == 0 {
            return None;
        }
        // A caller who asks for many results and says no ef wants them as good as those of few.
        let ef = query.ef.unwrap_or_else(|| usize::from(self.config.hnsw.ef).max(2 * results)).max(results);
        let mut width = ef as f64 * graph.len() as f64 / alive as f64;
        if filtered {
            width *= FILTER_MARGIN / share.max(1e-9);
        }
        (width < graph.len() as f64).then_some(width.ceil() as usize)
    }

    fn keep(&self, query: &Query<'_>, results: usize) -> usize {
        let default = match self.config.quantization {
            Quantization::None => 1,
            Quantization::Int8 => OVERSAMPLE_BYTES,
            Quantization::Binary => OVERSAMPLE_BITS,
        };
        let oversample = query.oversample.or(self.config.oversample.map(usize::from)).unwrap_or(default);
        results.saturating_mul(oversample)
    }
}
