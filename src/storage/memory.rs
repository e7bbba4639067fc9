//! Files in memory: the reference for the contract. Clones share the files, so that a test can "crash" a
//! store by dropping it and open the same files again.

use super::{FileInfo, ReadNow, Source, Storage, check_name};
use crate::error::{Error, Kind, Result};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

/// Files in memory. Cloning gives another handle on the same files.
#[derive(Clone, Default)]
pub struct MemoryStorage {
    files: Rc<RefCell<BTreeMap<String, Vec<u8>>>>,
}

impl MemoryStorage {
    /// No files yet.
    pub fn new() -> MemoryStorage {
        MemoryStorage::default()
    }

    /// A copy of every file, for tests that compare or damage them.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        self.files.borrow().clone()
    }

    /// Files with exactly these contents.
    pub fn from_files(files: BTreeMap<String, Vec<u8>>) -> MemoryStorage {
        MemoryStorage { files: Rc::new(RefCell::new(files)) }
    }

    fn with_range<T>(&self, name: &str, range: Range<u64>, take: impl FnOnce(&[u8]) -> T) -> Result<T> {
        check_name(name)?;
        let files = self.files.borrow();
        let bytes = files.get(name).ok_or_else(|| Error::invalid(format!("there is no file {name}")))?;
        let (start, end) = (usize::try_from(range.start).ok(), usize::try_from(range.end).ok());
        start.zip(end).and_then(|(start, end)| bytes.get(start..end)).map(take).ok_or_else(|| {
            Error::invalid(format!("a read past the end of {name}"))
                .with(format!("at most {} bytes", bytes.len()), format!("{}..{}", range.start, range.end))
        })
    }
}

impl ReadNow for MemoryStorage {
    fn read_now(&self, name: &str, at: u64, out: &mut [u8]) -> Result<()> {
        let end = at.saturating_add(out.len() as u64);
        self.with_range(name, at..end, |bytes| out.copy_from_slice(bytes))
    }
}

impl Storage for MemoryStorage {
    async fn list(&self) -> Result<Vec<FileInfo>> {
        let files = self.files.borrow();
        Ok(files
            .iter()
            .map(|(name, bytes)| FileInfo { name: name.clone(), length: bytes.len() as u64 })
            .collect())
    }

    async fn read(&self, name: &str, range: Range<u64>) -> Result<Vec<u8>> {
        self.with_range(name, range, <[u8]>::to_vec)
    }

    async fn create(&self, name: &str, source: &mut impl Source) -> Result<()> {
        check_name(name)?;
        let conflict = || Error::new(Kind::Conflict, format!("there is a file {name} already"));
        if self.files.borrow().contains_key(name) {
            return Err(conflict());
        }
        let mut bytes = Vec::new();
        while let Some(piece) = source.next().await? {
            bytes.extend_from_slice(&piece);
        }
        let mut files = self.files.borrow_mut();
        if files.contains_key(name) {
            return Err(conflict());
        }
        files.insert(name.to_owned(), bytes);
        Ok(())
    }

    async fn append(&self, name: &str, at: u64, bytes: &[u8]) -> Result<()> {
        check_name(name)?;
        let mut files = self.files.borrow_mut();
        let length = files.get(name).map(|file| file.len() as u64);
        match files.get_mut(name) {
            Some(file) if length == Some(at) => {
                file.extend_from_slice(bytes);
                Ok(())
            }
            _ => Err(Error::new(Kind::Conflict, format!("somebody else wrote to {name}")).with(
                format!("length {at}"),
                length.map_or("no file".to_owned(), |n| format!("length {n}")),
            )),
        }
    }

    async fn remove(&self, name: &str) -> Result<()> {
        check_name(name)?;
        self.files.borrow_mut().remove(name);
        Ok(())
    }

    fn reader(&self) -> Option<Rc<dyn ReadNow>> {
        Some(Rc::new(self.clone()))
    }
}
