//! Rebuilding for another model: rows are never lost, whatever is written meanwhile, and the switch is one step.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test that fails panics

mod support;

use lodestore::collection::Config;
use lodestore::error::Kind;
use lodestore::index::Metric;
use lodestore::storage::MemoryStorage;
use lodestore::store::{Database, Options, Rebuild, Target};
use std::rc::Rc;
use support::fault::{Fault, FaultStorage};
use support::{TestEnv, block_on, config, open, rows};

type Running<S> = Rc<Rebuild<S, TestEnv>>;

/// A vector that follows from the id: what the new model would make of the row.
fn embed(id: &str) -> [f32; 2] {
    [id.len() as f32, id.bytes().map(f32::from).sum()]
}

/// Makes vectors until nothing is left to do; `between` runs after each batch.
fn run<S: lodestore::storage::Storage + 'static>(
    rebuild: &Running<S>,
    mut between: impl FnMut(),
) -> lodestore::Result<()> {
    loop {
        loop {
            let batch = rebuild.next(7)?;
            if batch.is_empty() {
                break;
            }
            let vectors = batch.iter().flat_map(|row| embed(&row.id)).collect();
            block_on(rebuild.put(vectors))?;
            between();
        }
        if block_on(rebuild.clone().commit())?.is_some() {
            return Ok(());
        }
    }
}

fn check<S: lodestore::storage::Storage>(db: &Database<S, TestEnv>, ids: &[String]) {
    let state = db.state().unwrap();
    let collection = state.named("c").unwrap();
    assert_eq!(collection.config().dimension, 2);
    let mut expected: Vec<&str> = ids.iter().map(String::as_str).collect();
    expected.sort_unstable();
    assert_eq!(collection.ids().map(|(id, _)| &**id).collect::<Vec<_>>(), expected);
    for (id, slot) in collection.ids() {
        assert_eq!(*collection.vector(slot).unwrap(), embed(id), "{id}");
    }
}

fn start() -> (MemoryStorage, Database<MemoryStorage, TestEnv>) {
    let storage = MemoryStorage::new();
    let db = open(storage.clone()).unwrap();
    block_on(db.collection("c", Some(config(4, Metric::Cosine)))).unwrap();
    block_on(db.upsert("c", rows("r", 0..40, 4))).unwrap();
    (storage, db)
}

fn ids(prefix: &str, numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(|n| format!("{prefix}{n}")).collect()
}

#[test]
fn rows_written_meanwhile_are_not_lost() {
    let (storage, db) = start();
    let rebuild = Rc::new(block_on(db.rebuild("c", config(2, Metric::Euclidean))).unwrap());
    let mut batches = 0;
    run(&rebuild, || {
        batches += 1;
        // Behind, among and before what was handed out; changed, new and deleted.
        if batches <= 4 {
            block_on(db.upsert("c", rows("r", 3 * batches..3 * batches + 2, 4))).unwrap();
            block_on(db.upsert("c", rows("a", batches..batches + 1, 4))).unwrap();
            block_on(db.upsert("c", rows("z", batches..batches + 1, 4))).unwrap();
            block_on(db.delete("c", Target::Ids(vec![format!("r{}", 20 + batches)]))).unwrap();
        }
        if batches == 2 {
            block_on(db.checkpoint()).unwrap();
        }
        assert_eq!(db.state().unwrap().named("c").unwrap().config().dimension, 4, "the old rows answer");
    })
    .unwrap();
    let expected = [ids("r", 0..21), ids("r", 25..40), ids("a", 1..5), ids("z", 1..5)].concat();
    check(&db, &expected);
    check(&open(storage).unwrap(), &expected);
    assert_eq!(db.collections().unwrap().len(), 1);
}

#[test]
fn an_aborted_or_forgotten_rebuild_leaves_the_old_rows() {
    let (storage, db) = start();
    let rebuild = block_on(db.rebuild("c", config(2, Metric::Dot))).unwrap();
    let again = block_on(db.rebuild("c", config(2, Metric::Dot))).err().unwrap();
    assert_eq!(again.kind, Kind::Conflict, "one at a time");
    let batch = rebuild.next(10).unwrap();
    let short = block_on(rebuild.put(vec![1.0; 3])).unwrap_err();
    assert_eq!(short.kind, Kind::Invalid);
    assert_eq!(rebuild.next(10).unwrap().len(), batch.len());
    block_on(rebuild.put(vec![1.0; 20])).unwrap();
    block_on(rebuild.abort()).unwrap();

    let forgotten = block_on(db.rebuild("c", config(2, Metric::Dot))).unwrap();
    forgotten.next(10).unwrap();
    block_on(forgotten.put(vec![1.0; 20])).unwrap();
    block_on(db.checkpoint()).unwrap();
    let reopened = open(storage).unwrap();
    let state = reopened.state().unwrap();
    assert_eq!(state.all().count(), 1, "what was staged is gone");
    assert_eq!(state.named("c").unwrap().config().dimension, 4);
    assert_eq!(state.named("c").unwrap().len(), 40);
}

#[test]
fn metric_changes_in_place_and_a_new_model_needs_vectors() {
    let (storage, db) = start();
    block_on(db.configure("c", config(4, Metric::Euclidean))).unwrap();
    let model = Some(lodestore::collection::Model { id: "m".to_owned(), version: "1".to_owned() });
    let other = Config { model, ..config(4, Metric::Euclidean) };
    assert_eq!(block_on(db.configure("c", other)).unwrap_err().kind, Kind::Invalid);
    let reopened = open(storage).unwrap();
    assert_eq!(reopened.state().unwrap().named("c").unwrap().config().metric, Metric::Euclidean);
}

#[test]
fn a_crash_anywhere_in_a_rebuild_or_an_import_leaves_the_old_or_the_new() {
    let archive = {
        let (_, db) = start();
        let mut export = block_on(db.export()).unwrap();
        block_on(support::drain(&mut export)).unwrap()
    };
    let work = |storage: FaultStorage| -> bool {
        let opened = block_on(Database::open(storage, TestEnv::default(), Options::default()));
        let Ok(db) = opened else { return false };
        let run = || -> lodestore::Result<()> {
            let options = lodestore::store::ImportOptions { replace: true, total_bytes: 0 };
            block_on(db.import(&mut support::Pieces(archive.chunks(500)), options))?;
            run(&Rc::new(block_on(db.rebuild("c", config(2, Metric::Dot)))?), || ())
        };
        run().is_ok()
    };
    let before = MemoryStorage::new();
    let db = open(before.clone()).unwrap();
    block_on(db.collection("old", Some(config(3, Metric::Dot)))).unwrap();
    block_on(db.upsert("old", rows("o", 0..3, 3))).unwrap();
    drop(db);

    let copy = || MemoryStorage::from_files(before.files());
    let counting = FaultStorage::new(copy(), u64::MAX, None);
    assert!(work(counting));
    let (mut old, mut imported, mut rebuilt) = (0, 0, 0);
    for at in 0..60 {
        for fault in [Fault::CrashBefore, Fault::CrashDuring(100), Fault::CrashAfter] {
            let files = copy();
            if work(FaultStorage::new(files.clone(), at, Some(fault))) {
                continue;
            }
            let db = open(files).unwrap_or_else(|cause| panic!("call {at} {fault:?}: {cause}"));
            let state = db.state().unwrap();
            match state.find("c").map(|collection| collection.config().dimension) {
                None => {
                    assert_eq!(state.named("old").unwrap().len(), 3);
                    old += 1;
                }
                Some(4) => {
                    assert!(state.find("old").is_none(), "the import replaced everything");
                    assert_eq!(state.named("c").unwrap().len(), 40);
                    imported += 1;
                }
                Some(_) => {
                    drop(state);
                    check(&db, &ids("r", 0..40));
                    rebuilt += 1;
                }
            }
            assert!(block_on(db.check()).unwrap().ok, "call {at} {fault:?}");
        }
    }
    assert!(old > 2 && imported > 5 && rebuilt > 0, "{old} {imported} {rebuilt}");
}
