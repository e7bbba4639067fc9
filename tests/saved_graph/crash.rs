//! A crash at every call of the storage, and refusals, while a graph is built, saved, swept and saved again.

use super::support::fault::{Borrowed, Fault, FaultStorage};
use super::support::model::Model;
use super::support::{TestEnv, block_on, open};
use super::{checked, hnsw, rows, work};
use lodestore::error::{Kind, Result};
use lodestore::index::Metric;
use lodestore::storage::{MemoryStorage, Storage};
use lodestore::store::{Database, Target};

const STEPS: usize = 15;

fn step<S: Storage>(db: &Database<S, TestEnv>, number: usize) -> Result<()> {
    let upsert = |from: usize, to: usize| block_on(db.upsert("c", rows("r", from..to))).map(drop);
    let delete = |from: usize, to: usize| {
        let ids = (from..to).map(|n| format!("r{n}")).collect();
        block_on(db.delete("c", Target::Ids(ids))).map(drop)
    };
    match number {
        0 => block_on(db.collection("c", Some(hnsw(Metric::Cosine)))),
        1 => upsert(0, 60),
        2 | 5 => {
            work(db, 40);
            Ok(())
        }
        3 | 8 | 11 | 14 => block_on(db.checkpoint()).map(drop),
        4 => delete(3, 6),
        6 => {
            let mut again = rows("r", 50..52);
            again.ids = vec!["r7".to_owned(), "r8".to_owned()];
            block_on(db.upsert("c", again)).map(drop)
        }
        7 => delete(10, 40),
        // The dead are swept out, and their slots used again.
        9 => {
            work(db, usize::MAX);
            Ok(())
        }
        10 => upsert(100, 120),
        12 => delete(100, 102),
        _ => upsert(200, 203),
    }
}

/// What is stored after each number of steps.
fn expected() -> Vec<Model> {
    let db = open(MemoryStorage::new()).unwrap();
    let mut all = vec![Model::read(&db)];
    for number in 0..STEPS {
        step(&db, number).unwrap();
        all.push(Model::read(&db));
    }
    all
}

/// Runs until the storage dies: how many steps were acknowledged.
fn run_until_crash(storage: &FaultStorage) -> usize {
    let Ok(db) = open(Borrowed(storage)) else { return 0 };
    (0..STEPS).find(|number| step(&db, *number).is_err()).unwrap_or(STEPS)
}

fn calls() -> u64 {
    let storage = FaultStorage::new(MemoryStorage::new(), u64::MAX, None);
    assert_eq!(run_until_crash(&storage), STEPS);
    storage.calls()
}

#[test]
fn after_a_crash_at_any_call_rows_and_graph_agree() {
    let (expected, calls) = (expected(), calls());
    assert!(calls > 20, "{calls}");
    let mut faults = vec![Fault::CrashBefore, Fault::CrashAfter];
    faults.extend((0..8000).step_by(250).map(Fault::CrashDuring));
    let (mut saved, mut dead) = (0, 0);
    for at in 0..calls {
        for &fault in &faults {
            let storage = FaultStorage::new(MemoryStorage::new(), at, Some(fault));
            let done = run_until_crash(&storage);
            let what = format!("call {at} {fault:?} after {done} steps");
            let db = open(storage.files.clone()).unwrap_or_else(|cause| panic!("{what}: {cause}"));
            let found = Model::read(&db);
            assert!(expected[done..=STEPS.min(done + 1)].contains(&found), "{what}");
            let report = db.open_report();
            assert!(report.graphs.iter().all(|graph| graph.rebuilt.is_none()), "{what}: {report:?}");
            checked(&db, &what);
            if let Some(info) = db.collections().unwrap().first() {
                saved += u64::from(info.index_state.nodes > 0);
                dead += u64::from(info.index_state.dead > 0);
                // It is built on, written to and saved again.
                work(&db, 50);
                block_on(db.upsert("c", rows("r", 20..30))).unwrap();
                work(&db, usize::MAX);
                block_on(db.checkpoint()).unwrap();
                let again = open(storage.files.clone()).unwrap();
                assert_eq!(Model::read(&again), Model::read(&db), "{what}, again");
                assert_eq!(again.open_report().graphs[0].pending, 0, "{what}, again");
                checked(&again, &what);
            }
        }
    }
    assert!(saved > 200 && dead > 100, "stored graphs were opened: {saved} {dead}");
}

#[test]
fn a_refused_call_leaves_the_graph_as_it_is() {
    let (expected, calls) = (expected(), calls());
    let cuts = [Fault::Cut(0, Kind::Quota), Fault::Cut(100, Kind::Quota), Fault::Cut(5000, Kind::Quota)];
    for fault in [Fault::Refuse(Kind::Quota), Fault::Lie(Kind::Unavailable)].into_iter().chain(cuts) {
        for at in 0..calls {
            let storage = FaultStorage::new(MemoryStorage::new(), at, Some(fault));
            let Ok(db) = open(Borrowed(&storage)) else { continue };
            for number in 0..STEPS {
                let what = format!("call {at} {fault:?} step {number}");
                // It is refused once at most.
                if let Err(cause) = step(&db, number) {
                    assert_eq!(Model::read(&db), expected[number], "{what}: {cause}");
                    step(&db, number).unwrap_or_else(|cause| panic!("{what}, again: {cause}"));
                }
                assert_eq!(Model::read(&db), expected[number + 1], "{what}");
            }
            checked(&db, &format!("call {at} {fault:?}"));
            drop(db);
            let again = open(storage.files.clone()).unwrap();
            assert_eq!(Model::read(&again), expected[STEPS], "call {at} {fault:?}");
            assert_eq!(again.open_report().graphs[0].rebuilt, None, "call {at} {fault:?}");
        }
    }
}
