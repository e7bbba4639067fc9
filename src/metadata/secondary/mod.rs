//! The secondary index of a collection: every scalar at every path, so that counting and filtering do not
//! decode rows.
//!
//! Two things are too costly to index and are answered by decoding the few rows they may concern: strings
//! longer than [`INDEXED_STRING_BYTES_MAX`](crate::limits::INDEXED_STRING_BYTES_MAX), and paths beyond the first
//! [`INDEXED_PATHS_MAX`](crate::limits::INDEXED_PATHS_MAX). The answer is exact either way.

mod answer;
mod index;
mod postings;
mod terms;

pub use answer::Candidates;
pub use index::SecondaryIndex;
