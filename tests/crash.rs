//! A crash at every call of the storage, and a tear at every byte: acknowledged writes are there, unacknowledged
//! ones are there whole or not at all.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test that fails panics

mod support;

use lodestore::error::Kind;
use lodestore::index::Metric;
use lodestore::storage::MemoryStorage;
use lodestore::store::{Database, Options};
use support::fault::{Borrowed, Fault, FaultStorage};
use support::model::{Model, Step};
use support::{TestEnv, block_on, open};

fn workload() -> Vec<Step> {
    let row = |n: u32| (format!("r{n}"), vec![n as f32 + 0.5, 1.0, -2.0], format!("{{\"n\":{n}}}"));
    let name = || "c0".to_owned();
    vec![
        Step::Collection(name(), Metric::Cosine),
        Step::Upsert(name(), vec![row(1), row(2), row(3)]),
        Step::DeleteIds(name(), vec!["r2".to_owned()]),
        Step::Checkpoint,
        Step::Upsert(name(), vec![row(4), row(1)]),
        Step::Update(name(), vec!["r1".to_owned()], "{\"u\":7}".to_owned()),
        Step::Collection("c1".to_owned(), Metric::Dot),
        Step::Checkpoint,
        Step::Upsert("c1".to_owned(), vec![row(9)]),
        Step::Checkpoint,
        Step::Configure(name(), Metric::Euclidean),
        Step::Drop("c1".to_owned()),
        Step::Checkpoint,
        Step::Upsert(name(), vec![row(5)]),
    ]
}

/// Runs the workload until the storage dies. Gives the model of what was acknowledged, and what it would be
/// with the write that was under way.
fn run_until_crash(storage: &FaultStorage) -> (Model, Model) {
    let files = FaultStorage::new(storage.files.clone(), u64::MAX, None);
    drop(files);
    let mut acknowledged = Model::default();
    let opened = block_on(Database::open(Borrowed(storage), TestEnv::default(), Options::default()));
    let Ok(db) = opened else { return (acknowledged.clone(), acknowledged) };
    for step in workload() {
        let mut next = acknowledged.clone();
        next.run(&step);
        match block_on(step.run(&db)) {
            Ok(()) => acknowledged = next,
            Err(cause) => {
                assert!(storage.crashed(), "only the crash may fail: {cause}");
                return (acknowledged, next);
            }
        }
    }
    (acknowledged.clone(), acknowledged)
}

fn calls_of_workload() -> u64 {
    let storage = FaultStorage::new(MemoryStorage::new(), u64::MAX, None);
    run_until_crash(&storage);
    storage.calls()
}

#[test]
fn a_crash_at_any_call_loses_nothing_acknowledged() {
    let calls = calls_of_workload();
    assert!(calls > 20, "the workload makes calls: {calls}");
    let mut faults = vec![Fault::CrashBefore, Fault::CrashAfter];
    faults.extend((0..400).step_by(3).map(Fault::CrashDuring));
    let mut crashes = 0;
    for at in 0..calls {
        for &fault in &faults {
            let storage = FaultStorage::new(MemoryStorage::new(), at, Some(fault));
            let (acknowledged, next) = run_until_crash(&storage);
            assert!(storage.crashed(), "call {at} {fault:?} crashes");
            crashes += 1;
            let db =
                open(storage.files.clone()).unwrap_or_else(|cause| panic!("call {at} {fault:?}: {cause}"));
            let found = Model::read(&db);
            assert!(
                found == acknowledged || found == next,
                "call {at} {fault:?}: {found:?} is neither {acknowledged:?} nor {next:?}"
            );
            // What was opened after a crash can be written to and opened again.
            let mut model = found;
            let step = Step::Collection("again".to_owned(), Metric::Dot);
            block_on(step.run(&db)).unwrap();
            model.run(&step);
            block_on(db.checkpoint()).unwrap();
            assert_eq!(
                Model::read(&open(storage.files.clone()).unwrap()),
                model,
                "call {at} {fault:?}, again"
            );
            assert!(block_on(db.check()).unwrap().ok, "call {at} {fault:?}, check");
        }
    }
    println!("{crashes} crashes");
}

#[test]
fn a_second_crash_while_recovering_changes_nothing() {
    let calls = calls_of_workload();
    for at in 0..calls {
        let storage = FaultStorage::new(MemoryStorage::new(), at, Some(Fault::CrashDuring(50)));
        let (acknowledged, next) = run_until_crash(&storage);
        for again in 0..4 {
            for fault in [Fault::CrashBefore, Fault::CrashDuring(10), Fault::CrashAfter] {
                let files = MemoryStorage::from_files(storage.files.files());
                let recovering = FaultStorage::new(files, again, Some(fault));
                drop(block_on(Database::open(Borrowed(&recovering), TestEnv::default(), Options::default())));
                let found = Model::read(&open(recovering.files.clone()).unwrap());
                assert!(found == acknowledged || found == next, "call {at}, then {again} {fault:?}");
            }
        }
    }
}

#[test]
fn a_tear_at_any_byte_of_the_last_frame_is_cut_and_reported() {
    let storage = MemoryStorage::new();
    let db = open(storage.clone()).unwrap();
    let steps = workload();
    let (last, first) = steps.split_last().unwrap();
    let mut model = Model::default();
    for step in first {
        block_on(step.run(&db)).unwrap();
        model.run(step);
    }
    let newest_log = |storage: &MemoryStorage| {
        let files = storage.files();
        let logs = files.keys().filter(|name| name.starts_with("log-")).cloned();
        logs.max_by_key(|name| name[4..].parse::<u64>().unwrap()).unwrap()
    };
    let log = newest_log(&storage);
    let before = storage.files()[&log].len();
    block_on(last.run(&db)).unwrap();
    let after = storage.files()[&log].len();
    assert!(after > before);
    for length in before..after {
        for zeros in [0, 1, 40, 4096] {
            let mut files = storage.files();
            let torn = files.get_mut(&log).unwrap();
            torn.truncate(length);
            torn.resize(length + zeros, 0);
            let opened = open(MemoryStorage::from_files(files)).unwrap();
            assert_eq!(Model::read(&opened), model, "cut at {length} with {zeros} zeros");
            assert_eq!(opened.open_report().bytes_dropped, (length - before + zeros) as u64);
        }
    }
}

#[test]
fn a_refused_call_changes_nothing_and_writing_goes_on() {
    let calls = calls_of_workload();
    let kinds = [Kind::Quota, Kind::Unavailable];
    let faults = kinds.into_iter().flat_map(|kind| {
        let cuts = [0, 1, 31, 32, 60, 100, 5000].map(|bytes| Fault::Cut(bytes, kind));
        [Fault::Refuse(kind), Fault::Lie(kind)].into_iter().chain(cuts)
    });
    for fault in faults {
        for at in 0..calls {
            let storage = FaultStorage::new(MemoryStorage::new(), at, Some(fault));
            let opened = block_on(Database::open(Borrowed(&storage), TestEnv::default(), Options::default()));
            let Ok(db) = opened else { continue };
            let mut model = Model::default();
            for step in workload() {
                // Written again until it is taken: it is refused once at most.
                for attempt in 0..3 {
                    match block_on(step.run(&db)) {
                        Ok(()) => break,
                        Err(cause) => {
                            assert!(
                                attempt < 2,
                                "call {at} {fault:?}: {step:?} is refused for ever: {cause}"
                            );
                            assert_eq!(
                                Model::read(&db),
                                model,
                                "call {at} {fault:?}: {step:?} changed something"
                            );
                        }
                    }
                }
                model.run(&step);
                assert_eq!(Model::read(&db), model, "call {at} {fault:?} {step:?}");
            }
            drop(db);
            let reopened =
                open(storage.files.clone()).unwrap_or_else(|cause| panic!("call {at} {fault:?}: {cause}"));
            assert_eq!(Model::read(&reopened), model, "call {at} {fault:?}, reopened");
        }
    }
}
