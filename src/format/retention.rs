//! What is to be kept of the past: a header, then one frame of nine numbers.

use super::UPKEEP_VERSION;
use super::bytes::Reader;
use super::frame::{FRAME_HEADER_BYTES, Found, encode_frame, find_frame};
use super::header::{DatabaseId, FileHeader, FileKind, HEADER_BYTES};
use crate::error::{Error, Result};

/// Of snapshots: the last ones, of days, of weeks, of months; the same four of archives; days of history. 0 is no rule.
pub type Counts = [u32; 9];

/// Length of such a file.
pub const RETENTION_BYTES: usize = HEADER_BYTES + FRAME_HEADER_BYTES + size_of::<Counts>() + 1;

/// The file of a generation.
pub fn encode_retention(
    database: DatabaseId,
    generation: u64,
    time_ms: u64,
    counts: &Counts,
) -> Result<Vec<u8>> {
    let (kind, version) = (FileKind::Retention, UPKEEP_VERSION);
    let header = FileHeader { kind, version, database, generation, time_ms, seq: 0, previous: None };
    let mut bytes = header.encode();
    encode_frame(&mut bytes, 0, time_ms, |out| {
        counts.iter().for_each(|count| out.extend_from_slice(&count.to_le_bytes()));
    })?;
    Ok(bytes)
}

/// Reads one. `None` where a crash cut it off: it never counted.
pub fn decode_retention(database: &DatabaseId, bytes: &[u8]) -> Result<Option<Counts>> {
    // Its last byte is the end mark of the frame, so zeros in its place are what was never written.
    if bytes.len() < RETENTION_BYTES || bytes.last() == Some(&0) {
        return Ok(None);
    }
    let header = FileHeader::decode(FileKind::Retention, bytes)?;
    let damaged = || Error::corrupt("this retention policy is damaged");
    let Found::Frame(_, payload) = find_frame(bytes.get(HEADER_BYTES..).unwrap_or_default()) else {
        return Err(damaged());
    };
    if header.database != *database || bytes.len() != RETENTION_BYTES {
        return Err(damaged());
    }
    let (mut reader, mut counts) = (Reader(payload), Counts::default());
    for count in &mut counts {
        *count = reader.u32().ok_or_else(damaged)?;
    }
    Ok(Some(counts))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_cut_and_damaged() {
        let (id, counts) = (*b"some database...", [2, 7, 4, 12, 3, 0, 0, 1, 30]);
        let whole = encode_retention(id, 1, 99, &counts).unwrap();
        assert_eq!(whole.len(), RETENTION_BYTES);
        assert_eq!(decode_retention(&id, &whole).unwrap(), Some(counts));
        for length in 0..whole.len() {
            let mut bytes = whole[..length].to_vec();
            assert_eq!(decode_retention(&id, &bytes).unwrap(), None, "{length} bytes");
            bytes.resize(whole.len(), 0);
            assert_eq!(decode_retention(&id, &bytes).unwrap(), None, "{length} bytes and zeros");
        }
        for bit in 0..whole.len() * 8 {
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(decode_retention(&id, &bytes).is_err(), "bit {bit}");
        }
        assert!(decode_retention(b"another database", &whole).is_err());
        assert!(decode_retention(&id, &[&whole[..], &[1]].concat()).is_err());
    }
}
