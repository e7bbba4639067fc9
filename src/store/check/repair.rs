//! Repair: what follows from the rows is made again; what is damaged in storage and whole in memory is written anew.

use super::super::database::Inner;
use super::super::env::Env;
use super::super::names::Listing;
use super::report::CheckReport;
use crate::error::{Kind, Result};
use crate::storage::Storage;

/// Problems of what is in storage.
const STORED: [&str; 4] = ["manifest", "block", "log", "stored-graph"];

impl<S: Storage, E: Env> Inner<S, E> {
    /// For a caller who has the turn.
    pub(super) async fn repair(&self, report: &mut CheckReport) -> Result<()> {
        let is_stored = |code: &str| STORED.contains(&code);
        // Codes are not made of vectors that do not verify.
        let is_whole = !report.problems.iter().any(|one| one.code == "block" && !one.derived);
        for problem in &mut report.problems {
            let mut state = self.state.borrow_mut();
            let name = problem.collection.as_deref().unwrap_or_default();
            let Some(collection) = state.all_mut().find(|one| one.name == name) else { continue };
            problem.repaired = match problem.code {
                "graph" => {
                    collection.forget_graph();
                    Some("the graph was dropped, and is built again in the background")
                }
                "secondary" => {
                    collection.forget_secondary();
                    Some("the index was dropped, and is built again when a filter asks for it")
                }
                "codes" if is_whole => {
                    collection.recode()?;
                    Some("the codes were made again from the vectors")
                }
                _ => None,
            };
        }
        // Where storage and memory say different things, nobody knows which is right: both stay.
        let differ = report.problems.iter().any(|one| ["row", "collection"].contains(&one.code));
        if differ || !report.problems.iter().any(|one| is_stored(one.code)) {
            return Ok(());
        }
        self.settle().await?;
        if self.is_overtaken().await? {
            let files = self.storage.list().await?;
            return self.fence(&files);
        }
        let files: Vec<String> = report.problems.iter().filter_map(|one| one.file.clone()).collect();
        report.files = self.keep_aside(&files).await?;
        match self.write_everything().await {
            Ok(_) => {
                for problem in report.problems.iter_mut().filter(|one| is_stored(one.code)) {
                    problem.repaired = Some("everything was written anew, and the damaged file kept aside");
                }
                // Those that were not listed are of what was written anew as well.
                report.more_problems = 0;
                Ok(())
            }
            Err(cause) => {
                self.forget_aside(&std::mem::take(&mut report.files)).await;
                // Vectors that are in storage only: memory has not got them either.
                if cause.kind == Kind::Corrupt { Ok(()) } else { Err(cause) }
            }
        }
    }

    /// Whether somebody else went on writing. A log that is shorter than it was, or gone, is damage.
    async fn is_overtaken(&self) -> Result<bool> {
        let listing = Listing::of(&self.storage.list().await?);
        let disk = self.disk.borrow();
        let newest = listing.logs.keys().next_back().copied().unwrap_or(0);
        let length = listing.logs.get(disk.log.generation).copied().unwrap_or(0);
        Ok(newest >= disk.next_generation || length > disk.log.length)
    }
}
