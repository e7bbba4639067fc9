//! What became of a write whose outcome is not known, and whose log this is.

use super::database::Inner;
use super::disk::Health;
use super::env::Env;
use super::names;
use crate::error::{Error, Kind, Result};
use crate::storage::{FileInfo, Storage};
use std::rc::Rc;

impl<S: Storage, E: Env> Inner<S, E> {
    /// Finds out what a failed append left behind, before anything else is written.
    ///
    /// Where it left bytes they are cut off: a new log says that the old one ends before them. So a write that
    /// was reported as failed does not come back, whether or not its bytes arrived. Bytes that are not ours are
    /// never cut: then somebody else writes here, and this handle stops.
    pub(super) async fn settle(&self) -> Result<()> {
        let (tail, roll, tried, doubtful) = {
            let disk = self.disk.borrow();
            disk.check_open()?;
            let (roll, tried) = match (&disk.health, disk.doubtful) {
                (Health::Unsettled { roll, tried }, _) => (*roll, tried.clone()),
                (_, None) => return Ok(()),
                _ => (false, Rc::default()),
            };
            (disk.log, roll, tried, disk.doubtful)
        };
        let name = names::log(tail.generation);
        let files = self.storage.list().await?;
        let newest = names::Listing::of(&files).logs.keys().next_back().copied();
        let length = files.iter().find(|file| file.name == name).map_or(0, |file| file.length);
        let arrived = match length.checked_sub(tail.length) {
            Some(0) => Vec::new(),
            Some(more) if more <= tried.len() as u64 => self.storage.read(&name, tail.length..length).await?,
            _ => return self.fence(&files),
        };
        let is_ours = newest.is_some_and(|newest| newest < self.disk.borrow().next_generation);
        if !is_ours || !tried.starts_with(&arrived) {
            return self.fence(&files);
        }
        if let Some(generation) = doubtful {
            self.storage.remove(&names::snapshot(generation)).await?;
            self.disk.borrow_mut().doubtful = None;
        }
        if roll || !arrived.is_empty() {
            self.start_log(Some(tail)).await?;
        }
        self.disk.borrow_mut().health = Health::Writable;
        Ok(())
    }

    /// Refuses to start a new log behind one that somebody else went on with: it would cut their writes off.
    pub(super) async fn check_sole_writer(&self) -> Result<()> {
        self.settle().await?;
        let tail = self.disk.borrow().log;
        let name = names::log(tail.generation);
        let files = self.storage.list().await?;
        match files.iter().find(|file| file.name == name) {
            Some(file) if file.length == tail.length => Ok(()),
            _ => self.fence(&files),
        }
    }

    /// Somebody else writes here; or there is nothing any more to write to: every database has a log.
    pub(super) fn fence(&self, files: &[FileInfo]) -> Result<()> {
        if !files.iter().any(|file| file.name.starts_with("log-")) {
            return Err(Error::new(Kind::Evicted, "this database's files are gone: copy what is in memory"));
        }
        let mut disk = self.disk.borrow_mut();
        disk.health = Health::Fenced;
        disk.check_open()
    }
}
