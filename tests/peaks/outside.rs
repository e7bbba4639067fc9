//! Files that take nothing of the memory that is counted.

use super::counter::aside;
use lodestore::error::{Error, Kind, Result};
use lodestore::storage::{FileInfo, ReadNow, Source, Storage};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

/// What is read, and what is handed over to be written, is counted; what lies here is not. Clones share the files.
#[derive(Clone, Default)]
pub struct Outside(Rc<RefCell<BTreeMap<String, Vec<u8>>>>);

impl Outside {
    /// Changes the bytes of the newest log.
    pub fn change_log(&self, change: impl FnOnce(&mut Vec<u8>)) {
        let mut files = self.0.borrow_mut();
        let log = files.iter_mut().rev().find(|(name, _)| name.starts_with("log-")).unwrap().1;
        aside(|| change(log));
    }

    fn with<T>(&self, name: &str, range: Range<u64>, take: impl FnOnce(&[u8]) -> T) -> Result<T> {
        let files = self.0.borrow();
        let bytes = files.get(name).and_then(|file| file.get(range.start as usize..range.end as usize));
        bytes.map(take).ok_or_else(|| Error::invalid(format!("no such bytes of {name}")))
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        if let Some(files) = Rc::get_mut(&mut self.0) {
            aside(|| files.get_mut().clear());
        }
    }
}

impl ReadNow for Outside {
    fn read_now(&self, name: &str, at: u64, out: &mut [u8]) -> Result<()> {
        self.with(name, at..at + out.len() as u64, |bytes| out.copy_from_slice(bytes))
    }
}

impl Storage for Outside {
    async fn list(&self) -> Result<Vec<FileInfo>> {
        let files = self.0.borrow();
        Ok(files
            .iter()
            .map(|(name, file)| FileInfo { name: name.clone(), length: file.len() as u64 })
            .collect())
    }

    async fn read(&self, name: &str, range: Range<u64>) -> Result<Vec<u8>> {
        self.with(name, range, <[u8]>::to_vec)
    }

    async fn create(&self, name: &str, source: &mut impl Source) -> Result<()> {
        let mut file = Vec::new();
        loop {
            match source.next().await {
                Ok(Some(piece)) => aside(|| file.extend_from_slice(&piece)),
                Ok(None) => break,
                Err(cause) => {
                    aside(|| drop(file));
                    return Err(cause);
                }
            }
        }
        aside(|| drop(self.0.borrow_mut().insert(name.to_owned(), file)));
        Ok(())
    }

    async fn append(&self, name: &str, at: u64, bytes: &[u8]) -> Result<()> {
        let mut files = self.0.borrow_mut();
        match files.get_mut(name).filter(|file| file.len() as u64 == at) {
            Some(file) => aside(|| file.extend_from_slice(bytes)),
            None => return Err(Error::new(Kind::Conflict, "somebody else wrote here")),
        }
        Ok(())
    }

    async fn remove(&self, name: &str) -> Result<()> {
        aside(|| drop(self.0.borrow_mut().remove(name)));
        Ok(())
    }

    fn reader(&self) -> Option<Rc<dyn ReadNow>> {
        Some(Rc::new(self.clone()))
    }
}
