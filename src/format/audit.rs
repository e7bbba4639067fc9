//! The audit log: a header, then one frame for each entry, whose payload is a JSON object as text.

use super::UPKEEP_VERSION;
use super::frame::{END_MARK, FRAME_HEADER_BYTES, Found, FrameHeader, encode_frame, find_frame};
use super::header::{DatabaseId, FileHeader, FileKind, HEADER_BYTES};
use crate::error::{Error, Result};
use crate::limits::{AUDIT_ENTRY_BYTES_MAX, AUDIT_FILE_BYTES};

/// No file of an audit log is longer: one that is long enough gets no further entry.
pub const AUDIT_FILE_BYTES_MAX: u64 =
    AUDIT_FILE_BYTES + (FRAME_HEADER_BYTES + AUDIT_ENTRY_BYTES_MAX + 1) as u64;

/// An entry as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditFrame<'a> {
    /// Its number; the first one is 1.
    pub seq: u64,
    /// When it was written: milliseconds since 1970.
    pub time_ms: u64,
    /// A JSON object, if whoever wrote it did right.
    pub text: &'a str,
}

/// What a file of an audit log holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFile<'a> {
    /// What verifies, in its order.
    pub entries: Vec<AuditFrame<'a>>,
    /// The number of its first entry; `None` where that is not known.
    pub first: Option<u64>,
    /// The highest number that can be read in it; one less than the first where it has none.
    pub last: u64,
    /// Bytes that do not verify, the torn end not among them.
    pub damaged: u64,
    /// Whether the next entry can be appended.
    pub is_whole: bool,
}

/// The header of a file whose first entry has the number `seq`.
pub fn encode_audit_header(database: DatabaseId, generation: u64, time_ms: u64, seq: u64) -> Vec<u8> {
    let (kind, version) = (FileKind::Audit, UPKEEP_VERSION);
    FileHeader { kind, version, database, generation, time_ms, seq, previous: None }.encode()
}

/// Appends an entry.
pub fn encode_audit_entry(out: &mut Vec<u8>, seq: u64, time_ms: u64, text: &str) -> Result<()> {
    if text.len() > AUDIT_ENTRY_BYTES_MAX {
        return Err(Error::invalid("this entry is too large for the audit log")
            .with(format!("at most {AUDIT_ENTRY_BYTES_MAX} bytes"), text.len()));
    }
    encode_frame(out, seq, time_ms, |out| out.extend_from_slice(text.as_bytes()))
}

impl<'a> AuditFile<'a> {
    /// Reads all that verifies in the bytes of a file, wherever it begins. Damage is no error here: an audit log with a
    /// hole in it still tells the rest.
    pub fn read(database: &DatabaseId, generation: u64, bytes: &'a [u8]) -> AuditFile<'a> {
        let mut file = AuditFile::default();
        let written = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        match FileHeader::decode(FileKind::Audit, bytes) {
            Ok(header) if header.database == *database && header.generation == generation => {
                file.first = Some(header.seq);
                file.last = header.seq.saturating_sub(1);
                file.is_whole = true;
            }
            // Of another database, or a version that nobody here knows: none of it counts.
            Ok(_) => return AuditFile { damaged: bytes.len() as u64, ..file },
            // A crash cut it off when it was made.
            Err(_) if written < HEADER_BYTES => return file,
            Err(_) => file.damaged = HEADER_BYTES as u64,
        }
        let mut at = HEADER_BYTES;
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            let (length, is_good) = match find_frame(rest) {
                Found::End => break,
                Found::Torn => {
                    file.is_whole = false;
                    break;
                }
                Found::Frame(header, payload) => {
                    let is_good = file.take(&header, payload);
                    (FRAME_HEADER_BYTES + payload.len(), is_good)
                }
                Found::Damaged(_) => (file.skip(rest), false),
            };
            if !is_good {
                file.damaged += length as u64;
                file.is_whole = false;
            }
            at += length;
        }
        file
    }

    /// Takes a frame that verifies; says no where it is no entry, or none that comes next.
    fn take(&mut self, header: &FrameHeader, payload: &'a [u8]) -> bool {
        let text = payload.strip_suffix(&[END_MARK]).filter(|text| text.len() <= AUDIT_ENTRY_BYTES_MAX);
        let Some(text) = text.and_then(|text| std::str::from_utf8(text).ok()) else { return false };
        if header.seq <= self.last || header.seq == u64::MAX {
            return false;
        }
        self.last = header.seq;
        self.first = self.first.or(Some(header.seq));
        self.entries.push(AuditFrame { seq: header.seq, time_ms: header.time_ms, text });
        true
    }

    /// How far it is from damage to where the next frame may begin.
    fn skip(&mut self, rest: &[u8]) -> usize {
        let decode = |bytes: &[u8]| bytes.first_chunk().and_then(FrameHeader::decode);
        if let Some(header) = decode(rest) {
            // What lies within the payload of a frame that does not verify is no frame.
            self.last = self.last.max(header.seq.min(u64::MAX - 1));
            return (FRAME_HEADER_BYTES + header.length as usize).min(rest.len());
        }
        let begins = |at: &usize| rest.get(*at..).is_some_and(|rest| decode(rest).is_some());
        (1..rest.len()).find(begins).unwrap_or(rest.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: DatabaseId = *b"some database...";

    fn file(count: u64) -> Vec<u8> {
        let mut bytes = encode_audit_header(ID, 3, 10, 5);
        for n in 0..count {
            encode_audit_entry(&mut bytes, 5 + n, 20 + n, &format!("{{\"n\":{n}}}")).unwrap();
        }
        bytes
    }

    fn seqs(file: &AuditFile<'_>) -> Vec<u64> {
        file.entries.iter().map(|entry| entry.seq).collect()
    }

    #[test]
    fn what_was_written_is_read() {
        let bytes = file(3);
        let read = AuditFile::read(&ID, 3, &bytes);
        assert_eq!((read.first, read.last, read.damaged, read.is_whole), (Some(5), 7, 0, true));
        assert_eq!(read.entries[1], AuditFrame { seq: 6, time_ms: 21, text: "{\"n\":1}" });
        let bytes = file(0);
        let read = AuditFile::read(&ID, 3, &bytes);
        assert_eq!((read.first, read.last, read.is_whole, read.entries.len()), (Some(5), 4, true, 0));
        let mut out = Vec::new();
        assert!(encode_audit_entry(&mut out, 1, 1, &"x".repeat(AUDIT_ENTRY_BYTES_MAX + 1)).is_err());
    }

    #[test]
    fn a_prefix_with_or_without_zeros_gives_the_whole_entries_in_it() {
        let whole = file(4);
        let ends: Vec<usize> = (0..=4).map(|count| file(count).len()).collect();
        for length in 0..=whole.len() {
            for zeros in [0, 1, 40, 200] {
                let mut bytes = whole[..length].to_vec();
                bytes.resize(length + zeros, 0);
                let read = AuditFile::read(&ID, 3, &bytes);
                let expected = ends.iter().filter(|end| **end <= length).count().saturating_sub(1);
                assert_eq!(read.entries.len(), expected, "{length} bytes and {zeros} zeros");
                assert_eq!(read.damaged, 0, "{length} bytes and {zeros} zeros");
                assert_eq!(read.is_whole, zeros == 0 && ends.contains(&length), "{length} and {zeros}");
            }
        }
    }

    #[test]
    fn one_flipped_bit_costs_one_entry_at_the_most_and_is_told() {
        let whole = file(5);
        let start = file(0).len();
        for bit in 0..whole.len() * 8 {
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let read = AuditFile::read(&ID, 3, &bytes);
            assert!(read.damaged > 0 && !read.is_whole, "bit {bit}");
            assert_eq!(read.entries.len(), if bit / 8 < start { 5 } else { 4 }, "bit {bit}");
            let text = seqs(&read);
            assert!(text.is_sorted() && text.iter().all(|seq| (5..10).contains(seq)), "bit {bit}: {text:?}");
        }
    }

    #[test]
    fn files_of_others_do_not_count() {
        let bytes = file(2);
        for (id, generation) in [(*b"another database", 3), (ID, 4)] {
            let read = AuditFile::read(&id, generation, &bytes);
            assert_eq!((read.entries.len(), read.damaged, read.is_whole), (0, bytes.len() as u64, false));
        }
    }
}
