//! The five verbs that the store needs of a host, and the contract behind them.
//!
//! Adapters for browsers and Node are JavaScript objects with the same five verbs (`web::host` calls them);
//! [`MemoryStorage`] is the reference and the test double.

mod memory;

pub use memory::MemoryStorage;

use crate::error::{Error, Result};
use crate::limits::FILE_NAME_BYTES_MAX;
use crate::room::ask;
use std::ops::Range;
use std::rc::Rc;

/// A stored file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileInfo {
    /// Lower-case letters, digits, `-` and `.`; at most [`FILE_NAME_BYTES_MAX`] bytes.
    pub name: String,
    /// Bytes.
    pub length: u64,
}

/// Bytes that are pulled piece by piece, so that nobody holds a whole file.
#[allow(async_fn_in_trait)] // the store runs on one thread: no bound on the futures is wanted
pub trait Source {
    /// The next piece; `None` at the end. An error ends the transfer.
    async fn next(&mut self) -> Result<Option<Vec<u8>>>;

    /// About how many bytes are to come, never much more; 0 where that is not known. A host that has not so much room
    /// refuses with `Quota` before the first of them.
    fn expected(&self) -> u64 {
        0
    }
}

/// Named byte files, written once or grown by append, never overwritten in place.
///
/// After a crash a file holds some prefix of what was written to it (possibly followed by zero bytes);
/// what a call that returned `Ok` wrote lies within that prefix.
#[allow(async_fn_in_trait)]
pub trait Storage {
    /// All files, in any order.
    async fn list(&self) -> Result<Vec<FileInfo>>;

    /// Exactly the bytes of `range`. An absent file, or a range past its end, is `Invalid`.
    async fn read(&self, name: &str, range: Range<u64>) -> Result<Vec<u8>>;

    /// As [`Storage::read`], with so many zeros before the bytes, for a header that is still to come.
    async fn read_behind(&self, room: usize, name: &str, range: Range<u64>) -> Result<Vec<u8>> {
        let length = range.end.saturating_sub(range.start) as usize;
        ask(room + length)?;
        let mut all = vec![0; room + length];
        let place = all.get_mut(room..).unwrap_or_default();
        let reader = self.reader().filter(|_| AT_ONCE_BYTES.contains(&length));
        let read_now = reader.map(|reader| reader.read_now(name, range.start, place));
        // What the quick way fails with, if it does, the other one tells.
        if !matches!(read_now, Some(Ok(()))) {
            let bytes = self.read(name, range).await?;
            all.truncate(room);
            all.extend_from_slice(&bytes);
        }
        Ok(all)
    }

    /// Writes a new file. `Conflict` when there is one of that name. When the source fails no file remains.
    async fn create(&self, name: &str, source: &mut impl Source) -> Result<()>;

    /// Appends at the end. `Conflict` unless the file exists and its length is `at`: two writers cannot
    /// interleave.
    async fn append(&self, name: &str, at: u64, bytes: &[u8]) -> Result<()>;

    /// Removes a file; an absent one is fine.
    async fn remove(&self, name: &str) -> Result<()>;

    /// The way to read without waiting, where this host has one. A collection that keeps only codes in memory
    /// needs it: it reads single rows in the middle of a search.
    fn reader(&self) -> Option<Rc<dyn ReadNow>> {
        None
    }
}

/// What is read without waiting outside of a search: more would keep a process standing, from a slow disk, and for less a host
/// keeps its file open, as it is asked for single rows by the thousand.
pub const AT_ONCE_BYTES: std::ops::RangeInclusive<usize> = 64 * 1024..=8 * 1024 * 1024;

/// Reading without waiting. It sees what every completed call wrote before it.
pub trait ReadNow {
    /// Fills `out` with the bytes from `at` on. As with [`Storage::read`], an absent file or a range past its end
    /// is `Invalid`; `out` then means nothing.
    fn read_now(&self, name: &str, at: u64, out: &mut [u8]) -> Result<()>;
}

/// One piece of bytes as a [`Source`].
pub struct Once(Option<Vec<u8>>);

impl Once {
    /// A source of exactly `bytes`.
    pub fn new(bytes: Vec<u8>) -> Once {
        Once(Some(bytes))
    }
}

impl Source for Once {
    async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        Ok(self.0.take())
    }
}

/// Refuses a file name that not every host could hold.
pub fn check_name(name: &str) -> Result<()> {
    let fits = !name.is_empty()
        && name.len() <= FILE_NAME_BYTES_MAX
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.');
    if fits {
        return Ok(());
    }
    Err(Error::invalid("a file name has 1 to 64 lower-case letters, digits, '-' and '.'")
        .with("[a-z0-9.-]", name))
}
