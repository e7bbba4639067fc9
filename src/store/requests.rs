//! Which requests were carried out: of the last writes that came with the name of their request, what they did. Who
//! lost the context that ran the database in the middle of a write asks again, under the same name, and is told.

use super::write::Written;
use crate::error::{Error, Kind, Result};
use crate::format::record::RequestV3;
use crate::format::snapshot::RequestsV3;
use crate::limits::REQUESTS_MAX;

/// The name of a write, chosen by who asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Who asks: a random number.
    pub client: u64,
    /// A number that this client never used before.
    pub counter: u64,
    /// It was asked for before, when the client had seen this sequence number, and how that ended is not known.
    pub again: Option<u64>,
}

/// Requests that were carried out.
impl RequestsV3 {
    /// What a request that may have been carried out did; `None` when it was not. `Unavailable` when so much was
    /// written since that nobody can tell.
    pub(super) fn outcome(&self, request: &Request) -> Result<Option<Written>> {
        let Some(seen) = request.again else { return Ok(None) };
        let is_it =
            |made: &&(u64, RequestV3)| (made.1.client, made.1.counter) == (request.client, request.counter);
        match self.made.iter().find(is_it) {
            Some((seq, made)) => Ok(Some(Written { count: made.count, seq: *seq })),
            None if self.forgotten > seen => Err(Error::new(
                Kind::Unavailable,
                "it is not known whether this write was made before the context that made it went away: look, and write again if it was not",
            )),
            None => Ok(None),
        }
    }

    /// Remembers that a request was write `seq`, and forgets the oldest.
    pub(super) fn add(&mut self, seq: u64, request: Option<RequestV3>) {
        self.made.extend(request.map(|request| (seq, request)));
        if self.made.len() > REQUESTS_MAX {
            self.forgotten = self.made.remove(0).0;
        }
    }
}
