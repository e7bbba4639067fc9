//! What codes are compared with: a vector or a row, in the form that the comparison wants.

use crate::kernel::ByteQuery;

/// A query in all its forms. Kept and set again, so that a search allocates nothing.
pub struct Query {
    pub(super) bytes: ByteQuery,
    pub(super) bits: Vec<u8>,
    /// Beside byte codes.
    pub(in crate::index) signs: Vec<u64>,
    /// The vector itself, where there are no codes.
    pub(in crate::index) vector: Vec<f32>,
    /// See [`super::bytes`]. Without codes: one over the length of the vector.
    pub(in crate::index) factor: f32,
    pub(in crate::index) base: f32,
}

impl Query {
    /// Asks for nothing yet.
    pub fn new() -> Query {
        Query {
            bytes: ByteQuery::new(),
            bits: Vec::new(),
            signs: Vec::new(),
            vector: Vec::new(),
            factor: 0.0,
            base: 0.0,
        }
    }
}

impl Default for Query {
    fn default() -> Self {
        Query::new()
    }
}
