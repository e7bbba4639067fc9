//! A crash at every call of the storage, and refusals, while vectors are left there and read from there.

use super::support::fault::{Borrowed, Fault, FaultStorage};
use super::support::{TestEnv, block_on, open, rows};
use super::{DIMENSION, ask, codes, full};
use lodestore::collection::Config;
use lodestore::error::{Kind, Result};
use lodestore::index::Metric;
use lodestore::storage::{MemoryStorage, Storage};
use lodestore::store::{Database, Target};

/// Slots and scores, for each question.
type Answers = Vec<Vec<(u32, u32)>>;

/// What is done, in order. Every step but the first finds rows in storage.
const STEPS: usize = 11;

fn step<S: Storage>(
    db: &Database<S, TestEnv>,
    number: usize,
    config: &dyn Fn(Metric) -> Config,
) -> Result<()> {
    let upsert = |from: usize, to: usize| block_on(db.upsert("c", rows("r", from..to, DIMENSION))).map(drop);
    match number {
        0 => block_on(db.collection("c", Some(config(Metric::Cosine)))),
        1 => upsert(0, 2100),
        2 | 5 | 10 => block_on(db.checkpoint()).map(drop),
        // A row of each group anew, with the vector of another one.
        3 => {
            let mut some = rows("r", 10..12, DIMENSION);
            some.ids = vec!["r20".to_owned(), "r1800".to_owned()];
            block_on(db.upsert("c", some)).map(drop)
        }
        4 => block_on(db.delete("c", Target::Ids(vec!["r30".to_owned(), "r1500".to_owned()]))).map(drop),
        6 => upsert(2100, 2103),
        7 => block_on(db.configure("c", config(Metric::Euclidean))).map(drop),
        8 => upsert(900, 1300),
        _ => upsert(3000, 3001),
    }
}

/// What a database answers: the same bits for the same rows, wherever they lie.
fn told<S: Storage>(db: &Database<S, TestEnv>) -> Option<Answers> {
    db.state().unwrap().find("c")?;
    let questions = [None, Some("{\"n\":{\"$gte\":1500}}"), Some("{\"n\":10}")];
    Some(questions.map(|filter| ask(db, &[0.9, 0.1, -0.3, 0.4], filter).unwrap()).to_vec())
}

/// What is answered after each number of steps, from memory. A checkpoint changes no answer.
fn expected() -> Vec<Option<Answers>> {
    let db = open(MemoryStorage::new()).unwrap();
    let mut all = vec![told(&db)];
    for number in 0..STEPS {
        step(&db, number, &full).unwrap();
        all.push(told(&db));
    }
    all
}

/// Runs until the storage dies: how many steps were acknowledged.
fn run_until_crash(storage: &FaultStorage) -> usize {
    let Ok(db) = open(Borrowed(storage)) else { return 0 };
    (0..STEPS).find(|number| step(&db, *number, &codes).is_err()).unwrap_or(STEPS)
}

fn calls() -> u64 {
    let storage = FaultStorage::new(MemoryStorage::new(), u64::MAX, None);
    assert_eq!(run_until_crash(&storage), STEPS);
    storage.calls()
}

#[test]
fn a_crash_at_any_call_loses_nothing_that_is_in_storage() {
    let (expected, calls) = (expected(), calls());
    assert!(calls > 15, "{calls}");
    let mut faults = vec![Fault::CrashBefore, Fault::CrashAfter];
    // Headers, the bounds of the blocks of 16 KiB and more, and in between.
    faults.extend([0, 50, 80, 100, 112, 5000, 16_495, 16_496, 16_497, 40_000].map(Fault::CrashDuring));
    for at in 0..calls {
        for &fault in &faults {
            let storage = FaultStorage::new(MemoryStorage::new(), at, Some(fault));
            let done = run_until_crash(&storage);
            assert!(storage.crashed(), "call {at} {fault:?}");
            let what = format!("call {at} {fault:?} after {done} steps");
            let db = open(storage.files.clone()).unwrap_or_else(|cause| panic!("{what}: {cause}"));
            let found = told(&db);
            assert!(expected[done..=STEPS.min(done + 1)].contains(&found), "{what}");
            // It is written on, from storage to storage.
            if found.is_some() {
                block_on(db.upsert("c", rows("r", 1000..1040, DIMENSION))).unwrap();
                block_on(db.checkpoint()).unwrap();
                assert_eq!(told(&open(storage.files.clone()).unwrap()), told(&db), "{what}, again");
                assert!(block_on(db.check()).unwrap().ok, "{what}, check");
            }
        }
    }
}

#[test]
fn a_refused_call_leaves_vectors_readable_and_writing_goes_on() {
    let (expected, calls) = (expected(), calls());
    let cuts = [Fault::Cut(0, Kind::Quota), Fault::Cut(100, Kind::Quota), Fault::Cut(20_000, Kind::Quota)];
    for fault in [Fault::Refuse(Kind::Quota), Fault::Lie(Kind::Unavailable)].into_iter().chain(cuts) {
        for at in 0..calls {
            let storage = FaultStorage::new(MemoryStorage::new(), at, Some(fault));
            let Ok(db) = open(Borrowed(&storage)) else { continue };
            for number in 0..STEPS {
                let what = format!("call {at} {fault:?} step {number}");
                // It is refused once at most.
                if let Err(cause) = step(&db, number, &codes) {
                    assert_eq!(told(&db), expected[number], "{what}: {cause}");
                    step(&db, number, &codes).unwrap_or_else(|cause| panic!("{what}, again: {cause}"));
                }
                assert_eq!(told(&db), expected[number + 1], "{what}");
            }
            drop(db);
            assert_eq!(told(&open(storage.files.clone()).unwrap()), expected[STEPS], "call {at} {fault:?}");
        }
    }
}
