//! The frames of a range of writes, from the logs of a database, verified and as they are.

use super::super::chain::Logs;
use super::super::disk::LogTail;
use super::super::log::{LogReader, Next};
use super::super::names;
use crate::error::{Error, Result};
use crate::format::header::HEADER_BYTES;
use crate::storage::Storage;
use std::cmp::Ordering;

/// Bytes of logs that are read at a time.
const STEP_BYTES: u64 = 4 * 1024 * 1024;

/// Where a reader of frames is.
#[derive(Clone)]
pub struct Frames {
    /// Generation of each log and where it ends, oldest first.
    logs: Vec<(u64, u64)>,
    /// Which of them is being read, and from where on.
    at: usize,
    offset: u64,
    /// The next write that is wanted, and the last.
    next: u64,
    last: u64,
}

impl Frames {
    /// The frames of the writes after `from` up to `last`, of logs whose newest ends at `tail`. `Invalid` when they do not
    /// reach so far back.
    pub fn after(logs: &Logs, tail: LogTail, from: u64, last: u64) -> Result<Frames> {
        let mut wanted = Vec::new();
        if last > from {
            let too_old = |cause: Error| {
                Error::invalid(format!(
                    "the log does not go back to what this is to follow ({}): make a full or differential backup",
                    cause.message
                ))
            };
            for link in logs.after(from, None).map_err(too_old)? {
                match link.header.generation.cmp(&tail.generation) {
                    Ordering::Less => wanted.push((link.header.generation, link.end)),
                    Ordering::Equal => wanted.push((link.header.generation, tail.length)),
                    // One that was begun though that failed: nothing that counts is in it.
                    Ordering::Greater => break,
                }
            }
        }
        Ok(Frames { logs: wanted, at: 0, offset: HEADER_BYTES as u64, next: from + 1, last })
    }

    /// The logs that it reads.
    pub fn logs(&self) -> Vec<u64> {
        self.logs.iter().map(|(log, _)| *log).collect()
    }

    /// Hands some megabytes of frames to `take`: bytes, and the time of the write. False at the end.
    pub async fn step(&mut self, storage: &impl Storage, mut take: impl FnMut(&[u8], u64)) -> Result<bool> {
        if self.next > self.last {
            return Ok(false);
        }
        let Some(&(log, end)) = self.logs.get(self.at) else {
            return Err(Error::invalid(
                "not every write since then is in the log, as an import or a restore came between: make a full or differential backup",
            )
            .with(format!("write {}", self.next), "none"));
        };
        let mut reader = LogReader::starting(storage, log, self.offset, end);
        while reader.offset() < self.offset + STEP_BYTES && self.next <= self.last {
            let (seq, time_ms) = match reader.next().await? {
                Next::Frame { seq, time_ms, .. } => (seq, time_ms),
                Next::End => {
                    (self.at, self.offset) = (self.at + 1, HEADER_BYTES as u64);
                    return Ok(true);
                }
                Next::Torn => return Err(Error::corrupt(format!("{} is cut short", names::log(log)))),
                Next::Damaged(what) => return Err(Error::corrupt(what)),
            };
            if seq > self.next {
                return Err(Error::invalid(
                    "not every write since then is in the log, as an import or a restore came between: make a full or differential backup",
                )
                .with(format!("write {}", self.next), seq));
            }
            if seq == self.next {
                take(reader.last_frame(), time_ms);
                self.next += 1;
            }
        }
        self.offset = reader.offset();
        Ok(true)
    }
}
