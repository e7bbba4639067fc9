//! The planner: which way of answering a query costs least. All of them give min(k, m) results where m rows match.

use super::choices::Quantization;
use super::derived::compared;
use super::explain::Plan;
use super::rows::Collection;
use super::search::Query;
use crate::index::LiveGraph;
use crate::index::cost::{Compared, comparisons};
use roaring::RoaringBitmap;

/// Candidates for each match that are compared as floats, unless told otherwise; measured in `ARCHITECTURE.md`.
const OVERSAMPLE_BYTES: usize = 3;
/// Bits say the less the fewer there are: as many bits as this are looked at for each match.
const OVERSAMPLED_BITS: usize = 12_288;
const OVERSAMPLE_BITS: (usize, usize) = (32, 128);

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
    /// Candidates that are kept: by code, to be compared as floats; where all are, the results.
    pub keep: usize,
    /// Whether fewer may be, where it shows that the rest will not do.
    pub sparing: bool,
    /// Width of the beam, where the graph is searched.
    pub ef: usize,
    /// Nodes that are wanted of it, where it may end sooner or later by how far they are.
    pub wanted: Option<usize>,
    /// Rows that match that a beam of this width has to find: with fewer the answer is not taken from it.
    pub enough: usize,
}

impl Choice {
    /// A scan, without a beam.
    fn scan(plan: Plan, reason: &'static str, results: usize, keep: usize) -> Choice {
        Choice { plan, reason, results, keep, sparing: false, ef: 0, wanted: None, enough: 0 }
    }
}

impl Collection {
    /// Chooses for a query that the rows in `matching` may answer; all may where there is no filter.
    pub(super) fn choose(&self, query: &Query<'_>, matching: Option<&RoaringBitmap>) -> Choice {
        let (cost, scan) = self.choose_scan(query, matching);
        match self.choose_graph(query, matching) {
            Some((searching, graph)) if searching < cost => graph,
            _ => scan,
        }
    }

    /// The best there is without a graph, and what it costs.
    pub(super) fn choose_scan(&self, query: &Query<'_>, matching: Option<&RoaringBitmap>) -> (f64, Choice) {
        let (matches, results, keep) = self.wanted(query, matching);
        let exact = |reason| Choice::scan(Plan::Exact, reason, results, results);
        if query.exact {
            return (0.0, exact("exact was asked for"));
        }
        if keep == matches {
            return (0.0, exact("so few rows may match that all are compared as floats"));
        }
        let floats = self.floats();
        // A scan that does not visit row by row passes over free slots too.
        let scan = |compared: Compared| {
            if matches as f64 >= SCAN_SHARE * self.len() as f64 {
                self.slot_count() as f64 * compared.in_order
            } else {
                matches as f64 * compared.anywhere
            }
        };
        let by_floats = (scan(floats), exact("comparing every row as floats costs least"));
        if self.config.quantization == Quantization::None {
            return by_floats;
        }
        let by_codes = scan(compared(&self.config)) + keep as f64 * floats.anywhere;
        if by_floats.0 <= by_codes {
            return by_floats;
        }
        let reason = if matching.is_some() {
            "scanning the codes of the rows that match costs least"
        } else {
            "scanning all codes costs least"
        };
        let sparing = self.sparing(query);
        (by_codes, Choice { sparing, ..Choice::scan(Plan::Codes, reason, results, keep) })
    }

    fn choose_graph(&self, query: &Query<'_>, matching: Option<&RoaringBitmap>) -> Option<(f64, Choice)> {
        let live = self.graph.as_ref()?;
        let graph = live.graph();
        let (matches, results, keep) = self.wanted(query, matching);
        let waiting = matching.map_or(live.pending().len(), |some| live.pending().intersection_len(some));
        let linked = matches.checked_sub(waiting as usize).filter(|linked| *linked > 0)?;
        let ef = query.ef.unwrap_or_else(|| self.ef_for(query, results)).max(results);
        let width = beam_width(live, ef, linked, matching.is_some())?;
        let compared = compared(&self.config);
        let keep = keep.min(width);
        let cost = comparisons(width, graph.params().m) * compared.anywhere
            + waiting as f64 * compared.in_order
            + keep as f64 * self.floats().anywhere;
        let (plan, reason) = if matching.is_some() {
            (
                Plan::FilteredGraph,
                "searching the graph for more, and leaving out what does not match, costs least",
            )
        } else {
            (Plan::Graph, "searching the graph costs least")
        };
        // Rows that match may be elsewhere than the query, or those around it dead. What the beam finds at its edge is
        // not all there is; where it comes upon so many, the results are well inside.
        let enough = ((ef + results) / 2).min(linked);
        let sparing = self.sparing(query);
        // A filter makes the beam so wide that it finds enough; who says how many candidates there are to be gets as many.
        let adapts = matching.is_none() && !self.told(query) && self.space().has_lengths();
        let wanted = adapts.then(|| (results * width).div_ceil(ef));
        Some((cost, Choice { plan, reason, results, keep, sparing, ef: width, wanted, enough }))
    }

    /// What comparing vectors costs, wherever they are.
    fn floats(&self) -> Compared {
        let dimension = self.config.dimension;
        if self.vectors.has_stored() { Compared::stored(dimension) } else { Compared::floats(dimension) }
    }

    /// Rows that may match, results, and candidates by code that are compared as floats.
    fn wanted(&self, query: &Query<'_>, matching: Option<&RoaringBitmap>) -> (usize, usize, usize) {
        let matches = matching.map_or(self.len(), |some| some.len() as usize);
        let results = query.top_k.min(matches);
        (matches, results, self.keep(query, results).min(matches))
    }

    /// How wide a beam is unless a query says so, without a filter.
    pub(super) fn ef_for(&self, query: &Query<'_>, results: usize) -> usize {
        // Who asks for many results wants them as good as those of few.
        let ef = usize::from(self.config.hnsw.ef).max(2 * results);
        // Bits tell little: what is not in the beam cannot be compared again. Bytes are nearly as good as floats.
        if self.told(query) || self.config.quantization == Quantization::Binary {
            ef.max(self.keep(query, results))
        } else {
            ef
        }
    }

    /// Whether somebody said how many candidates are to be compared.
    fn told(&self, query: &Query<'_>) -> bool {
        query.oversample.is_some() || self.config.oversample.is_some()
    }

    fn sparing(&self, query: &Query<'_>) -> bool {
        self.config.quantization != Quantization::None && !self.told(query)
    }

    fn keep(&self, query: &Query<'_>, results: usize) -> usize {
        let default = match self.config.quantization {
            Quantization::None => 1,
            Quantization::Int8 => OVERSAMPLE_BYTES,
            Quantization::Binary => {
                (OVERSAMPLED_BITS / self.config.dimension.max(1)).clamp(OVERSAMPLE_BITS.0, OVERSAMPLE_BITS.1)
            }
        };
        let oversample = query.oversample.or(self.config.oversample.map(usize::from)).unwrap_or(default);
        results.saturating_mul(oversample)
    }
}

/// How wide a beam finds `ef` rows that are alive and match, where `linked` nodes do; `None` where it would hold
/// every node.
fn beam_width(live: &LiveGraph, ef: usize, linked: usize, filtered: bool) -> Option<usize> {
    let nodes = live.graph().len() as f64;
    let margin = if filtered { FILTER_MARGIN } else { 1.0 };
    let width = ef as f64 * margin * nodes / linked as f64;
    (width < nodes).then_some(width.ceil() as usize)
}
