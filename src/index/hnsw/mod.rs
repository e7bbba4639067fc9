//! A navigable small world graph in layers that grows and shrinks with the rows: Malkov and Yashunin, "Efficient and
//! robust approximate nearest neighbor search using hierarchical navigable small world graphs", 2016 (HNSW). A node
//! is a slot. What differs from the paper:
//!
//! - Distances are those of codes; the caller compares the best again in f32.
//! - The nearest found so far are one sorted list that also says which were expanded, not two heaps (`beam`). How many
//!   they are depends on how far they are (`width`).
//! - Deleted nodes stay, as way marks, until a sweep has mended their neighbours (`sweep`), as in Singh et al.,
//!   "FreshDiskANN", 2021. Until then their slots are not used again.
//! - Nodes that pruning has cut off are found and linked again (`reach`).
//!
//! The graph is derived: it can be dropped and made again from the rows at any time.

mod beam;
mod graph;
mod insert;
mod marks;
mod reach;
mod scratch;
mod search;
mod select;
mod sieve;
mod stored;
mod sweep;
mod width;

pub use graph::{Graph, Params};
pub use reach::Reach;
pub use scratch::Scratch;
pub use stored::Loader;
pub use sweep::Sweep;
pub use width::Width;
