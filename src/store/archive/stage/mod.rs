//! A restore beside the live database: archives, or what the database was, come into files of their own and into
//! memory; the index is built; then one step makes it the database, or nothing is left of it.

mod links;
mod ready;
mod switch;
mod take;

use super::super::database::{Database, Inner};
use super::super::env::Env;
use super::super::past::{Past, Point};
use super::super::pinned::Pinned;
use super::receive::Known;
use crate::collection::State;
use crate::error::{Error, Kind, Result};
use crate::format::archive4::ArchiveV4;
use crate::format::header::{DatabaseId, FileHeader};
use crate::format::snapshot::SnapshotV2;
use crate::storage::Storage;
use std::rc::Rc;

/// What to restore.
#[derive(Clone, Copy, Debug, Default)]
pub struct StageOptions {
    /// Up to which point; everything without one.
    pub to: Option<Point>,
}

/// A restore that is under way. It takes as much memory as what it restores, beside the live database.
///
/// Dropped without [`Stage::commit`] it leaves files that nobody names, which the next checkpoint removes;
/// [`Stage::abort`] removes them at once.
pub struct Stage<S, E> {
    inner: Rc<Inner<S, E>>,
    options: StageOptions,
    /// The archive that came last, and the database that it is of.
    last: Option<(DatabaseId, Option<ArchiveV4>)>,
    known: Known,
    /// Blocks files of this restore, and what keeps them there.
    files: Vec<u64>,
    pinned: Vec<Pinned<S, E>>,
    /// Over those files; without what frames changed.
    manifest: Option<SnapshotV2>,
    /// What is restored, once its blocks are all there.
    state: Option<State>,
    /// Whether frames were applied to it.
    changed: bool,
    /// Whether the point up to which it goes was passed.
    reached: bool,
    /// Whether every block is stored and compared.
    ready: bool,
    failed: bool,
    time_ms: u64,
    bytes: u64,
    /// What the entry about it says beside its result: fields and the end of a JSON object, or nothing.
    more: String,
}

impl<S: Storage, E: Env> Database<S, E> {
    /// Begins a restore. Nothing of the live database changes until [`Stage::commit`]; reads and writes go on.
    pub async fn stage(&self, options: StageOptions) -> Result<Stage<S, E>> {
        let _turn = self.0.turn.take().await;
        self.0.check_sole_writer().await?;
        Ok(Stage {
            inner: self.0.clone(),
            options,
            last: None,
            known: Vec::new(),
            files: Vec::new(),
            pinned: Vec::new(),
            manifest: None,
            state: None,
            changed: false,
            reached: false,
            ready: false,
            failed: false,
            time_ms: 0,
            bytes: 0,
            more: String::new(),
        })
    }

    /// Begins a restore of what the database was.
    pub async fn stage_past(&self, past: Past<S, E>) -> Result<Stage<S, E>> {
        let mut stage = self.stage(StageOptions::default()).await?;
        let header = stage.new_file();
        let written = stage.inner.write_state(&past.state, &past.blocks, past.time_ms, header).await;
        let loaded = match written {
            Ok((manifest, bytes)) => {
                (stage.time_ms, stage.bytes) = (past.time_ms, bytes);
                stage.manifest = Some(manifest);
                // Two copies beside the live database would be one too many.
                drop(past);
                stage.load().await
            }
            Err(cause) => Err(cause),
        };
        if let Err(cause) = loaded {
            stage.abort().await;
            return Err(cause);
        }
        stage.ready = true;
        Ok(stage)
    }
}

impl<S: Storage, E: Env> Stage<S, E> {
    /// What is restored, for reading; `Unavailable` until all of it is there.
    pub fn state(&self) -> Result<&State> {
        let early =
            || Error::new(Kind::Unavailable, "this restore is not ready yet: its content is still coming");
        self.state.as_ref().filter(|_| self.ready).ok_or_else(early)
    }

    /// When its last write was made: milliseconds since 1970.
    pub fn time_ms(&self) -> u64 {
        self.time_ms
    }

    fn new_file(&mut self) -> FileHeader {
        let generation = self.inner.disk.borrow_mut().take_generation();
        self.files.push(generation);
        self.pinned.push(Pinned::of(self.inner.clone(), vec![generation]));
        self.inner.blocks_header(generation)
    }
}
