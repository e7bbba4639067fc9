//! Search over the vector arena. Every index answers the same question: the best k live slots that a
//! filter lets through, best first, ties by slot.

mod candidates;
pub mod codes;
pub mod cost;
mod flat;
pub mod hnsw;
mod live_graph;
mod metric;
mod rescore;
mod scan;
mod space;
mod topk;

pub use candidates::Candidates;
pub use flat::Flat;
pub use live_graph::{LiveGraph, Step};
pub use metric::{Metric, distance_from_score, inverse_norm};
pub use scan::scan_codes;
pub use space::Space;
pub use topk::TopK;

/// A slot and how well it matches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// Where the row is.
    pub slot: u32,
    /// Higher is better, whatever the metric.
    pub score: f32,
}
