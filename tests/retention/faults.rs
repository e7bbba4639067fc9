//! A fault at every call of what changes what is kept.

use super::world::{DAY, World, Wound, contents, daily, open};
use crate::support::block_on;
use crate::support::fault::{Borrowed, Fault, FaultStorage};
use lodestore::error::Kind;
use lodestore::storage::MemoryStorage;
use lodestore::store::{Keep, PruneOptions, Retention};

fn faults() -> Vec<Fault> {
    let mut faults = vec![Fault::CrashBefore, Fault::CrashAfter];
    for kind in [Kind::Unavailable, Kind::Quota] {
        faults.extend([Fault::Refuse(kind), Fault::Lie(kind)]);
    }
    faults.extend(
        [0, 50, 100, 148].into_iter().flat_map(|at| [Fault::CrashDuring(at), Fault::Cut(at, Kind::Quota)]),
    );
    faults
}

/// Two weeks with an import in them, of which much is kept.
fn two_weeks() -> World {
    let mut world = World::new();
    world.set(Some(Retention { history_days: 4, ..daily(30) }));
    world.days(7);
    world.import();
    world.days(7);
    world
}

/// Runs `work` with each fault at each call, until there are no more calls. `after` looks at what is opened then.
fn sweep(
    work: impl Fn(&lodestore::store::Database<Borrowed<'_>, Wound>) -> lodestore::Result<()>,
    after: impl Fn(&World, &str, bool),
) {
    let first = two_weeks();
    let (image, was) = (first.storage.files(), contents(&first.db.state().unwrap()));
    let mut struck = 0;
    for fault in faults() {
        for call in 0.. {
            let inner = MemoryStorage::from_files(image.clone());
            let storage = FaultStorage::new(inner.clone(), call, Some(fault));
            let clock = Wound(std::rc::Rc::new(std::cell::Cell::new(first.now())));
            let db = open(Borrowed(&storage), &clock).unwrap();
            let what = format!("{fault:?} at call {call}");
            let done = work(&db);
            if !storage.crashed() {
                assert_eq!(contents(&db.state().unwrap()), was, "{what}");
                assert!(block_on(db.check()).unwrap().ok, "{what}: {done:?}");
            }
            drop(db);
            let db = open(inner.clone(), &clock).unwrap_or_else(|cause| panic!("{what}: {cause}"));
            assert_eq!(contents(&db.state().unwrap()), was, "{what}");
            assert!(block_on(db.check()).unwrap().ok, "{what}, opened again");
            let world = World { storage: inner, clock, db, were: first.were.clone(), writes: 1000 };
            after(&world, &what, done.is_ok() && !storage.crashed());
            if storage.calls() <= call {
                break;
            }
            struck += 1;
        }
    }
    assert!(struck > 20, "{struck}");
}

#[test]
fn a_fault_at_any_call_of_pruning_by_a_policy_loses_nothing_and_is_made_good_by_the_next() {
    let policy = Retention { history_days: 2, ..daily(6) };
    let options = PruneOptions { policy: Some(policy), ..PruneOptions::default() };
    let calm = two_weeks();
    let gone = block_on(calm.db.prune_by(&options)).unwrap().gone;
    assert!(gone.snapshots > 5 && gone.logs > 1 && gone.bytes > 1000, "{gone:?}");
    let left = |world: &World| -> Vec<String> {
        world.storage.files().into_keys().filter(|name| !name.starts_with("audit-")).collect()
    };
    let goal = left(&calm);
    sweep(
        |db| block_on(db.prune_by(&options)).map(drop),
        |world, what, _| {
            block_on(world.db.prune_by(&options)).unwrap();
            assert_eq!(left(world), goal, "{what}");
            assert!(block_on(world.db.check()).unwrap().ok, "{what}");
            let points = world.history().points;
            assert!(points.len() >= 6, "{what}: {points:?}");
        },
    );
}

#[test]
fn a_fault_at_any_call_of_saying_what_is_kept_leaves_the_old_or_the_new() {
    let (old, new) = (Retention { history_days: 4, ..daily(30) }, daily(7));
    for policy in [Some(new), None] {
        sweep(
            |db| block_on(db.set_retention(policy)),
            |world, what, is_done| {
                let found = world.db.retention();
                assert!(found == policy || !is_done && found == Some(old), "{what}: {found:?}");
            },
        );
    }
}

#[test]
fn a_checkpoint_without_room_gives_up_only_what_it_would_have_removed() {
    let keep = Keep { last: 3, weekly: 4, ..Keep::default() };
    let mut world = World::new();
    world.set(Some(Retention { snapshots: keep, ..Retention::default() }));
    world.days(40);
    world.sleep(DAY);
    let image = world.storage.files();
    let run = |call: u64| {
        let inner = MemoryStorage::from_files(image.clone());
        let storage = FaultStorage::new(inner.clone(), call, Some(Fault::Refuse(Kind::Quota)));
        let clock = Wound(std::rc::Rc::new(std::cell::Cell::new(world.now())));
        let db = open(Borrowed(&storage), &clock).unwrap();
        block_on(db.checkpoint()).unwrap();
        assert!(storage.calls() > call || call == u64::MAX);
        let db = open(inner, &clock).unwrap();
        assert!(block_on(db.check()).unwrap().ok);
        let seqs: Vec<u64> = block_on(db.stats()).unwrap().snapshots.iter().map(|one| one.seq).collect();
        seqs
    };
    let calm = run(u64::MAX);
    assert!(calm.len() >= 5, "{calm:?}");
    // The blocks, the log and the snapshot.
    for call in 0..3 {
        assert_eq!(run(call), calm, "no room at call {call}");
    }
}
