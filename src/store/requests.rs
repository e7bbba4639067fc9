//! Which requests were carried out: of the last writes that came with the name of their request, what they did. Who
//! lost the context that ran the database in the middle of a write asks again, under the same name, and is told.

use super::write::Written;
use crate::error::{Error, Kind, Result};
use crate::format::record::RequestV3;
use crate::format::snapshot::RequestsV3;
use crate::limits::{REQUESTS_MAX, REQUESTS_OF_CLIENT_MAX};

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
        // Of each client the oldest are forgotten: where one is known from before, all that came later are.
        let mut is_sure = self.forgotten <= seen;
        for (seq, made) in self.made.iter().filter(|made| made.1.client == request.client) {
            if made.counter == request.counter {
                return Ok(Some(Written { count: made.count, seq: *seq }));
            }
            is_sure |= *seq <= seen;
        }
        if is_sure {
            return Ok(None);
        }
        Err(Error::new(
            Kind::Unavailable,
            "it is not known whether this write was made before the tab that made it went away: look, and write again if it was not",
        ))
    }

    /// Remembers that a request was write `seq`, and forgets the oldest.
    pub(super) fn add(&mut self, seq: u64, request: Option<RequestV3>) {
        let Some(request) = request else { return };
        self.made.push((seq, request));
        let is_own = |made: &&(u64, RequestV3)| made.1.client == request.client;
        let oldest = match self.made.iter().filter(is_own).count() > REQUESTS_OF_CLIENT_MAX {
            true => self.made.iter().position(|made| is_own(&made)),
            false => (self.made.len() > REQUESTS_MAX).then_some(0),
        };
        if let Some(at) = oldest {
            self.forgotten = self.forgotten.max(self.made.remove(at).0);
        }
    }
}
