//! Check: everything that is stored is read again, verified, and compared with what is in memory, without a second copy
//! of it; and what can be put right again is, if that is asked for.

mod compare;
mod logs;
mod repair;
mod report;
mod seen;
mod stored;

pub use report::{CheckReport, Problem};

use super::database::Database;
use super::disk::Health;
use super::env::Env;
use super::names::Listing;
use crate::error::{Error, Kind, Result};
use crate::storage::Storage;
use seen::Seen;

/// Rows that are compared without a pause.
const ROWS_AT_ONCE: u64 = 256;

impl<S: Storage, E: Env> Database<S, E> {
    /// Reads and verifies every kept snapshot, its blocks and the logs, and compares them row by row with what is in
    /// memory. Writes wait meanwhile. Nothing is changed.
    ///
    /// Damage is in the report; an error means that the storage could not be read.
    ///
    /// Beside what is in memory it holds one block or one window of a log at a time, some bits for each row, 16 bytes for
    /// each row that was deleted since the newest snapshot, and, one after another, the links of each stored graph and
    /// what a secondary index takes.
    pub async fn check(&self) -> Result<CheckReport> {
        self.check_and(false, || true).await
    }

    /// As [`Database::check`]. With `repair`, what follows from the rows is made again where it does not hold, and where
    /// something in storage does not but memory is whole, everything is written anew, after the damaged files were kept
    /// aside. Ends with `Unavailable` and repairs nothing when `go_on` says no.
    pub async fn check_and(&self, repair: bool, go_on: impl Fn() -> bool) -> Result<CheckReport> {
        let _turn = self.0.turn.take().await;
        self.0.disk.borrow().check_open()?;
        // A log that was begun although that failed is no damage: who knows what became of it does not take it for any.
        if matches!(self.0.disk.borrow().health, Health::Unsettled { .. }) {
            let newest = Listing::of(&self.0.storage.list().await?).logs.keys().next_back().copied();
            if newest > Some(self.0.disk.borrow().log.generation) {
                let _ = self.0.settle().await;
            }
        }
        let go_on: &dyn Fn() -> Result<()> = &|| match go_on() {
            true => Ok(()),
            false => Err(Error::new(Kind::Unavailable, "the check was stopped, and nothing was changed")),
        };
        let mut seen = Seen::default();
        self.0.check_stored(&mut seen, go_on).await?;
        self.0.compare(&mut seen, go_on).await?;
        let mut report = seen.report;
        if repair && !report.problems.is_empty() {
            self.0.repair(&mut report).await?;
        }
        report.ok = report.problems.iter().all(|one| one.repaired.is_some()) && report.more_problems == 0;
        Ok(report)
    }
}

/// The text of an error that is damage; any other one is an error of the check.
fn damage(cause: Error) -> Result<String> {
    match cause.kind {
        Kind::Corrupt | Kind::Invalid | Kind::Version => Ok(cause.to_string()),
        _ => Err(cause),
    }
}
