//! A row group as columns: what a checkpoint writes and opening reads.

/// The rows of one group. A free slot has sequence number 0 and empty texts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GroupRows<'a> {
    /// Sequence number of each row's last write.
    pub seqs: Vec<u64>,
    /// Ids.
    pub ids: Vec<&'a str>,
    /// JSON objects.
    pub metadata: Vec<&'a str>,
}

/// Which blocks of a row group differ from the last snapshot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dirty {
    /// The vectors.
    pub vectors: bool,
    /// Ids, sequence numbers or metadata.
    pub rows: bool,
    /// What is kept in memory of the vectors when they are not.
    pub codes: bool,
}

impl Dirty {
    /// Everything: the group stands in no snapshot.
    pub const ALL: Dirty = Dirty { vectors: true, rows: true, codes: true };
}
