//! The vector arena: slot -> row. One chunk per row group, so that growing never copies more than one
//! group, and a group is one slice that a kernel can scan and a checkpoint can write.
//!
//! A full row group that stands in a snapshot can be left there instead: its rows are then read from storage when
//! they are wanted, and of those that are written again only the new ones are in memory.

mod arena;
#[cfg(test)]
mod arena_tests;
mod changed;
pub mod lossy;
mod stored;
#[cfg(test)]
mod stored_tests;

pub use arena::Vectors;
pub use stored::{Place, ReadStored};
