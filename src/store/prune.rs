//! Pruning: what nothing needs any more is removed, and never the only snapshot that verifies.

use super::blocks::runs;
use super::checkpoint::SNAPSHOTS_KEPT;
use super::database::Inner;
use super::env::Env;
use super::names::{self, Listing};
use super::open::read_manifest;
use super::report::CheckpointResult;
use super::retention::{DAY_MS, HISTORY, Keep, NEWEST, Retention, select};
use crate::error::{Kind, Result};
use crate::storage::Storage;

/// What stays of the snapshots.
#[derive(Clone, Copy)]
pub(super) struct Wish {
    /// So many of the newest.
    pub keep: usize,
    /// And those that a policy selects.
    pub policy: Option<Retention>,
    /// It is asked before there is one of now, as it will be afterwards.
    pub is_ahead: bool,
}

/// What a pruning removes.
pub(super) struct Plan {
    /// For each snapshot, oldest first: why it stays. 0 where it goes.
    pub why: Vec<u8>,
    /// The names of files, in this order: logs that not even the second newest snapshot needs, snapshots, other logs, blocks.
    /// A snapshot goes before its blocks, so that none is left that names what is gone. And of the logs before an import
    /// none is left without it: they would look as if they went on behind it.
    pub names: Vec<String>,
    /// How many of these are snapshots, and logs.
    pub snapshots: usize,
    pub logs: usize,
    /// How many have to go before the others may.
    first: usize,
    /// The first log that stays.
    first_log: u64,
}

impl<S: Storage, E: Env> Inner<S, E> {
    /// A checkpoint. Where it lacks room, what it would remove in the end goes before it, once the newest snapshot has
    /// verified.
    pub(super) async fn checkpoint_or_give_way(&self) -> Result<CheckpointResult> {
        let mut gave_way = false;
        loop {
            let done = self.checkpoint_in_turn().await;
            let may_give = self.disk.borrow().snapshots.len() >= SNAPSHOTS_KEPT && !gave_way;
            let lacks_room = done.as_ref().is_err_and(|cause| cause.kind == Kind::Quota);
            let wish =
                Wish { keep: SNAPSHOTS_KEPT - 1, policy: self.disk.borrow().retention, is_ahead: true };
            if !lacks_room || !may_give || self.release(wish).await.is_err() {
                return done;
            }
            gave_way = true;
        }
    }

    /// For a caller who has the turn. Safe also where somebody else has overtaken this handle: of their files none is
    /// older than the newest snapshot known here.
    pub(super) async fn release(&self, wish: Wish) -> Result<()> {
        self.disk.borrow().check_open()?;
        if self.disk.borrow().snapshots.len() > wish.keep {
            self.verify_newest().await?;
        }
        self.prune_to(wish).await?;
        // There may be room now for what failed.
        self.disk.borrow_mut().failed_checkpoint = None;
        Ok(())
    }

    /// Removes what neither a kept snapshot nor a running export needs, by the policy if there is one. A file that cannot
    /// be removed now is tried again by the next checkpoint: the new snapshot stands either way.
    pub(super) async fn prune_kept(&self) {
        let policy = self.disk.borrow().retention;
        let _ = self.prune_to(Wish { keep: SNAPSHOTS_KEPT, policy, is_ahead: false }).await;
    }

    pub(super) async fn prune_to(&self, wish: Wish) -> Result<()> {
        let listing = Listing::of(&self.storage.list().await?);
        match self.plan(&listing, &wish) {
            Some(plan) => self.carry_out(plan).await,
            None => Ok(()),
        }
    }

    /// Removes what was planned.
    pub(super) async fn carry_out(&self, plan: Plan) -> Result<()> {
        for at in 0..=plan.names.len() {
            // An import is not forgotten before the logs from before it are gone.
            if at == plan.first - plan.snapshots {
                self.forget(&plan);
            }
            if let Some(name) = plan.names.get(at) {
                let removed = self.storage.remove(name).await;
                if at < plan.first {
                    removed?;
                }
            }
        }
        Ok(())
    }

    fn forget(&self, plan: &Plan) {
        let mut disk = self.disk.borrow_mut();
        for (at, _) in plan.why.iter().enumerate().rev().filter(|(_, why)| **why == 0) {
            disk.snapshots.remove(at);
        }
        let over: Vec<u64> = disk.logs.keys().copied().filter(|log| *log < plan.first_log).collect();
        for log in over {
            disk.logs.remove(log);
        }
    }

    /// What goes; nothing where there is no snapshot.
    pub(super) fn plan(&self, listing: &Listing, wish: &Wish) -> Option<Plan> {
        let disk = self.disk.borrow();
        let kept = &disk.snapshots;
        let first = kept.len().saturating_sub(wish.keep);
        let oldest = kept.get(first)?;
        // Asked for only where it matters: a clock that is looked at is part of what tests repeat.
        let is_timed = wish.policy.is_some() || kept.iter().any(|one| one.is_import);
        let now = if is_timed { self.env.now_ms() } else { 0 };
        let mut times = Vec::new();
        for one in kept {
            times.push(one.time_ms);
        }
        if wish.is_ahead {
            times.push(now);
        }
        let keep = wish.policy.map_or(Keep::default(), |policy| policy.snapshots);
        let mut why = select(&keep, &times);
        why.truncate(kept.len());
        for why in why.iter_mut().skip(first) {
            *why |= NEWEST;
        }
        // Every write behind this one stays.
        let mut from = oldest.seq;
        if let Some(policy) = &wish.policy {
            let days = u64::from(policy.history_days) * DAY_MS;
            if days > 0 {
                let since = now.saturating_sub(days);
                let old = kept.iter().rposition(|one| one.time_ms <= since);
                let base = old.unwrap_or(0).min(first);
                // What an import brought is in its snapshot and in no log. And a snapshot in each quarter of that time, or
                // there would be none to go on from when the first one is too old: the history would grow for ever. Nor is
                // there one to go on from where another policy left snapshots and not the logs between them.
                let mut last = None;
                for (why, one) in why.iter_mut().zip(kept).skip(base) {
                    if one.is_import || last.is_none_or(|last| one.time_ms.saturating_sub(last) >= days / 4) {
                        *why |= HISTORY;
                        let follow =
                            |(log, from): (&u64, &u64)| *log > one.generation && *from <= one.seq + 1;
                        last = disk.logs.iter().any(follow).then_some(one.time_ms);
                    }
                }
                let base = kept.get(base).unwrap_or(oldest);
                // All of the database may be younger than that.
                let begins = old.is_none() && disk.logs.values().any(|first| *first == 1);
                from = if begins { 0 } else { base.seq };
            }
        }
        // The newest two that are there have their logs, or nobody could tell these from one that stands alone. So where
        // only one was to stay, and a policy keeps older ones, the second stays as well.
        if let Some(at) = kept.len().checked_sub(2)
            && why.iter().take(at + 1).any(|why| *why != 0)
        {
            for (why, one) in why.iter_mut().zip(kept).skip(at) {
                *why |= NEWEST;
                from = from.min(one.seq);
            }
        }
        // The last log that begins at or before the first write that stays behind this one.
        let log_of =
            |from: u64| disk.logs.iter().rfind(|(_, first)| **first <= from + 1).map_or(0, |(log, _)| *log);
        let first_log = log_of(from);
        let early = kept.iter().nth_back(1).map_or(0, |one| log_of(one.seq).min(first_log));
        let mut names = Vec::new();
        let logs = |names: &mut Vec<String>, from: u64, end: u64| {
            for &file in listing.logs.keys() {
                if from <= file && file < end && !disk.pins.contains(file) {
                    names.push(names::log(file));
                }
            }
        };
        logs(&mut names, 0, early);
        let mut logs_count = names.len();
        // Also those that could not be removed before, or never verified.
        let stays = |generation: u64| {
            kept.iter().zip(&why).any(|(one, why)| one.generation == generation && *why != 0)
        };
        for &file in listing.snapshots.keys() {
            if file < oldest.generation && !stays(file) {
                names.push(names::snapshot(file));
            }
        }
        let certain = names.len();
        logs(&mut names, early, first_log);
        let snapshots = certain - logs_count;
        logs_count += names.len() - certain;
        for &file in listing.blocks.keys() {
            // A snapshot that may be there names files that only a failed switch knew of: nobody knows which.
            let is_known = || kept.iter().any(|one| one.files.contains(file));
            let needed = (disk.doubtful.is_some() && !is_known())
                || disk.pins.contains(file)
                || kept.iter().zip(&why).any(|(one, why)| *why != 0 && one.files.contains(file));
            if file < disk.next_generation && !needed {
                names.push(names::blocks(file));
            }
        }
        Some(Plan { why, names, snapshots, logs: logs_count, first: certain, first_log })
    }

    /// Reads the newest snapshot with its vectors and rows and holds them against their checksums. Codes and links are not
    /// looked at: where they are damaged opening makes them again, and so no older snapshot is needed.
    pub(super) async fn verify_newest(&self) -> Result<()> {
        let (newest, database) = {
            let disk = self.disk.borrow();
            (disk.snapshots.last().map(|kept| (kept.generation, kept.manifest_bytes)), disk.database)
        };
        let Some((generation, length)) = newest else { return Ok(()) };
        let manifest = read_manifest(&self.storage, generation, length, &database).await?;
        let mut refs = Vec::new();
        for group in manifest.collections.iter().flat_map(|one| &one.groups) {
            refs.extend([group.vectors, group.rows]);
        }
        for run in runs(refs.into_iter())? {
            run.read_verified(&self.storage).await?;
        }
        Ok(())
    }
}
