//! Codes: short forms of the vectors that a scan or the graph compares first, before the best rows are compared
//! again in f32. The code of a row is a function of that row alone: nothing is trained, and nothing has to be
//! coded again when the data shifts.
//!
//! | codes | bytes of a row | what is compared |
//! |---|---|---|
//! | `bytes` | dimension + 16 | the metric itself, each component rounded to 255 steps of the row's largest |
//! | `bits` | dimension / 8 | the number of components of unlike sign: an angle |

mod arena;
mod bits;
mod bytes;
mod query;
mod signs;

pub use arena::Arena;
pub use bits::Bits;
pub use bytes::Bytes;
pub use query::Query;
pub use signs::Signs;

use crate::error::{Error, Result};

/// The codes of one collection, by slot.
#[derive(Clone, Debug)]
pub enum Codes {
    /// There are none: vectors are compared themselves.
    None,
    /// One byte a component.
    Bytes(Bytes),
    /// One bit a component.
    Bits(Bits),
}

/// Whether two numbers are the same but for rounding.
pub fn close(a: f32, b: f32) -> bool {
    (a - b).abs() <= 1e-4 * a.abs().max(b.abs())
}

impl Codes {
    /// Makes room for `slots` slots in all.
    pub fn reserve(&mut self, slots: usize) -> Result<()> {
        match self {
            Codes::None => Ok(()),
            Codes::Bytes(codes) => codes.reserve(slots),
            Codes::Bits(codes) => codes.reserve(slots),
        }
    }

    /// Codes the vector of a slot; room was reserved. `inverse` is one over its length where the metric is cosine.
    pub fn set(&mut self, slot: u32, vector: &[f32], inverse: f32) {
        match self {
            Codes::None => {}
            Codes::Bytes(codes) => codes.set(slot, vector, inverse),
            Codes::Bits(codes) => codes.set(slot, vector),
        }
    }

    /// Whether the code of a slot is, but for rounding, the one that stands first in `fresh`.
    pub fn agrees(&self, slot: u32, fresh: &Codes) -> bool {
        match (self, fresh) {
            (Codes::Bytes(codes), Codes::Bytes(fresh)) => codes.agrees(slot, fresh),
            (Codes::Bits(codes), Codes::Bits(fresh)) => codes.agrees(slot, fresh),
            _ => true,
        }
    }

    /// The codes of the first `rows` rows of a group, as a block of a snapshot has them.
    pub fn group_bytes(&self, group: usize, rows: usize) -> &[u8] {
        match self {
            Codes::None => &[],
            Codes::Bytes(codes) => codes.group_bytes(group, rows),
            Codes::Bits(codes) => codes.group_bytes(group, rows),
        }
    }

    /// Takes the codes of the group that begins at slot `first` from a block. `Corrupt` when they are not `rows` rows.
    pub fn load(&mut self, first: u32, rows: usize, bytes: &[u8]) -> Result<()> {
        match self {
            Codes::None => Err(Error::corrupt("a collection without codes has a block of codes")),
            Codes::Bytes(codes) => codes.load(first, rows, bytes),
            Codes::Bits(codes) => codes.load(first, rows, bytes),
        }
    }

    /// The signs of the codes, where these have some.
    #[inline(always)]
    pub fn signs(&self) -> Option<&Signs> {
        match self {
            Codes::Bytes(codes) => codes.signs(),
            Codes::None | Codes::Bits(_) => None,
        }
    }

    /// Bytes held.
    pub fn memory_bytes(&self) -> usize {
        match self {
            Codes::None => 0,
            Codes::Bytes(codes) => codes.memory_bytes(),
            Codes::Bits(codes) => codes.memory_bytes(),
        }
    }
}
