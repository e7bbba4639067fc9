//! A crash, or a refusal, at every call of a salvage: it can be repeated, or it is done.

use super::support::fault::{Borrowed, Fault, FaultStorage};
use super::support::model::Model;
use super::support::{TestEnv, block_on, open};
use super::world::{Files, World, salvage, steps, world};
use lodestore::error::Kind;
use lodestore::storage::MemoryStorage;
use lodestore::store::{Database, Options};

/// A file, and which byte of so many is changed.
type Change = (&'static str, fn(usize) -> usize);

/// Some damage of every kind: a block, a frame, both; a manifest and a block; a log and a snapshot that are gone.
fn damaged(world: &World) -> Vec<(&'static str, Files)> {
    let change = |name: &str, at: fn(usize) -> usize, files: &mut Files| {
        let bytes = files.get_mut(name).unwrap();
        let at = at(bytes.len());
        bytes[at] ^= 0x20;
    };
    let mut all = Vec::new();
    let mut with = |what, changes: &[Change], without: &[&str]| {
        let mut files = world.files.clone();
        changes.iter().for_each(|(name, at)| change(name, *at, &mut files));
        without.iter().for_each(|name| drop(files.remove(*name)));
        assert!(open(MemoryStorage::from_files(files.clone())).is_err(), "{what}");
        all.push((what, files));
    };
    with("a frame", &[("log-5", |length| length / 2)], &[]);
    with("blocks", &[("blocks-2", |length| length - 20), ("blocks-4", |length| length - 20)], &[]);
    with("a block and a frame", &[("blocks-4", |_| 120), ("log-3", |_| 120)], &[]);
    with("a manifest and a frame", &[("snapshot-4", |length| length - 1), ("log-3", |_| 130)], &[]);
    with("a log is gone", &[], &["log-5"]);
    with("a snapshot and a log are gone", &[], &["snapshot-4", "log-3"]);
    all
}

fn salvage_on(storage: &FaultStorage) -> lodestore::Result<Model> {
    block_on(Database::salvage(Borrowed(storage), TestEnv::default(), Options::default()))
        .map(|db| Model::read(&db))
}

#[test]
fn a_crash_at_any_call_of_a_salvage() {
    let world = world(&steps());
    let mut crashes = 0;
    for (what, files) in damaged(&world) {
        let (expected, _) = world.salvaged(&files, what).unwrap();
        let counting = FaultStorage::new(MemoryStorage::from_files(files.clone()), u64::MAX, None);
        salvage_on(&counting).unwrap();
        for at in 0..counting.calls() {
            let mut faults = vec![Fault::CrashBefore, Fault::CrashAfter];
            faults.extend((0..600).step_by(7).map(Fault::CrashDuring));
            for fault in faults {
                let what = format!("{what}, call {at} {fault:?}");
                let storage = FaultStorage::new(MemoryStorage::from_files(files.clone()), at, Some(fault));
                drop(salvage_on(&storage));
                assert!(storage.crashed(), "{what}");
                crashes += 1;
                let left = storage.files.files();
                match open(storage.files.clone()) {
                    Ok(db) => assert_eq!(Model::read(&db), expected, "{what}: done"),
                    Err(cause) => {
                        assert_eq!(cause.kind, Kind::Corrupt, "{what}");
                        let kept = files.iter().all(|(name, bytes)| left.get(name) == Some(bytes));
                        assert!(kept, "{what}: what was there is as it was");
                    }
                }
                // And again, as often as it takes.
                let db = salvage(storage.files.clone()).unwrap_or_else(|cause| panic!("{what}: {cause}"));
                assert_eq!(Model::read(&db), expected, "{what}: salvaged again");
                let aside = block_on(db.quarantined()).unwrap();
                assert!(aside.iter().any(|file| file.name.ends_with("-report")), "{what}: {aside:?}");
                drop(db);
                let again = open(storage.files.clone()).unwrap_or_else(|cause| panic!("{what}: {cause}"));
                assert_eq!(Model::read(&again), expected, "{what}: opened again");
                // A crash may have left snapshots of before, which go with the next one.
                block_on(again.checkpoint()).unwrap();
                assert!(block_on(again.check()).unwrap().ok, "{what}");
            }
        }
    }
    println!("{crashes} crashes");
    assert!(crashes > 500);
}

#[test]
fn a_salvage_that_has_no_room_changes_nothing() {
    let world = world(&steps());
    for (what, files) in damaged(&world) {
        let (expected, _) = world.salvaged(&files, what).unwrap();
        let counting = FaultStorage::new(MemoryStorage::from_files(files.clone()), u64::MAX, None);
        salvage_on(&counting).unwrap();
        let (mut refused, mut done) = (0, 0);
        for at in 0..counting.calls() {
            for fault in [Fault::Refuse(Kind::Quota), Fault::Cut(50, Kind::Quota), Fault::Lie(Kind::Quota)] {
                let what = format!("{what}, call {at} {fault:?}");
                let storage = FaultStorage::new(MemoryStorage::from_files(files.clone()), at, Some(fault));
                match salvage_on(&storage) {
                    // Clearing up is tried again by the next checkpoint.
                    Ok(found) => {
                        assert_eq!(found, expected, "{what}");
                        done += 1;
                    }
                    Err(cause) => {
                        assert_eq!(cause.kind, Kind::Quota, "{what}");
                        let left = storage.files.files();
                        assert!(files.iter().all(|(name, bytes)| left.get(name) == Some(bytes)), "{what}");
                        refused += 1;
                    }
                }
                let db = salvage(storage.files.clone()).unwrap();
                assert_eq!(Model::read(&db), expected, "{what}: salvaged again");
            }
        }
        assert!(refused > 5 && done > 0, "{what}: {refused} {done}");
    }
}
