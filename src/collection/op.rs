//! A committed write, before and after it was checked.

use super::config::Config;
use crate::index::Flat;
use crate::index::codes::Codes;
use crate::metadata::Value;
use crate::room::Room;

/// Rows to write, by column.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    /// One id a row. Of two rows with one id the later one counts.
    pub ids: Vec<String>,
    /// Row after row, `ids.len()` x dimension numbers.
    pub vectors: Vec<f32>,
    /// One JSON object a row.
    pub metadata: Vec<String>,
}

impl Rows {
    /// Bytes of the ids, and of the metadata.
    pub fn text_bytes(&self) -> (usize, usize) {
        let bytes = |texts: &[String]| texts.iter().map(String::len).sum();
        (bytes(&self.ids), bytes(&self.metadata))
    }
}

/// One write. Collections go by their number, which is never reused.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// A new, empty collection; `stages` names the one that it is being built to replace.
    Create {
        /// Its number: the next free one, or higher.
        collection: u32,
        /// Its name.
        name: String,
        /// Its configuration.
        config: Config,
        /// The collection that it is being built to replace.
        stages: Option<u32>,
    },
    /// A collection and its rows are gone.
    Drop {
        /// Its number.
        collection: u32,
    },
    /// Rows replaced or added, whole.
    Upsert {
        /// The collection.
        collection: u32,
        /// The rows.
        rows: Rows,
    },
    /// Metadata of existing rows replaced.
    SetMetadata {
        /// The collection.
        collection: u32,
        /// One id a row.
        ids: Vec<String>,
        /// One JSON object a row.
        metadata: Vec<String>,
    },
    /// Existing rows deleted.
    Delete {
        /// The collection.
        collection: u32,
        /// Their ids.
        ids: Vec<String>,
    },
    /// Metric, index or quantization changed in place.
    Configure {
        /// The collection.
        collection: u32,
        /// Its configuration from here on.
        config: Config,
    },
    /// A staged collection takes the place of the one it stages.
    Switch {
        /// The staged collection.
        staged: u32,
    },
}

impl Op {
    /// Whether it can be checked without regard to writes that are queued before it on the same collections.
    pub fn is_independent(&self) -> bool {
        matches!(self, Op::Upsert { .. })
    }
}

/// An [`Op`] that `State::apply` cannot fail on, as long as no other write comes between but independent ones.
pub struct Checked {
    pub(super) op: Op,
    /// The parsed metadata of each row; empty when it was already checked by whoever stored it.
    pub(super) values: Vec<Value>,
    /// For another metric or quantization, what follows from the vectors: reading them can fail, and applying cannot.
    pub(super) derived: Option<(Flat, Codes)>,
    /// Held until the write is applied.
    pub(super) room: Room,
}

impl Checked {
    /// The write itself.
    pub fn op(&self) -> &Op {
        &self.op
    }
}
