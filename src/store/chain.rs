//! Which logs have to be read, in which order, and how much of each.

use super::log::LogReader;
use super::names::{self, Listing};
use crate::error::{Error, Result};
use crate::format::crc32;
use crate::format::header::{FileHeader, FileKind, HEADER_BYTES};
use crate::sorted::SortedMap;
use crate::storage::Storage;

/// A log and how much of it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its header.
    pub header: FileHeader,
    /// Where it ends: what the next log says, or the length of the file for the newest.
    pub end: u64,
    /// Whether it is the newest: only there may a frame be cut short.
    pub head: bool,
}

/// The headers of all logs.
pub struct Logs {
    /// By generation, in its order.
    headers: Vec<(u64, Result<FileHeader>)>,
    lengths: SortedMap<u64, u64>,
}

impl Logs {
    /// Reads every log's header. A log that a crash cut off within its header, with nothing but zeros behind it, holds no
    /// acknowledged write and is passed over.
    pub async fn read(storage: &impl Storage, listing: &Listing) -> Result<Logs> {
        let mut headers = Vec::new();
        for (&generation, &length) in listing.logs.iter() {
            let name = names::log(generation);
            let bytes = storage.read(&name, 0..length.min(HEADER_BYTES as u64)).await?;
            if is_torn(&bytes) && LogReader::new(storage, generation, length).only_zeros_follow().await? {
                continue;
            }
            let header = FileHeader::decode(FileKind::Log, &bytes).and_then(|header| {
                if header.generation == generation {
                    return Ok(header);
                }
                Err(Error::corrupt(format!("{name} says that it is another file"))
                    .with(generation, header.generation))
            });
            headers.push((generation, header.map_err(|cause| located(&name, cause))));
        }
        Ok(Logs { headers, lengths: listing.logs.clone() })
    }

    /// The newest log; `None` when there is none with a header.
    pub fn head(&self) -> Result<Option<FileHeader>> {
        self.headers.last().map(|(_, header)| header.clone()).transpose()
    }

    /// Generation -> sequence number of the first frame, as far as headers verify.
    pub fn first_writes(&self) -> SortedMap<u64, u64> {
        self.headers.iter().filter_map(|(log, header)| Some((*log, header.as_ref().ok()?.seq))).collect()
    }

    /// Generation, header and length of each log, oldest first.
    pub fn each(&self) -> impl DoubleEndedIterator<Item = (u64, &Result<FileHeader>, u64)> {
        self.headers.iter().map(|(log, header)| (*log, header, self.lengths.get(*log).copied().unwrap_or(0)))
    }

    /// The header of a log, if it verifies.
    pub fn header(&self, generation: u64) -> Option<&FileHeader> {
        self.headers.iter().find(|(log, _)| *log == generation)?.1.as_ref().ok()
    }

    /// The logs that hold every write after `seq`, oldest first. `named` is the log that the snapshot of that
    /// `seq` names.
    pub fn after(&self, seq: u64, named: Option<u64>) -> Result<Vec<Link>> {
        let Some(header) = self.head()?.filter(|head| named.is_none_or(|named| head.generation >= named))
        else {
            return Err(Error::corrupt("the log of this database is missing: restore a backup"));
        };
        let length = self.lengths.get(header.generation).copied().unwrap_or(0);
        let mut links = vec![Link { header, end: length, head: true }];
        let mut first = header;
        while first.seq > seq + 1 {
            let (generation, end) = first.previous.ok_or_else(|| {
                Error::corrupt(
                    "the first log does not begin at the first write, and no snapshot covers the rest",
                )
                .with(format!("write {}", seq + 1), first.seq)
            })?;
            let header = self.headers.iter().find(|(log, _)| *log == generation);
            let header = header.map(|(_, header)| header.clone()).unwrap_or_else(|| {
                Err(Error::corrupt(format!(
                    "{} is missing, and no snapshot covers it",
                    names::log(generation)
                )))
            })?;
            if generation >= first.generation || header.database != first.database {
                return Err(Error::corrupt(format!(
                    "{} does not belong before {}",
                    names::log(generation),
                    names::log(first.generation)
                )));
            }
            let length = self.lengths.get(generation).copied().unwrap_or(0);
            if end > length {
                return Err(Error::corrupt(format!("{} is shorter than it was", names::log(generation)))
                    .with(format!("{end} bytes"), length));
            }
            links.push(Link { header, end, head: false });
            first = header;
        }
        links.reverse();
        Ok(links)
    }
}

/// Whether these bytes of a header are those of a log that a crash cut off within it: what is missing may have been filled up
/// with zeros.
fn is_torn(bytes: &[u8]) -> bool {
    let written = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let Some((fields, checksum)) = bytes.split_at_checked(HEADER_BYTES - 4) else { return true };
    // None or some of the checksum came, and zeros.
    let arrived = written.saturating_sub(fields.len());
    let expected = crc32::hash(fields).to_le_bytes();
    *checksum != expected && checksum.get(..arrived) == expected.get(..arrived)
}

/// Says in which file it was.
pub fn located(name: &str, cause: Error) -> Error {
    cause.about(format_args!("{name}"))
}
