//! Distances between what a search or the graph compares: codes where there are some, otherwise the vectors.
//! A distance is lower for nearer and means nothing outside one query: only scores, made by `Flat`, leave the index.

use super::Metric;
use super::codes::{Codes, Query};
use super::flat::Flat;
use crate::kernel;
use crate::vectors::Vectors;

/// The rows of one collection as points.
#[derive(Clone, Copy)]
pub struct Space<'a> {
    /// The rows themselves.
    pub vectors: &'a Vectors,
    /// Metric and lengths.
    pub flat: &'a Flat,
    /// Their short forms.
    pub codes: &'a Codes,
}

impl Space<'_> {
    /// Makes `query` ask for the distance from a vector. A scan looks at many rows and keeps many, so speed counts;
    /// each step of a search in a graph rests on the one before, so precision saves more than it costs.
    pub fn ask(&self, query: &mut Query, vector: &[f32], precisely: bool) {
        let inverse = self.flat.inverse_of(vector);
        match self.codes {
            Codes::Bytes(codes) => codes.ask(query, vector, inverse, precisely),
            Codes::Bits(codes) => codes.ask(query, vector),
            Codes::None => {
                query.vector.clear();
                query.vector.extend_from_slice(vector);
                query.factor = inverse;
            }
        }
    }

    /// Whether distances are squares of lengths, so that one can be said to be some times another: a product may be
    /// negative, and unlike bits are an angle.
    pub fn has_lengths(&self) -> bool {
        self.flat.metric() != Metric::Dot && !matches!(self.codes, Codes::Bits(_))
    }

    /// Makes `query` ask for the distance from the row in a slot.
    pub fn ask_slot(&self, query: &mut Query, slot: u32) {
        match self.codes {
            Codes::Bytes(codes) => codes.ask_slot(query, slot),
            Codes::Bits(codes) => codes.ask_slot(query, slot),
            Codes::None => {
                query.vector.clear();
                query.vector.extend_from_slice(self.vectors.row(slot).unwrap_or_default());
                query.factor = self.flat.inverse(slot);
            }
        }
    }

    /// The distances from `query` to the rows in `slots`, in their order.
    #[inline]
    pub fn distances(&self, query: &Query, slots: &[u32], out: &mut Vec<f32>) {
        match self.codes {
            Codes::Bytes(codes) => codes.distances(query, slots, out),
            Codes::Bits(codes) => codes.distances(query, slots, out),
            Codes::None => {
                out.clear();
                out.extend(slots.iter().map(|slot| self.exact(query, *slot)));
            }
        }
    }

    /// The distance to one row.
    pub fn distance(&self, query: &Query, slot: u32, scratch: &mut Vec<f32>) -> f32 {
        self.distances(query, &[slot], scratch);
        scratch.first().copied().unwrap_or(f32::INFINITY)
    }

    fn exact(&self, query: &Query, slot: u32) -> f32 {
        let row = self.vectors.row(slot).unwrap_or_default();
        match self.flat.metric() {
            Metric::Cosine => 1.0 - kernel::dot(&query.vector, row) * query.factor * self.flat.inverse(slot),
            Metric::Dot => -kernel::dot(&query.vector, row),
            Metric::Euclidean => kernel::l2_squared(&query.vector, row),
        }
    }
}
