//! Reading a log, in windows of some megabytes.

use super::names;
use super::wire;
use crate::collection::Op;
use crate::error::{Error, Result};
use crate::format::frame::{FRAME_HEADER_BYTES, Found, FrameHeader, find_frame};
use crate::format::header::HEADER_BYTES;
use crate::format::record::{RecordV2, RequestV3};
use crate::room::ask;
use crate::storage::Storage;

/// Bytes read at a time, unless one frame is longer. No more than one window is held.
const WINDOW_BYTES: u64 = 4 * 1024 * 1024;

/// What comes next in a log.
pub enum Next {
    /// A frame.
    Frame {
        /// Its sequence number.
        seq: u64,
        /// When it was written: milliseconds since 1970.
        time_ms: u64,
        /// The write.
        op: Op,
        /// The name by which it was asked for.
        request: Option<RequestV3>,
    },
    /// The end.
    End,
    /// A frame that was cut short by a crash.
    Torn,
    /// A frame that is damaged, and how.
    Damaged(String),
}

/// Reads the frames of one log up to a given end.
pub struct LogReader<'a, S> {
    storage: &'a S,
    name: String,
    end: u64,
    window: Vec<u8>,
    /// Where the window begins in the file.
    start: u64,
    /// How much of the window was read.
    at: usize,
    /// Where in it the frame begins that came last.
    last: usize,
}

impl<'a, S: Storage> LogReader<'a, S> {
    /// A reader of `log-<generation>` that stops at `end`.
    pub fn new(storage: &'a S, generation: u64, end: u64) -> LogReader<'a, S> {
        LogReader::starting(storage, generation, HEADER_BYTES as u64, end)
    }

    /// As [`LogReader::new`], from where a frame begins.
    pub fn starting(storage: &'a S, generation: u64, start: u64, end: u64) -> LogReader<'a, S> {
        LogReader { storage, name: names::log(generation), end, window: Vec::new(), start, at: 0, last: 0 }
    }

    /// The bytes of the frame that came last.
    pub fn last_frame(&self) -> &[u8] {
        self.window.get(self.last..self.at).unwrap_or_default()
    }

    /// Offset of the next frame: everything before it is good.
    pub fn offset(&self) -> u64 {
        self.start + self.at as u64
    }

    /// The next frame.
    pub async fn next(&mut self) -> Result<Next> {
        self.fill(FRAME_HEADER_BYTES as u64).await?;
        if let Some(head) = self.rest().first_chunk::<FRAME_HEADER_BYTES>()
            && let Some(header) = FrameHeader::decode(head)
        {
            self.fill((FRAME_HEADER_BYTES as u64) + u64::from(header.length)).await?;
        }
        let (seq, time_ms, length) = match find_frame(self.rest()) {
            Found::Frame(header, payload) => (header.seq, header.time_ms, payload.len()),
            Found::End => return Ok(Next::End),
            // It looks so as far as it was read: only zeros up to the end.
            Found::Torn if self.only_zeros_follow().await? => return Ok(Next::Torn),
            Found::Torn => return Ok(self.damaged("a frame was cut short, and others follow")),
            Found::Damaged(what) => return Ok(self.damaged(what)),
        };
        // What is made of it, twice over.
        ask(3 * length)?;
        let payload = self.rest().get(FRAME_HEADER_BYTES..FRAME_HEADER_BYTES + length).unwrap_or_default();
        let (request, record) = RecordV2::decode(payload).ok_or_else(|| {
            let offset = self.offset();
            Error::corrupt(format!("{} at byte {offset}: a frame verifies but is no record", self.name))
        })?;
        let op = wire::op_from_wire(record)?;
        self.last = self.at;
        self.at += FRAME_HEADER_BYTES + length;
        Ok(Next::Frame { seq, time_ms, op, request })
    }

    fn damaged(&self, what: &str) -> Next {
        Next::Damaged(format!("{} at byte {}: {what}", self.name, self.offset()))
    }

    /// Whether everything behind the window is zero, up to the end.
    pub async fn only_zeros_follow(&self) -> Result<bool> {
        let mut at = self.offset() + self.rest().len() as u64;
        while at < self.end {
            let to = self.end.min(at + WINDOW_BYTES);
            if self.storage.read(&self.name, at..to).await?.iter().any(|byte| *byte != 0) {
                return Ok(false);
            }
            at = to;
        }
        Ok(true)
    }

    /// What was read and is no frame yet; all up to the end, after a torn one.
    pub fn rest(&self) -> &[u8] {
        self.window.get(self.at..).unwrap_or_default()
    }

    /// Has at least `wanted` bytes at hand, or all that there are.
    async fn fill(&mut self, wanted: u64) -> Result<()> {
        let have = self.rest().len() as u64;
        let left = self.end.saturating_sub(self.offset());
        if have >= wanted.min(left) {
            return Ok(());
        }
        let from = self.offset();
        // What is left of the window is read once more: to keep it would be to hold two.
        self.window = Vec::new();
        (self.start, self.at, self.last) = (from, 0, 0);
        self.window = self.storage.read(&self.name, from..from + wanted.max(WINDOW_BYTES).min(left)).await?;
        Ok(())
    }
}
