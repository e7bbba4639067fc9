//! What a search needs for a while and would otherwise allocate each time.

use super::beam::{Beam, Edge, Near};
use super::marks::Marks;
use super::sieve::Sieve;
use crate::index::codes::Query;

/// Kept between searches.
#[derive(Default)]
pub struct Scratch {
    /// What is searched for.
    pub query: Query,
    /// The slot of the row that is the query, or NONE.
    pub(super) home: u32,
    /// A row that others are compared with, while links are chosen.
    pub(super) other: Query,
    pub(super) marks: Marks,
    pub(super) beam: Beam,
    /// Neighbours that were not met before.
    pub(super) fresh: Vec<u32>,
    /// Their unlike signs, and what that says.
    pub(super) unlike: Vec<u32>,
    pub(super) sieve: Sieve,
    /// Where the beam that it learned beside ended.
    pub(super) edge: Option<Edge>,
    pub(super) distances: Vec<f32>,
    pub(super) entries: Vec<Near>,
    pub(super) candidates: Vec<Near>,
    pub(super) chosen: Vec<Near>,
    pub(super) linked: Vec<Near>,
    pub(super) slots: Vec<u32>,
    pub(super) doubts: Vec<u32>,
    /// Distances computed since somebody set this to 0.
    pub compared: u64,
}

impl Scratch {
    /// The nearest that the last search found, in order.
    pub fn nearest(&self) -> impl Iterator<Item = (u32, f32)> {
        self.beam.nearest().iter().map(|near| (near.slot(), near.distance()))
    }

    /// Bytes held, what is less than a thousand left out.
    pub fn memory_bytes(&self) -> usize {
        self.marks.memory_bytes()
    }
}
