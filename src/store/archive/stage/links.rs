//! The links of the graphs of a restore, as a blocks file.

use crate::collection::State;
use crate::error::{Error, Result};
use crate::format::header::FileHeader;
use crate::format::snapshot::BlockRefV1;
use crate::storage::Source;
use crate::store::made::{Wanted, encode, seal};

/// The links of graphs, as a blocks file.
pub struct Links<'a> {
    state: &'a State,
    head: Option<Vec<u8>>,
    at: u64,
    /// The next one last.
    pub wanted: Vec<Wanted>,
    /// Collection, row group, and where its links are.
    pub written: Vec<(u32, usize, BlockRefV1)>,
    generation: u64,
}

impl<'a> Links<'a> {
    /// None yet, of a file with this header.
    pub fn new(state: &'a State, header: &FileHeader) -> Links<'a> {
        let (wanted, written) = (Vec::new(), Vec::new());
        Links { state, head: Some(header.encode()), at: 0, wanted, written, generation: header.generation }
    }
}

impl Source for Links<'_> {
    async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        if let Some(head) = self.head.take() {
            self.at = head.len() as u64;
            return Ok(Some(head));
        }
        let Some(want) = self.wanted.pop() else { return Ok(None) };
        let gone = || Error::corrupt("a collection vanished: this is a defect of Lodestore");
        let mut bytes = encode(self.state.get(want.collection).ok_or_else(gone)?, &want)?;
        let block = seal(&mut bytes, &want, self.generation, self.at);
        self.at += bytes.len() as u64;
        self.written.push((want.collection, want.group, block));
        Ok(Some(bytes))
    }
}
