//! What is to be kept: said, asked for, and carried out with a report.

use super::audit::said;
use super::checkpoint::SNAPSHOTS_KEPT;
use super::database::{Database, Inner};
use super::env::Env;
use super::names::{self, Listing, RETENTION};
use super::prune::{Plan, Wish};
use super::retention::{Keep, Retention, select};
use crate::error::{Error, Kind, Result};
use crate::format::retention::encode_retention;
use crate::json::{self, Fields, Object, ToJson, text};
use crate::limits::{RETENTION_COUNT_MAX, RETENTION_DAYS_MAX};
use crate::storage::{FileInfo, Once, Storage};

/// The rules, by the bits of [`select`].
const RULES: [&str; 6] = ["last", "daily", "weekly", "monthly", "newest", "history"];

/// What to do where the newest snapshot does not verify.
const DAMAGED: &str = "; nothing was removed, since older restore points may be needed: check({ repair: true }), or where that is not enough open(name, { salvage: true }), then prune again";

/// What a pruning goes by.
#[derive(Clone, Debug, Default)]
pub struct PruneOptions {
    /// So many of the newest snapshots and nothing else, one at least; whatever a policy says.
    pub keep: Option<usize>,
    /// In place of the policy that is stored.
    pub policy: Option<Retention>,
    /// Nothing is removed.
    pub dry_run: bool,
    /// Archives, in order of the moments that they hold, oldest first: milliseconds since 1970.
    pub archives: Vec<u64>,
}

/// What goes and what stays, or would.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PruneReport {
    /// Nothing was removed.
    pub dry_run: bool,
    /// What it went by; `None` for a number of snapshots.
    pub policy: Option<Retention>,
    /// What goes.
    pub gone: Gone,
    /// All snapshots, oldest first.
    pub snapshots: Vec<Judged>,
    /// Which rules keep each of the archives that were asked about.
    pub archives: Vec<u8>,
}

/// How much goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gone {
    /// Snapshots.
    pub snapshots: u64,
    /// Files of logs.
    pub logs: u64,
    /// Bytes of all files.
    pub bytes: u64,
}

/// A snapshot and why it stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judged {
    /// Its generation.
    pub generation: u64,
    /// The last write that it covers.
    pub seq: u64,
    /// When it was made: milliseconds since 1970.
    pub time_ms: u64,
    /// Bytes of the blocks that it names, which others may name as well, and of its manifest.
    pub bytes: u64,
    /// The rules that keep it; 0 where it goes.
    pub why: u8,
}

fn rules(out: &mut String, why: u8) {
    let names = RULES.iter().enumerate().filter(|(bit, _)| why >> bit & 1 == 1);
    json::list(out, names, |out, (_, name)| json::string(out, name));
}

impl ToJson for Gone {
    fn to_json(&self, out: &mut String) {
        let mut object = Object::new(out);
        object.counts(&[("snapshots", self.snapshots), ("logs", self.logs), ("bytes", self.bytes)]);
        object.end();
    }
}

impl ToJson for Retention {
    fn to_json(&self, out: &mut String) {
        let mut object = Object::new(out);
        for (name, keep) in [("snapshots", &self.snapshots), ("archives", &self.archives)] {
            let mut counts = Object::new(object.field(name));
            let all = [
                ("last", keep.last),
                ("daily", keep.daily),
                ("weekly", keep.weekly),
                ("monthly", keep.monthly),
            ];
            for (name, count) in all.into_iter().filter(|(_, count)| *count > 0) {
                counts.count(name, u64::from(count));
            }
            counts.end();
        }
        let mut history = Object::new(object.field("history"));
        history.count("days", u64::from(self.history_days));
        history.end();
        object.end();
    }
}

impl ToJson for PruneReport {
    fn to_json(&self, out: &mut String) {
        let mut object = Object::new(out);
        object.field("dryRun").push_str(if self.dry_run { "true" } else { "false" });
        if let Some(policy) = &self.policy {
            policy.to_json(object.field("policy"));
        }
        self.gone.to_json(object.field("gone"));
        json::list(object.field("snapshots"), self.snapshots.iter(), |out, one| {
            let mut object = Object::new(out);
            object.counts(&[
                ("generation", one.generation),
                ("seq", one.seq),
                ("timeMs", one.time_ms),
                ("bytes", one.bytes),
            ]);
            rules(object.field("why"), one.why);
            object.end();
        });
        json::list(object.field("archives"), self.archives.iter(), |out, why| rules(out, *why));
        object.end();
    }
}

impl Retention {
    /// Reads `{snapshots: {last, daily, weekly, monthly}, archives: {..}, history: {days}}`, all of which may be left out.
    pub fn parse(text: &str) -> Result<Retention> {
        let fields = Fields::known("a retention policy", text, &["snapshots", "archives", "history"])?;
        let count = |fields: &Fields<'_>, name: &str, max: u32| -> Result<u32> {
            let count = fields.natural(name)?.unwrap_or(0);
            u32::try_from(count).ok().filter(|count| *count <= max).ok_or_else(|| {
                Error::invalid(format!("a retention policy: {name} is too large"))
                    .with(format!("at most {max}"), count)
            })
        };
        let keep = |name: &str| -> Result<Keep> {
            let Some(text) = fields.raw(name) else { return Ok(Keep::default()) };
            let fields = Fields::known(name, text, &["last", "daily", "weekly", "monthly"])?;
            let of = |name| count(&fields, name, RETENTION_COUNT_MAX);
            Ok(Keep {
                last: of("last")?,
                daily: of("daily")?,
                weekly: of("weekly")?,
                monthly: of("monthly")?,
            })
        };
        let (snapshots, archives) = (keep("snapshots")?, keep("archives")?);
        for last in [snapshots.last, archives.last] {
            if last == 1 {
                return Err(Error::invalid(
                    "one restore point is not enough: if it is damaged there is none",
                )
                .with("last: 2 or more", last));
            }
        }
        let mut policy = Retention { snapshots, archives, history_days: 0 };
        if let Some(text) = fields.raw("history") {
            let history = Fields::known("history", text, &["days"])?;
            policy.history_days = count(&history, "days", RETENTION_DAYS_MAX)?;
        }
        Ok(policy)
    }
}

impl<S: Storage, E: Env> Database<S, E> {
    /// What is to be kept; `None` where nothing was said, which is the newest two snapshots and the logs behind the older.
    pub fn retention(&self) -> Option<Retention> {
        self.0.disk.borrow().retention
    }

    /// Says what is to be kept, from the next checkpoint or pruning on; for whoever opens the database from now on. Nothing
    /// is removed yet.
    pub async fn set_retention(&self, policy: Option<Retention>) -> Result<()> {
        let _turn = self.0.turn.take().await;
        self.0.check_sole_writer().await?;
        if policy.is_some_and(|policy| !policy.is_within_bounds()) {
            return Err(Error::invalid("a retention policy: a count is out of bounds"));
        }
        let done = self.0.store_retention(policy.as_ref()).await;
        if done.is_ok() {
            self.0.disk.borrow_mut().retention = policy;
        }
        let what = if policy.is_some() { "set" } else { "removed" };
        self.0.note_outcome("retention", what, said(&done)).await;
        done.map(drop)
    }

    /// Keeps the newest `keep` snapshots, one at least, with the logs behind them, and removes what nothing else needs.
    pub async fn prune(&self, keep: usize) -> Result<PruneReport> {
        self.prune_by(&PruneOptions { keep: Some(keep), ..PruneOptions::default() }).await
    }

    /// Removes what a policy does not keep: the one that is given or else the one that is stored; where there is none, all
    /// snapshots but the newest. It needs no room. `Corrupt` when vectors or rows of the newest snapshot do not verify: then
    /// nothing is removed, since an older one may be what it is restored from, and the message says what to do.
    pub async fn prune_by(&self, options: &PruneOptions) -> Result<PruneReport> {
        let _turn = self.0.turn.take().await;
        self.0.disk.borrow().check_open()?;
        let policy = match options.keep {
            Some(_) => None,
            None => options.policy.or(self.0.disk.borrow().retention),
        };
        let keep = if policy.is_some() { SNAPSHOTS_KEPT } else { options.keep.unwrap_or(1).max(1) };
        let wish = Wish { keep, policy, is_ahead: false };
        let files = self.0.storage.list().await?;
        let mut report = PruneReport { dry_run: options.dry_run, policy, ..PruneReport::default() };
        let Some(plan) = self.0.plan(&Listing::of(&files), &wish) else { return Ok(report) };
        self.0.judge(&plan, &files, &mut report);
        if let Some(policy) = policy {
            report.archives = select(&policy.archives, &options.archives);
        }
        if !options.dry_run {
            if plan.snapshots > 0 {
                self.0.verify_newest().await.map_err(|mut cause| {
                    if cause.kind == Kind::Corrupt {
                        cause.message.push_str(DAMAGED);
                    }
                    cause
                })?;
            }
            // This plan and no other: by the clock of a moment later it might be another one than is reported.
            self.0.carry_out(plan).await?;
            // Whoever asks has made room, perhaps: what failed may be tried again.
            self.0.disk.borrow_mut().failed_checkpoint = None;
            if report.gone != Gone::default() {
                let what = if policy.is_some() { "policy" } else { "keep" };
                self.0.note_outcome("prune", what, Ok(text(&report.gone))).await;
            }
        }
        Ok(report)
    }
}

impl<S: Storage, E: Env> Inner<S, E> {
    /// What a plan comes to.
    fn judge(&self, plan: &Plan, files: &[FileInfo], report: &mut PruneReport) {
        let disk = self.disk.borrow();
        report.snapshots.extend(disk.snapshots.iter().zip(&plan.why).map(|(one, why)| Judged {
            generation: one.generation,
            seq: one.seq,
            time_ms: one.time_ms,
            bytes: one.bytes,
            why: *why,
        }));
        let length =
            |name: &String| files.iter().find(|file| file.name == *name).map_or(0, |file| file.length);
        report.gone = Gone {
            snapshots: plan.snapshots as u64,
            logs: plan.logs as u64,
            bytes: plan.names.iter().map(length).sum(),
        };
    }

    /// Puts a policy in the place of the one that is stored. The newest file counts, so it comes before the others go.
    async fn store_retention(&self, policy: Option<&Retention>) -> Result<Retention> {
        let files = names::numbered(&self.storage.list().await?, RETENTION);
        if let Some(policy) = policy {
            let generation = files.keys().next_back().map_or(1, |last| last + 1);
            let database = self.disk.borrow().database;
            let bytes = encode_retention(database, generation, self.env.now_ms(), &policy.counts())?;
            let name = names::retention(generation);
            if let Err(cause) = self.storage.create(&name, &mut Once::new(bytes)).await {
                let _ = self.storage.remove(&name).await;
                return Err(cause);
            }
        }
        for file in files.keys() {
            let removed = self.storage.remove(&names::retention(*file)).await;
            // One that stays beside a newer one does not count; without that it would.
            if policy.is_none() {
                removed?;
            }
        }
        Ok(policy.copied().unwrap_or_default())
    }
}
