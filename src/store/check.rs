//! Check: reads everything that is stored again, verifies it, and compares it with what is in memory.

use super::chain::Logs;
use super::database::Database;
use super::env::Env;
use super::load::{Loading, load_state};
use super::log::{LogReader, Next};
use super::names::{self, Listing};
use super::open::read_manifest;
use crate::collection::{Collection, State};
use crate::error::{Error, Kind, Result};
use crate::storage::Storage;

/// Problems that are listed one by one; further ones are counted.
const PROBLEMS_MAX: usize = 100;

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// Whether there is no problem.
    pub ok: bool,
    /// Up to 100 problems.
    pub problems: Vec<Problem>,
    /// Rows compared.
    pub rows: u64,
    /// Blocks verified.
    pub blocks: u64,
    /// Frames verified.
    pub frames: u64,
}

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// File or collection.
    pub r#where: String,
    /// What is wrong.
    pub what: String,
    /// It is about what follows from the rows, an index: no row is lost, and it can be made again.
    pub derived: bool,
}

impl CheckReport {
    fn problem(&mut self, place: &str, what: impl ToString) {
        self.add(place, what.to_string(), false);
    }

    fn derived_problem(&mut self, place: &str, what: String) {
        self.add(place, what, true);
    }

    fn add(&mut self, place: &str, what: String, derived: bool) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(Problem { r#where: place.to_owned(), what, derived });
        }
    }
}

impl<S: Storage, E: Env> Database<S, E> {
    /// Reads and verifies every kept snapshot, its blocks and the logs, replays them, and compares the result
    /// row by row with what is in memory. Writes wait meanwhile.
    ///
    /// Damage is in the report; an error means that the storage could not be read.
    pub async fn check(&self) -> Result<CheckReport> {
        let _turn = self.0.turn.take().await;
        let inner = &self.0;
        inner.disk.borrow().check_open()?;
        let mut report = CheckReport::default();
        let listing = Listing::of(&inner.storage.list().await?);
        let kept = inner.disk.borrow().snapshots.clone();
        let database = inner.disk.borrow().database;
        let mut newest = State::new();
        for kept in &kept {
            let name = names::snapshot(kept.generation);
            let length = listing.snapshots.get(kept.generation).copied().unwrap_or(0);
            let loaded = match read_manifest(&inner.storage, kept.generation, length, &database).await {
                Ok(manifest) => {
                    manifest.each_block(&mut |_| report.blocks += 1);
                    load_state(&inner.storage, &inner.env, &Loading::all(&inner.reader), &manifest).await
                }
                Err(cause) => Err(cause),
            };
            match loaded {
                Ok(loaded) => {
                    for (number, reason) in &loaded.dropped {
                        let of = loaded.state.get(*number).map_or("", |one| &one.name);
                        report.derived_problem(&name, format!("collection '{of}': {reason}"));
                    }
                    newest = loaded.state;
                }
                Err(cause) => report.problem(&name, damage(cause)?),
            }
        }
        match self.replay_for_check(&listing, newest, &mut report).await {
            Ok(stored) => compare(&stored, &inner.state.borrow(), &mut report)?,
            Err(cause) => report.problem("log", damage(cause)?),
        }
        report.ok = report.problems.is_empty();
        Ok(report)
    }

    async fn replay_for_check(
        &self,
        listing: &Listing,
        mut state: State,
        report: &mut CheckReport,
    ) -> Result<State> {
        let logs = Logs::read(&self.0.storage, listing).await?;
        let tail = self.0.disk.borrow().log;
        for link in logs.after(state.seq, None)? {
            let end = if link.head { tail.length } else { link.end };
            let mut reader = LogReader::new(&self.0.storage, link.header.generation, end);
            loop {
                match reader.next().await? {
                    Next::Frame { seq, op, .. } => {
                        report.frames += 1;
                        if seq == state.seq + 1 {
                            let mut checked = state.check_stored(op)?;
                            state.reserve(&mut checked)?;
                            state.apply(checked, seq);
                        }
                        if report.frames.is_multiple_of(256) {
                            self.0.env.yield_now().await;
                        }
                    }
                    Next::End => break,
                    Next::Torn => return Err(Error::corrupt("a frame that was acknowledged is cut short")),
                    Next::Damaged(what) => return Err(Error::corrupt(what)),
                }
            }
        }
        Ok(state)
    }
}

/// The text of an error that is damage; any other one is an error of the check.
fn damage(cause: Error) -> Result<String> {
    match cause.kind {
        Kind::Corrupt | Kind::Invalid | Kind::Version => Ok(cause.to_string()),
        _ => Err(cause),
    }
}

fn compare(stored: &State, live: &State, report: &mut CheckReport) -> Result<()> {
    if stored.seq != live.seq {
        report.problem("database", format!("storage ends at write {}, memory at {}", stored.seq, live.seq));
    }
    if stored.all().count() != live.all().count() {
        report.problem("database", "storage and memory have different numbers of collections");
    }
    for collection in live.all() {
        match stored.get(collection.number) {
            Some(stored) => compare_rows(stored, collection, report)?,
            None => report.problem(&collection.name, "this collection is in memory but not in storage"),
        }
    }
    Ok(())
}

fn compare_rows(stored: &Collection, live: &Collection, report: &mut CheckReport) -> Result<()> {
    if stored.config() != live.config() || stored.len() != live.len() {
        report.problem(&live.name, "configuration or number of rows differ between storage and memory");
    }
    for (id, slot) in live.ids() {
        report.rows += 1;
        let other = stored.slot(id).filter(|other| stored.row(*other) == live.row(slot));
        let same = other.map_or(Ok(false), |other| live.same_vector(slot, stored, other));
        let same = same.or_else(|cause| damage(cause).map(|_| false))?;
        if !same {
            report.problem(&live.name, format!("row '{id:.80}' differs between storage and memory"));
        }
    }
    if !live.secondary_agrees() {
        report.derived_problem(&live.name, "the secondary index does not match the rows".to_owned());
    }
    if let Some(what) = live.graph_disagrees() {
        report.derived_problem(&live.name, format!("the graph: {what}"));
    }
    Ok(())
}
