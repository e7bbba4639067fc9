//! Salvage: what can be read of a database that does not open. Every row that verifies is kept, what does not is put
//! aside as it is, and a report says what is gone. Nothing is changed before what is damaged was copied.

mod aside;
mod attempt;
mod frames;
mod groups;
mod replay;
mod report;

pub use aside::Quarantined;
pub use attempt::salvage;
pub use groups::read_block;
pub use report::{LostWrites, QuarantinedGroup, SalvageReport, SalvagedCollection};

use super::database::Inner;
use super::env::Env;
use crate::error::Result;
use crate::json::text;
use crate::storage::Storage;

impl<S: Storage, E: Env> Inner<S, E> {
    /// Keeps the damaged files aside, and the report with them; then writes everything anew. The new snapshot is the
    /// switch: before it the files are as they were, and salvage can begin again. When it fails nothing changed.
    pub(super) async fn end_salvage(&self, report: &mut SalvageReport, damaged: &[String]) -> Result<()> {
        report.files = self.keep_aside(damaged).await?;
        let said = text(report);
        let noted = self.note_aside(said, &mut report.files).await;
        let written = match noted {
            Ok(()) => self.write_everything().await.map(drop),
            Err(cause) => Err(cause),
        };
        // A snapshot that may be there all the same will be taken for good: then what it left out has to stay.
        if written.is_err() && self.disk.borrow().doubtful.is_none() {
            self.forget_aside(&report.files).await;
        }
        written
    }
}
