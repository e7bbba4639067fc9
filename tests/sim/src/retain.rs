//! What is to be kept: policies come and go, and what they do not keep is pruned.

use crate::client::{Db, Shared};
use crate::dice::Dice;
use crate::medium::Image;
use crate::past::{look_back, ranges, snapshots};
use crate::run::finish;
use crate::storage::SimStorage;
use lodestore::format::header::{FileHeader, FileKind};
use lodestore::store::{Keep, PruneOptions, PruneReport, Retention};
use std::rc::Rc;

const DAY_MS: u64 = 86_400_000;

/// Any policy.
pub fn policy(dice: &Dice) -> Retention {
    let keep = || Keep {
        last: *dice.pick(&[0, 0, 2, 3, 5]),
        daily: *dice.pick(&[0, 0, 1, 2, 4]),
        weekly: *dice.pick(&[0, 0, 1, 2]),
        monthly: *dice.pick(&[0, 0, 1, 3]),
    };
    let (snapshots, archives) = (keep(), keep());
    Retention { snapshots, archives, history_days: *dice.pick(&[0, 0, 1, 3, 10]) }
}

/// Whether the same files are there, to the byte.
fn is_same(a: &Image, b: &Image) -> bool {
    let same = |((name, bytes), (other, others)): ((&Rc<str>, &Rc<Vec<u8>>), _)| {
        let (other, others): (&Rc<str>, &Rc<Vec<u8>>) = (other, others);
        name == other && (Rc::ptr_eq(bytes, others) || bytes == others)
    };
    a.0.len() == b.0.len() && a.0.iter().zip(&b.0).all(same)
}

impl Shared {
    /// Says what is to be kept, or takes it back.
    pub async fn set_policy(&self, db: Db) {
        self.dice.yields().await;
        let policy = self.dice.chance(800).then(|| policy(&self.dice));
        self.oracle.borrow_mut().policies.push(policy);
        let outcome = db.set_retention(policy).await;
        self.say(|| format!("to be kept: {policy:?}: {outcome:?}"));
        match outcome {
            Ok(()) => {
                assert_eq!(db.retention(), policy, "what is to be kept");
                self.oracle.borrow_mut().policies = vec![policy];
            }
            Err(cause) => self.may_fail(&cause),
        }
    }

    fn asked(&self, keep: Option<usize>) -> PruneOptions {
        let dice = &self.dice;
        let policy = (keep.is_none() && dice.chance(400)).then(|| policy(dice));
        let mut now = self.clock.ms.get();
        let mut archives: Vec<u64> = (0..dice.below(5))
            .map(|_| {
                now = now.saturating_sub(dice.below(20 * DAY_MS as usize) as u64);
                now
            })
            .collect();
        archives.reverse();
        PruneOptions { keep, policy, dry_run: false, archives }
    }

    /// Prunes while nobody else does anything: what goes and what stays has to be what the report says.
    pub fn prune(&self, db: &Db, storage: &SimStorage) {
        let dice = &self.dice;
        let keep = dice.chance(200).then(|| dice.between(1, 3));
        let asked = self.asked(keep);
        let by_policy = keep.is_none() && (asked.policy.or(db.retention())).is_some();
        let before = storage.faults.calm(|| ranges(db));
        let points = storage.faults.calm(|| self.look(db));
        let files = storage.medium.borrow().live.clone();
        let dry = PruneOptions { dry_run: true, ..asked.clone() };
        let said = storage.faults.calm(|| finish(db.prune_by(&dry), || false)).unwrap();
        let said = said.unwrap_or_else(|cause| panic!("a dry run: {cause}"));
        self.say(|| format!("prune {asked:?}: {said:?}"));
        assert!(is_same(&files, &storage.medium.borrow().live), "a dry run changes something");
        assert!(said.dry_run);
        // Two have to stay, and more of none than were asked for.
        let least = if by_policy { points.min(2) } else { points.min(keep.unwrap_or(1)) };
        self.oracle.borrow_mut().points = least;
        let done = finish(db.prune_by(&asked), || storage.dead.get());
        self.oracle.borrow_mut().points = 0;
        let Some(done) = done else { return };
        self.say(|| format!("pruned: {done:?}"));
        storage.faults.calm(|| {
            let left = self.look(db);
            assert!(left >= least, "{left} restorable snapshots are left of {points}: {done:?}");
        });
        match done {
            Ok(report) => self.is_as_said(db, storage, (&said, &report), (&before, &files), keep),
            Err(cause) => self.may_fail(&cause),
        }
    }

    /// Restorable snapshots; and that everything else that is offered can be had.
    pub fn look(&self, db: &Db) -> usize {
        let oracle = self.oracle.borrow();
        look_back(db, oracle.timeline(), &|| oracle.written(), &self.dice, 4)
    }

    fn is_as_said(
        &self,
        db: &Db,
        storage: &SimStorage,
        (said, report): (&PruneReport, &PruneReport),
        (before, files): (&[(u64, u64, u64)], &Image),
        keep: Option<usize>,
    ) {
        let days = report.policy.map_or(0, |policy| u64::from(policy.history_days));
        let is_same = PruneReport { dry_run: true, ..report.clone() } == *said;
        assert!(days > 0 || is_same, "a dry run says {said:?}, and then it was {report:?}");
        let after = storage.faults.calm(|| ranges(db));
        let stored = storage.faults.calm(|| snapshots(db));
        for one in &report.snapshots {
            let is_there = stored.contains(&(one.seq, one.time_ms));
            // One that was made in the same millisecond, of the same writes, is told by nothing.
            let mut alike =
                report.snapshots.iter().filter(|other| (other.seq, other.time_ms) == (one.seq, one.time_ms));
            assert!(is_there == alike.any(|other| other.why != 0), "{one:?}: {after:?}");
        }
        if let Some(keep) = keep {
            let kept = report.snapshots.iter().filter(|one| one.why != 0).count();
            assert_eq!(kept, report.snapshots.len().min(keep), "{report:?}");
        }
        // By a clock that is never set back every write of those days can be gone back to, as far as it could before.
        if days > 0 && !self.clock.jumps {
            // What stands alone from before is no part of it.
            let logged = files.0.iter().filter(|(name, _)| name.starts_with("log-"));
            let logged = logged.filter_map(|(_, bytes)| FileHeader::decode(FileKind::Log, bytes).ok());
            let logged = logged.map(|header| header.seq).min().unwrap_or(0);
            let since = self.clock.ms.get().saturating_sub(days * DAY_MS);
            let base = before.iter().rposition(|point| point.2 <= since).unwrap_or(0);
            for (from, to, _) in before.iter().skip(base) {
                // A log that could not be removed is none that was kept.
                if storage.faults.are_on() && *from == 0 {
                    continue;
                }
                for seq in (*from).max(logged)..=*to {
                    let is_there = after.iter().any(|(from, to, _)| (*from..=*to).contains(&seq));
                    assert!(is_there, "write {seq} of {before:?} is gone, {days} days are kept: {after:?}");
                }
            }
        }
    }
}
