//! What the simulation found in pruning (`cargo xtask sim`), each by itself.

use super::world::{DAY, World, Wound, contents, daily, open};
use crate::support::block_on;
use crate::support::fault::{Borrowed, Fault, FaultStorage};
use lodestore::error::{Error, Kind, Result};
use lodestore::storage::{FileInfo, MemoryStorage, Source, Storage};
use lodestore::store::{Keep, Point, PruneOptions, Retention};
use std::cell::Cell;
use std::ops::Range;
use std::rc::Rc;

/// A disk on which nothing new has room.
struct Full(MemoryStorage);

impl Storage for Full {
    async fn list(&self) -> Result<Vec<FileInfo>> {
        self.0.list().await
    }

    async fn read(&self, name: &str, range: Range<u64>) -> Result<Vec<u8>> {
        self.0.read(name, range).await
    }

    async fn create(&self, _: &str, _: &mut impl Source) -> Result<()> {
        Err(Error::new(Kind::Quota, "the disk is full"))
    }

    async fn append(&self, name: &str, at: u64, bytes: &[u8]) -> Result<()> {
        self.0.append(name, at, bytes).await
    }

    async fn remove(&self, name: &str) -> Result<()> {
        self.0.remove(name).await
    }
}

/// Everything that the history offers can be had, and is what it was.
fn every_point_is_there(world: &World, what: &str) {
    let points = world.history().points;
    for point in &points {
        for seq in [point.seq, point.to_seq] {
            let past = block_on(world.db.as_of(Point::Seq(seq)));
            let past = past.unwrap_or_else(|cause| panic!("{what}: write {seq} of {points:?}: {cause}"));
            let was = world.were.range(..=seq).next_back().map(|(_, (_, was))| (**was).clone());
            assert_eq!(contents(&past.state), was.unwrap_or_default(), "{what}: write {seq} of {points:?}");
        }
    }
}

/// What made room was the second newest snapshot, or the logs behind it, where a policy keeps an older one: that one became
/// the second newest, and stood alone.
#[test]
fn a_checkpoint_that_gave_way_in_vain_leaves_a_history_without_damage() {
    for keep in [Keep { weekly: 4, ..Keep::default() }, Keep { last: 3, ..Keep::default() }] {
        let mut world = World::new();
        world.set(Some(Retention { snapshots: keep, ..Retention::default() }));
        world.days(40);
        world.sleep(DAY);
        world.write();
        let files = MemoryStorage::from_files(world.storage.files());
        let db = open(Full(files.clone()), &world.clock).unwrap();
        assert_eq!(block_on(db.checkpoint()).err().unwrap().kind, Kind::Quota);
        assert!(block_on(db.check()).unwrap().ok);
        assert!(block_on(db.history()).unwrap().points.len() >= 2);
        world.db = open(files, &world.clock).unwrap();
        assert!(block_on(world.db.check()).unwrap().ok);
        every_point_is_there(&world, "after a checkpoint without room");
    }
}

/// The snapshot of an import was gone, and the logs before it were not yet: they looked as if they went on behind it.
#[test]
fn a_crash_while_an_import_is_pruned_leaves_no_writes_that_nobody_can_read() {
    let mut world = World::new();
    world.set(Some(Retention { history_days: 30, ..Retention::default() }));
    world.days(2);
    world.import();
    world.days(3);
    world.set(None);
    let image = world.storage.files();
    let mut crashes = 0;
    for fault in [Fault::CrashBefore, Fault::CrashAfter, Fault::Refuse(Kind::Unavailable)] {
        for call in 0.. {
            let inner = MemoryStorage::from_files(image.clone());
            let storage = FaultStorage::new(inner.clone(), call, Some(fault));
            let clock = Wound(Rc::new(Cell::new(world.now())));
            let db = open(Borrowed(&storage), &clock).unwrap();
            let _ = block_on(db.prune(2));
            drop(db);
            let again = open(inner.clone(), &clock).unwrap();
            let world = World { storage: inner, clock, db: again, were: world.were.clone(), writes: 0 };
            every_point_is_there(&world, &format!("{fault:?} at call {call}"));
            assert!(block_on(world.db.check()).unwrap().ok, "{fault:?} at call {call}");
            crashes += 1;
            if storage.calls() <= call {
                break;
            }
        }
    }
    assert!(crashes > 12, "{crashes}");
}

/// The report was of one look at the clock, and what was removed of the next.
#[test]
fn what_a_pruning_reports_is_what_it_does() {
    let mut changes = 0;
    let mut before = None;
    for early in 0..12 {
        let mut world = World::new();
        world.set(Some(daily(30)));
        world.days(8);
        let times = world.times();
        world.clock.0.set(times[4] + 3 * DAY - early);
        let policy = Retention { history_days: 3, ..Retention::default() };
        let options = PruneOptions { policy: Some(policy), ..PruneOptions::default() };
        let report = block_on(world.db.prune_by(&options)).unwrap();
        let stays: Vec<u64> =
            report.snapshots.iter().filter(|one| one.why != 0).map(|one| one.time_ms).collect();
        assert_eq!(world.times(), stays, "{early} ms before");
        changes += usize::from(before.replace(stays.clone()).is_some_and(|before| before != stays));
    }
    assert!(changes > 0, "none of these is at the border");
}

/// The newest snapshot was older than the days to keep, as the clock was set back, and the others were not: the history was
/// taken to begin with the database, without the imports in it.
#[test]
fn a_clock_that_was_set_back_costs_no_import() {
    let mut world = World::new();
    let policy = Retention { history_days: 1, ..Retention::default() };
    world.set(Some(Retention { history_days: 30, ..Retention::default() }));
    world.days(2);
    world.import();
    world.days(4);
    world.clock.0.set(world.now() - 20 * DAY);
    world.write();
    world.checkpoint();
    world.sleep(2 * DAY);
    block_on(world.db.prune_by(&PruneOptions { policy: Some(policy), ..PruneOptions::default() })).unwrap();
    every_point_is_there(&world, "after the clock was set back");
}
