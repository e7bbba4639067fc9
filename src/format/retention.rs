//! What is to be kept of the past: a header, then one frame of nine numbers.

use super::UPKEEP_VERSION;
use super::frame::{FRAME_HEADER_BYTES, Found, encode_frame, find_frame};
use super::header::{DatabaseId, FileHeader, FileKind, HEADER_BYTES};
use crate::error::Result;

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

/// What a file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// Nothing: a crash cut it off, and it never counted.
    Nothing,
    /// Something that cannot be read.
    Damaged,
    /// This.
    Counts(Counts),
}

/// Reads one.
pub fn decode_retention(database: &DatabaseId, bytes: &[u8]) -> Said {
    // Its last byte is the end mark of the frame, so zeros in its place are what was never written.
    if bytes.len() < RETENTION_BYTES || bytes.last() == Some(&0) {
        return Said::Nothing;
    }
    let is_ours = FileHeader::decode(FileKind::Retention, bytes).is_ok_and(|one| one.database == *database);
    let Found::Frame(_, payload) = find_frame(bytes.get(HEADER_BYTES..).unwrap_or_default()) else {
        return Said::Damaged;
    };
    if !is_ours || bytes.len() != RETENTION_BYTES {
        return Said::Damaged;
    }
    let mut counts = Counts::default();
    for (count, bytes) in counts.iter_mut().zip(payload.as_chunks().0) {
        *count = u32::from_le_bytes(*bytes);
    }
    Said::Counts(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_cut_and_damaged() {
        let (id, counts) = (*b"some database...", [2, 7, 4, 12, 3, 0, 0, 1, 30]);
        let whole = encode_retention(id, 1, 99, &counts).unwrap();
        assert_eq!(whole.len(), RETENTION_BYTES);
        assert_eq!(decode_retention(&id, &whole), Said::Counts(counts));
        for length in 0..whole.len() {
            let mut bytes = whole[..length].to_vec();
            assert_eq!(decode_retention(&id, &bytes), Said::Nothing, "{length} bytes");
            bytes.resize(whole.len(), 0);
            assert_eq!(decode_retention(&id, &bytes), Said::Nothing, "{length} bytes and zeros");
        }
        for bit in 0..whole.len() * 8 {
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(decode_retention(&id, &bytes), Said::Damaged, "bit {bit}");
        }
        assert_eq!(decode_retention(b"another database", &whole), Said::Damaged);
        assert_eq!(decode_retention(&id, &[&whole[..], &[1]].concat()), Said::Damaged);
    }
}
