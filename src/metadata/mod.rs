//! Metadata: what rows carry beside their vectors, the language that asks about it, and the index that
//! answers without decoding every row.

pub mod filter;
pub mod merge;
pub mod path;
pub mod secondary;
mod substring;
pub mod value;

pub use filter::Filter;
pub use merge::{compact, merge};
pub use secondary::{Candidates, SecondaryIndex};
pub use value::{Value, parse_metadata};
