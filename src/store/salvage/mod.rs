//! Salvage: what can be read of a database that does not open. Every row that verifies is kept, what does not is put
//! aside as it is, and a report says what is gone. Nothing is changed before what is damaged was copied.

mod aside;
mod attempt;
mod frames;
mod groups;
mod replay;
mod report;

pub use aside::Quarantined;
use attempt::salvage;
pub use groups::read_block;
pub use report::{LostWrites, QuarantinedGroup, SalvageReport, SalvagedCollection};

use super::database::{Database, Inner};
use super::env::Env;
use super::names;
use super::open::Opening;
use super::options::Options;
use crate::error::{Kind, Result};
use crate::json::text;
use crate::storage::Storage;

impl<S: Storage, E: Env> Database<S, E> {
    /// As [`Database::open`]; what is `Corrupt` opens as far as it can be read, and [`OpenReport::salvage`] says what is
    /// gone. Everything that is stored is verified. The database is whole afterwards, and opens without it.
    ///
    /// A function of its own, so that who never calls it does not carry it.
    ///
    /// [`OpenReport::salvage`]: super::OpenReport::salvage
    pub async fn salvage(storage: S, env: E, options: Options) -> Result<Database<S, E>> {
        let mut opening = Opening::begin(storage, env, options).await?;
        let cause = match opening.reconcile(false).await {
            Ok(found) => {
                let opened = opening.end(found).await?;
                // A snapshot that was passed over would be taken for good by opening, which leaves vectors unread. Where there
                // is no room for a new one, `stats` says so, and nothing is gone.
                if !opened.open_report().snapshots_skipped.is_empty() {
                    drop(opened.checkpoint().await);
                }
                return Ok(opened);
            }
            Err(cause) if cause.kind == Kind::Corrupt => cause,
            Err(cause) => return Err(cause),
        };
        let Opening { storage, env, reader, files, .. } = &opening;
        let (found, salvaged, damaged) = salvage(storage, env, reader.as_ref(), files, &cause).await?;
        opening.clock.phase(&opening.env, &mut opening.report, "salvage");
        let report = &mut opening.report;
        (report.rows_quarantined, report.frames_replayed, report.bytes_dropped) = found.counts;
        report.snapshot = salvaged.snapshot;
        let mut opened = opening.assemble(found);
        opened.inner.report.salvage = Some(opened.inner.end_salvage(salvaged, &damaged).await?);
        opened.ready().await
    }
}

impl<S: Storage, E: Env> Inner<S, E> {
    /// Keeps the damaged files aside, and the report with them; then writes everything anew. The new snapshot is the
    /// switch: before it the files are as they were, and salvage can begin again. When it fails nothing changed.
    async fn end_salvage(&self, mut report: SalvageReport, damaged: &[String]) -> Result<SalvageReport> {
        let generation = self.disk.borrow().next_generation;
        report.files = self.keep_aside(damaged).await?;
        let said = text(&report);
        let noted = self.note_aside(said, &mut report.files).await;
        let written = match noted {
            Ok(()) => self.write_everything().await.map(drop),
            Err(cause) => Err(cause),
        };
        // A snapshot that may be there all the same will be taken for good: then what it left out has to stay.
        if written.is_err() && self.disk.borrow().doubtful.is_none() {
            // Without the report nobody would know that nothing was ever written to this log.
            if self.storage.remove(&names::log(generation + 1)).await.is_ok() {
                self.forget_aside(&report.files).await;
            }
        }
        written.map(|()| report)
    }
}
