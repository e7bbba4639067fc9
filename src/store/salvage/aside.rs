//! What is kept aside: copies of damaged files as they were, under names that nothing else reads. Nothing removes them
//! but their owner.

use super::super::database::{Database, Inner};
use super::super::env::Env;
use super::super::names::QUARANTINE;
use crate::error::{Error, Result};
use crate::storage::{Once, Source, Storage};

/// Bytes of a copy that are held at a time.
const PIECE_BYTES: u64 = 1024 * 1024;

/// What stands in place of a file's name in that of the report.
pub(super) const REPORT: &str = "report";

/// The name of what is kept aside of a file.
pub(super) fn aside_name(generation: u64, name: &str) -> String {
    format!("{QUARANTINE}{generation}-{name}")
}

/// A file that is kept aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// Its name: `quarantine-<generation>-<name of the damaged file>`, or `-report` for what salvage reported.
    pub name: String,
    /// Its length.
    pub bytes: u64,
}

/// A file, piece by piece.
struct CopyOf<'a, S> {
    storage: &'a S,
    name: &'a str,
    at: u64,
    length: u64,
}

impl<S: Storage> Source for CopyOf<'_, S> {
    async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        let end = self.length.min(self.at + PIECE_BYTES);
        if self.at == end {
            return Ok(None);
        }
        let piece = self.storage.read(self.name, self.at..end).await?;
        self.at = end;
        Ok(Some(piece))
    }
}

impl<S: Storage, E: Env> Inner<S, E> {
    /// Copies these files aside, those of them that are there, under the generation of the next snapshot. When it fails
    /// nothing is left behind.
    pub(crate) async fn keep_aside(&self, names: &[String]) -> Result<Vec<Quarantined>> {
        let mut kept = Vec::new();
        let copied = self.copy_aside(names, &mut kept).await;
        match copied {
            Ok(()) => Ok(kept),
            Err(cause) => {
                self.forget_aside(&kept).await;
                Err(cause)
            }
        }
    }

    async fn copy_aside(&self, names: &[String], kept: &mut Vec<Quarantined>) -> Result<()> {
        for file in self.storage.list().await? {
            if names.contains(&file.name) {
                let name = self.aside_name(&file.name);
                kept.push(Quarantined { name, bytes: file.length });
                let mut source =
                    CopyOf { storage: &self.storage, name: &file.name, at: 0, length: file.length };
                self.create_aside(kept, &mut source).await?;
            }
        }
        Ok(())
    }

    /// Keeps a text beside them.
    pub(crate) async fn note_aside(&self, text: String, kept: &mut Vec<Quarantined>) -> Result<()> {
        kept.push(Quarantined { name: self.aside_name(REPORT), bytes: text.len() as u64 });
        self.create_aside(kept, &mut Once::new(text.into_bytes())).await
    }

    fn aside_name(&self, name: &str) -> String {
        aside_name(self.disk.borrow().next_generation, name)
    }

    /// Writes the last of these. One of that name is what a crash left of the same copy: the original is still there,
    /// since the snapshot of this generation is not.
    async fn create_aside(&self, kept: &[Quarantined], source: &mut impl Source) -> Result<()> {
        let Some(last) = kept.last() else { return Ok(()) };
        self.storage.remove(&last.name).await?;
        self.storage.create(&last.name, source).await
    }

    /// Removes copies whose originals are still there.
    pub(crate) async fn forget_aside(&self, kept: &[Quarantined]) {
        for one in kept {
            let _ = self.storage.remove(&one.name).await;
        }
    }
}

impl<S: Storage, E: Env> Database<S, E> {
    /// The files that salvage and repair kept aside, in any order.
    pub async fn quarantined(&self) -> Result<Vec<Quarantined>> {
        self.state()?;
        let mut files = self.0.storage.list().await?;
        files.retain(|file| file.name.starts_with(QUARANTINE));
        Ok(files.into_iter().map(|file| Quarantined { name: file.name, bytes: file.length }).collect())
    }

    /// Some of the bytes of a file that is kept aside, from `at` on; none at its end.
    pub async fn read_quarantined(&self, name: &str, at: u64) -> Result<Vec<u8>> {
        let files = self.quarantined().await?;
        let file = files.iter().find(|file| file.name == name);
        let file = file.ok_or_else(|| Error::invalid(format!("no file '{name:.80}' is kept aside")))?;
        let end = file.bytes.min(at.saturating_add(PIECE_BYTES));
        if at >= end {
            return Ok(Vec::new());
        }
        self.0.storage.read(name, at..end).await
    }

    /// Removes a file that is kept aside, or all of them. Once it is gone, so is what could be had of it.
    pub async fn drop_quarantined(&self, name: Option<&str>) -> Result<()> {
        let _turn = self.0.turn.take().await;
        for file in self.quarantined().await? {
            if name.is_none_or(|name| name == file.name) {
                self.0.storage.remove(&file.name).await?;
            }
        }
        Ok(())
    }
}
