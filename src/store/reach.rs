//! How far the logs reach from a snapshot, where some of them were pruned or an import stands between.

use super::chain::Logs;
use super::database::Inner;
use super::disk::Kept;
use super::env::Env;
use super::log::{LogReader, Next};
use crate::error::Result;
use crate::storage::Storage;

impl Logs {
    /// Of snapshots by the last write that each covers, oldest first: the first one behind which every write is in a log.
    /// A retention policy keeps older ones without. The newest two are never such: one of these without logs is damage.
    pub fn connected(&self, seqs: &[u64]) -> usize {
        let certain = seqs.len().saturating_sub(2);
        let is_connected = |seq: &u64| self.after(*seq, None).is_ok();
        seqs.iter().take(certain).position(is_connected).unwrap_or(certain)
    }
}

impl<S: Storage, E: Env> Inner<S, E> {
    /// The last write that can be read by the logs after the write `from`, before the snapshot `next`.
    pub(super) async fn reach(&self, from: u64, next: &Kept, logs: &Logs) -> Result<u64> {
        if !next.is_import {
            return Ok(next.seq.saturating_sub(1).max(from));
        }
        // An import may leave out numbers, and which is the last before them is in the log alone.
        let links = logs.after(from, None)?;
        let mut last = from;
        if let Some(link) = links.iter().rfind(|link| link.header.seq <= next.seq) {
            last = last.max(link.header.seq.saturating_sub(1));
            let mut reader = LogReader::new(&self.storage, link.header.generation, link.end);
            while let Next::Frame { seq, .. } = reader.next().await? {
                last = last.max(seq);
            }
        }
        Ok(last)
    }
}
