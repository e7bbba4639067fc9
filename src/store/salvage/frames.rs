//! The frames of a damaged log: those that verify, wherever they begin.

use super::super::env::Env;
use super::super::names;
use super::attempt::Work;
use crate::error::Result;
use crate::format::crc32;
use crate::format::frame::{FRAME_HEADER_BYTES, Found, FrameHeader, find_frame};
use crate::format::header::HEADER_BYTES;
use crate::limits::FRAME_BYTES_MAX;
use crate::storage::Storage;

/// Bytes read at a time, unless one frame is longer.
const WINDOW_BYTES: u64 = 1024 * 1024;

/// Goes through a log. Holds a window, or one frame.
pub(super) struct Frames<'a, S> {
    storage: &'a S,
    name: String,
    end: u64,
    /// Where to look next.
    at: u64,
    window: Vec<u8>,
    /// Where the window begins.
    start: u64,
}

impl<'a, S: Storage> Frames<'a, S> {
    pub fn new(work: &Work<'a, S, impl Env>, generation: u64, end: u64) -> Frames<'a, S> {
        let at = HEADER_BYTES as u64;
        let name = names::log(generation);
        Frames { storage: work.storage, name, end, at, window: Vec::new(), start: at }
    }

    /// Has so many bytes from `at` on in the window, or all that there are.
    async fn fill(&mut self, wanted: u64) -> Result<()> {
        let end = self.end.min(self.at + wanted);
        let have = self.start + self.window.len() as u64;
        if self.at < self.start || end > have {
            let to = self.end.min(self.at + wanted.max(WINDOW_BYTES));
            self.window = Vec::new();
            self.window = self.storage.read(&self.name, self.at.min(to)..to).await?;
            self.start = self.at;
        }
        Ok(())
    }

    fn rest(&self) -> &[u8] {
        self.window.get((self.at - self.start) as usize..).unwrap_or_default()
    }

    /// The next frame that verifies, and where it begins. Its payload is [`Frames::payload`].
    pub async fn next(&mut self) -> Result<Option<(u64, FrameHeader)>> {
        loop {
            self.fill(FRAME_HEADER_BYTES as u64).await?;
            let Some(head) = self.rest().first_chunk::<FRAME_HEADER_BYTES>() else { return Ok(None) };
            let Some(header) = FrameHeader::decode(head) else {
                // To the next byte that can begin one, within the window.
                let skip = self.rest().iter().skip(1).position(|byte| *byte == b'L');
                self.at += skip.map_or(self.rest().len(), |skip| skip + 1) as u64;
                continue;
            };
            let whole = FRAME_HEADER_BYTES as u64 + u64::from(header.length);
            self.fill(whole).await?;
            let at = self.at;
            let payload = self.rest().get(FRAME_HEADER_BYTES..whole as usize);
            let is_whole = payload.map(|payload| crc32::hash(payload) == header.payload_crc);
            // What lies within the payload of a frame that does not verify is no frame.
            self.at += if is_whole.is_some() { whole } else { 1 };
            if is_whole == Some(true) {
                return Ok(Some((at, header)));
            }
        }
    }

    /// The payload of the frame that was given last.
    pub fn payload(&self, header: &FrameHeader) -> &[u8] {
        let end = (self.at - self.start) as usize;
        self.window.get(end - header.length as usize..end).unwrap_or_default()
    }

    /// Whether what follows `from` is a write that a crash cut short: it was never acknowledged.
    pub async fn is_torn(&mut self, from: u64) -> Result<bool> {
        self.at = from;
        let most = (FRAME_BYTES_MAX + FRAME_HEADER_BYTES) as u64;
        self.fill(most).await?;
        let rest = self.rest();
        Ok(rest.len() as u64 == self.end - from && matches!(find_frame(rest), Found::Torn))
    }
}
