//! The frame: one committed write in the append log. A 32-byte header with its own checksum, so that a length
//! can be believed before it is used, then the payload.

use super::bytes::Reader;
use super::crc32;
use crate::error::{Error, Result};
use crate::limits::FRAME_BYTES_MAX;

/// Length of a frame's header.
pub const FRAME_HEADER_BYTES: usize = 32;

/// The last byte of every payload.
pub const END_MARK: u8 = 0xFF;

const MAGIC: u32 = u32::from_le_bytes(*b"LFRM");

/// What a frame's header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHeader {
    /// Bytes of payload that follow.
    pub length: u32,
    /// Sequence number: exactly one more than that of the frame before.
    pub seq: u64,
    /// Wall clock at the write: milliseconds since 1970.
    pub time_ms: u64,
    /// crc32 of the payload.
    pub payload_crc: u32,
}

/// The outcome of looking for a frame at the front of some bytes that end where the file ends.
#[derive(Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// A frame that verifies.
    Frame(FrameHeader, &'a [u8]),
    /// Nothing is left.
    End,
    /// A good beginning without its end, or with zeros in place of its end: a write that a crash cut short.
    Torn,
    /// Everything is there and does not verify.
    Damaged(&'static str),
}

/// Appends a frame whose payload `write` appends; the end mark is added here. On an error `out` is longer, by nothing
/// of use.
pub fn encode_frame(
    out: &mut Vec<u8>,
    seq: u64,
    time_ms: u64,
    write: impl FnOnce(&mut Vec<u8>),
) -> Result<()> {
    let start = out.len();
    out.resize(start + FRAME_HEADER_BYTES, 0);
    write(out);
    out.push(END_MARK);
    let body = start + FRAME_HEADER_BYTES;
    let bytes = out.len() - body;
    if bytes > FRAME_BYTES_MAX {
        return Err(Error::invalid(
            "this write is too large for one frame of the log: split it into smaller ones",
        )
        .with(format!("at most {FRAME_BYTES_MAX} bytes"), bytes));
    }
    let (length, payload_crc) = {
        let payload = out.get(body..).unwrap_or_default();
        (payload.len() as u32, crc32::hash(payload))
    };
    let header = FrameHeader { length, seq, time_ms, payload_crc }.encode();
    if let Some(space) = out.get_mut(start..body) {
        space.copy_from_slice(&header);
    }
    Ok(())
}

impl FrameHeader {
    fn encode(&self) -> [u8; FRAME_HEADER_BYTES] {
        let mut out = [0; FRAME_HEADER_BYTES];
        let fields = [
            (0, &MAGIC.to_le_bytes()[..]),
            (4, &self.length.to_le_bytes()[..]),
            (8, &self.seq.to_le_bytes()[..]),
            (16, &self.time_ms.to_le_bytes()[..]),
            (24, &self.payload_crc.to_le_bytes()[..]),
        ];
        for (at, bytes) in fields {
            out[at..at + bytes.len()].copy_from_slice(bytes);
        }
        let crc = crc32::hash(&out[..28]);
        out[28..].copy_from_slice(&crc.to_le_bytes());
        out
    }

    /// Reads a header; `None` when it does not verify or breaks a bound.
    pub fn decode(bytes: &[u8; FRAME_HEADER_BYTES]) -> Option<FrameHeader> {
        let mut reader = Reader(bytes);
        let magic = reader.u32()?;
        let (length, seq, time_ms) = (reader.u32()?, reader.u64()?, reader.u64()?);
        let (payload_crc, header_crc) = (reader.u32()?, reader.u32()?);
        let sound = magic == MAGIC
            && header_crc == crc32::hash(bytes.get(..28)?)
            && length as usize <= FRAME_BYTES_MAX;
        sound.then_some(FrameHeader { length, seq, time_ms, payload_crc })
    }
}

/// Looks for a frame at the front of `bytes`, which reach to the end of the file.
pub fn find_frame(bytes: &[u8]) -> Found<'_> {
    if bytes.is_empty() {
        return Found::End;
    }
    let Some((head, rest)) = bytes.split_first_chunk::<FRAME_HEADER_BYTES>() else {
        return Found::Torn;
    };
    let Some(header) = FrameHeader::decode(head) else {
        let torn = written(bytes) < FRAME_HEADER_BYTES;
        return if torn { Found::Torn } else { Found::Damaged("the header of a frame does not verify") };
    };
    match rest.get(..header.length as usize) {
        None => Found::Torn,
        Some(payload) if crc32::hash(payload) == header.payload_crc => Found::Frame(header, payload),
        Some(payload) if written(rest) < payload.len() => Found::Torn,
        Some(_) => Found::Damaged("the payload of a frame does not match its checksum"),
    }
}

/// Bytes up to the last one that is not zero. A file system may have recorded the new length of a file but not
/// yet its bytes, which then read as zeros. No payload ends in zero ([`END_MARK`]), so zeros up to the end of
/// the file mean that the write was cut off, and a flipped bit cannot look like it.
fn written(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1)
}
