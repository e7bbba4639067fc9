//! The bytes of an archive, as somebody hands them over.

use super::super::env::Env;
use crate::error::{Error, Result};
use crate::format::sha256::Sha256;
use crate::limits::{CHUNK_BYTES_MAX, CHUNK_TAG_BYTES};
use crate::room::out_of_memory;
use crate::storage::Source;

/// Bytes of an archive that room is made for before they come. Once so many have come, room is made for all of them, so
/// that they do not move while they grow, but for no more than [`AHEAD_BYTES_MAX`].
const PIECE_BYTES: usize = 64 * 1024;
/// Two chunks.
const AHEAD_BYTES_MAX: usize = 2 * (CHUNK_BYTES_MAX + CHUNK_TAG_BYTES);

/// Takes exact numbers of bytes from a source and digests them.
pub struct Bytes<'a, S, E> {
    source: &'a mut S,
    pub env: &'a E,
    phase: &'static str,
    buffer: Vec<u8>,
    at: usize,
    /// Bytes that were taken so far.
    pub taken: u64,
    /// Bytes of the archive, or 0.
    pub total: u64,
    /// Of the bytes that were taken, while they are digested one by one.
    pub digest: Option<Sha256>,
}

impl<'a, S: Source, E: Env> Bytes<'a, S, E> {
    /// Of an archive of so many bytes, where that is known (else 0). How far it is, is reported as this phase.
    pub fn new(source: &'a mut S, env: &'a E, phase: &'static str, total: u64) -> Self {
        let (buffer, digest) = (Vec::new(), Some(Sha256::default()));
        Bytes { source, env, phase, buffer, at: 0, taken: 0, total, digest }
    }

    /// Appends the next `count` bytes. Little is allocated for bytes that do not come, and `Quota` says that there is
    /// no memory.
    pub async fn append(&mut self, out: &mut Vec<u8>, count: usize) -> Result<()> {
        self.append_of(out, count, count).await
    }

    /// As [`Bytes::append`], of `all` bytes that somebody wants there in the end.
    pub async fn append_of(&mut self, out: &mut Vec<u8>, count: usize, all: usize) -> Result<()> {
        let mut missing = count;
        out.try_reserve_exact(missing.min(PIECE_BYTES)).map_err(out_of_memory)?;
        while missing > 0 {
            if self.at == self.buffer.len() && !self.refill().await? {
                return Err(Error::corrupt("this archive ends too early: it was cut off")
                    .with("more bytes", format!("{} bytes", self.taken)));
            }
            let left = self.buffer.get(self.at..).unwrap_or_default();
            let piece = left.get(..missing.min(left.len())).unwrap_or_default();
            let has_come = out.len() + piece.len() >= PIECE_BYTES;
            let ahead = if has_come { (all - (count - missing)).min(AHEAD_BYTES_MAX) } else { 0 };
            out.try_reserve(ahead.max(piece.len())).map_err(out_of_memory)?;
            out.extend_from_slice(piece);
            if let Some(digest) = &mut self.digest {
                digest.update(piece);
            }
            self.at += piece.len();
            self.taken += piece.len() as u64;
            missing -= piece.len();
        }
        Ok(())
    }

    /// Whether nothing follows.
    pub async fn at_end(&mut self) -> Result<bool> {
        Ok(self.at == self.buffer.len() && !self.refill().await?)
    }

    /// Gets more bytes; false at the end.
    async fn refill(&mut self) -> Result<bool> {
        self.env.progress(self.phase, self.taken, self.total.max(self.taken));
        self.env.yield_now().await;
        while let Some(bytes) = self.source.next().await? {
            if !bytes.is_empty() {
                self.buffer = bytes;
                self.at = 0;
                return Ok(true);
            }
        }
        self.buffer.clear();
        self.at = 0;
        Ok(false)
    }
}
