//! The database as it was at any point that is kept, against what it was.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test that fails panics

mod support;

use lodestore::collection::State;
use lodestore::error::Kind;
use lodestore::index::Metric;
use lodestore::storage::{MemoryStorage, Once, Storage};
use lodestore::store::{Database, ImportOptions, Options, Point, Target};
use rand::{Rng, SeedableRng};
use std::collections::BTreeMap;
use support::fault::{Borrowed, Fault, FaultStorage};
use support::{Pieces, TestEnv, block_on, config, drain, rows};

/// By collection and id: the bits of the vector, and the metadata.
type Contents = BTreeMap<String, BTreeMap<String, (Vec<u32>, String)>>;
type Db = Database<MemoryStorage, TestEnv>;

fn contents(state: &State) -> Contents {
    let named = state.all().filter(|one| one.stages.is_none());
    let of = |one: &lodestore::collection::Collection| {
        let rows = one.ids().map(|(id, slot)| {
            let bits = one.vector(slot).unwrap().iter().map(|number| number.to_bits()).collect();
            (id.to_string(), (bits, one.row(slot).unwrap().metadata.to_string()))
        });
        (one.name.clone(), rows.collect())
    };
    named.map(of).collect()
}

fn now(db: &Db) -> Contents {
    contents(&db.state().unwrap())
}

fn open(storage: &MemoryStorage) -> Db {
    block_on(Database::open(storage.clone(), TestEnv::default(), Options::default())).unwrap()
}

fn at(db: &Db, point: Point) -> lodestore::Result<(u64, Contents)> {
    block_on(db.as_of(point)).map(|past| (past.state.seq, contents(&past.state)))
}

fn restore<S: Storage>(db: &Database<S, TestEnv>, seq: u64) -> lodestore::Result<()> {
    block_on(db.restore(block_on(db.as_of(Point::Seq(seq)))?)).map(drop)
}

fn collection(db: &Db, name: &str) {
    block_on(db.collection(name, Some(config(3, Metric::Euclidean)))).unwrap();
}

/// One write, checkpoint or reopening, as chance has it.
fn step(db: &mut Db, storage: &MemoryStorage, rng: &mut rand_chacha::ChaCha8Rng) {
    let name = ["a", "b"][rng.random_range(0..2)];
    let first = rng.random_range(0..40usize);
    let some = first..first + rng.random_range(1..8usize);
    let ids: Vec<String> = some.clone().map(|n| format!("r{n}")).collect();
    match rng.random_range(0..20) {
        0..10 => {
            collection(db, name);
            block_on(db.upsert(name, rows("r", some, 3))).unwrap();
        }
        10..13 => drop(block_on(db.delete(name, Target::Ids(ids)))),
        13..16 => {
            let changed = format!("{{\"changed\":{first}}}");
            drop(block_on(db.update(name, Target::Ids(ids[..1].to_vec()), vec![changed], true)));
        }
        16 => drop(block_on(db.drop_collection(name))),
        17 | 18 => drop(block_on(db.checkpoint()).unwrap()),
        _ => {
            block_on(db.close());
            *db = open(storage);
        }
    }
}

#[test]
fn every_point_that_is_kept_is_what_it_was() {
    let mut asked = 0;
    for seed in 0..40 {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        let storage = MemoryStorage::default();
        let mut db = open(&storage);
        let mut were: BTreeMap<u64, Contents> = BTreeMap::from([(0, Contents::new())]);
        for _ in 0..60 {
            step(&mut db, &storage, &mut rng);
            were.insert(db.last_write(), now(&db));
        }
        let history = block_on(db.history()).unwrap();
        assert_eq!(history.seq, db.last_write());
        let oldest = history.points[0].seq;
        assert!(history.points.is_sorted_by_key(|point| point.seq));
        for (seq, was) in &were {
            let answer = at(&db, Point::Seq(*seq));
            if *seq < oldest {
                assert_eq!(answer.unwrap_err().kind, Kind::Invalid, "seed {seed}: write {seq}");
            } else {
                assert_eq!(answer.unwrap(), (*seq, was.clone()), "seed {seed}: write {seq}");
                asked += 1;
            }
        }
        assert_eq!(at(&db, Point::Seq(history.seq + 1)).unwrap_err().kind, Kind::Invalid);
        assert_eq!(now(&db), were[&history.seq], "seed {seed}: asking changed it");
        let kept: Vec<&u64> = were.keys().filter(|seq| **seq >= oldest).collect();
        let goal = *kept[rng.random_range(0..kept.len())];
        restore(&db, goal).unwrap();
        assert_eq!(now(&db), were[&goal], "seed {seed}: back to write {goal}");
        assert_eq!(db.last_write(), history.seq + 1);
        assert_eq!(at(&db, Point::Seq(history.seq)).unwrap().1, were[&history.seq], "seed {seed}: and forth");
        collection(&db, "a");
        block_on(db.upsert("a", rows("new", 0..3, 3))).unwrap();
        assert!(block_on(db.check()).unwrap().ok);
        let (seq, is) = (db.last_write(), now(&db));
        block_on(db.close());
        let db = open(&storage);
        assert_eq!((db.last_write(), now(&db)), (seq, is), "seed {seed}: opened again");
        restore(&db, history.seq).unwrap();
        assert_eq!(now(&db), were[&history.seq], "seed {seed}: restored again");
    }
    assert!(asked > 300, "{asked} points");
}

#[test]
fn a_time_is_the_last_write_before_it() {
    let storage = MemoryStorage::default();
    let db = open(&storage);
    collection(&db, "a");
    let mut seen = Vec::new();
    for n in 0..20 {
        if n == 9 {
            block_on(db.checkpoint()).unwrap();
        }
        block_on(db.upsert("a", rows("r", n..n + 1, 3))).unwrap();
        let past = block_on(db.as_of(Point::Seq(db.last_write()))).unwrap();
        seen.push((past.time_ms, db.last_write(), now(&db)));
    }
    // The first snapshot took the place of all writes before it.
    let oldest = block_on(db.history()).unwrap().points[0];
    seen.retain(|(_, seq, _)| *seq > oldest.seq);
    assert_eq!(seen.len(), 11);
    for (time, seq, was) in &seen {
        assert_eq!(at(&db, Point::Time(*time)).unwrap(), (*seq, was.clone()));
        assert_eq!(at(&db, Point::Time(time - 1)).unwrap().0, seq - 1);
    }
    assert_eq!(at(&db, Point::Time(u64::MAX)).unwrap().0, db.last_write());
    let early = at(&db, Point::Time(5)).unwrap_err();
    assert_eq!((early.kind, early.pair.is_some()), (Kind::Invalid, true));
}

#[test]
fn before_and_after_an_import() {
    let source = open(&MemoryStorage::default());
    collection(&source, "b");
    block_on(source.upsert("b", rows("s", 0..5, 3))).unwrap();
    let archive = block_on(drain(&mut block_on(source.export()).unwrap())).unwrap();

    let db = open(&MemoryStorage::default());
    collection(&db, "a");
    block_on(db.upsert("a", rows("r", 0..9, 3))).unwrap();
    let (before, was) = (db.last_write(), now(&db));
    block_on(db.checkpoint()).unwrap();
    let options = ImportOptions { replace: true, total_bytes: 0 };
    block_on(db.import(&mut Pieces(archive.chunks(100)), options)).unwrap();
    let (imported, is) = (db.last_write(), now(&db));
    block_on(db.upsert("b", rows("s", 7..8, 3))).unwrap();
    assert_eq!(at(&db, Point::Seq(before)).unwrap(), (before, was));
    assert_eq!(at(&db, Point::Seq(imported)).unwrap(), (imported, is));
    assert_eq!(at(&db, Point::Seq(imported + 1)).unwrap().1, now(&db));
}

#[test]
fn a_damaged_snapshot_is_made_up_for_by_the_one_before() {
    let storage = MemoryStorage::default();
    let db = open(&storage);
    collection(&db, "a");
    let mut were = Vec::new();
    for n in 0..3 {
        block_on(db.upsert("a", rows("r", n..n + 3, 3))).unwrap();
        were.push((db.last_write(), now(&db)));
        block_on(db.checkpoint()).unwrap();
    }
    let number = |name: &String| name.strip_prefix("snapshot-").and_then(|number| number.parse::<u64>().ok());
    let (name, mut bytes) = storage.files().into_iter().max_by_key(|(name, _)| number(name)).unwrap();
    bytes[90] ^= 1;
    block_on(storage.remove(&name)).unwrap();
    block_on(storage.create(&name, &mut Once::new(bytes))).unwrap();
    let (seq, was) = were.pop().unwrap();
    assert_eq!(at(&db, Point::Seq(seq)).unwrap(), (seq, was));
}

/// A database that was something else, and the write at which it was.
fn changed<S: Storage>(storage: S) -> lodestore::Result<(Database<S, TestEnv>, u64)> {
    let db = block_on(Database::open(storage, TestEnv::default(), Options::default()))?;
    block_on(db.collection("a", Some(config(3, Metric::Euclidean))))?;
    block_on(db.upsert("a", rows("r", 0..9, 3)))?;
    block_on(db.checkpoint())?;
    block_on(db.upsert("a", rows("r", 5..12, 3)))?;
    let seq = db.last_write();
    block_on(db.delete("a", Target::Ids(vec!["r1".to_owned(), "r7".to_owned()])))?;
    block_on(db.collection("b", Some(config(2, Metric::Dot))))?;
    block_on(db.upsert("b", rows("s", 0..2, 2)))?;
    Ok((db, seq))
}

#[test]
fn a_fault_at_any_call_leaves_what_was_or_what_is() {
    let calm = FaultStorage::new(MemoryStorage::new(), u64::MAX, None);
    let (db, seq) = changed(Borrowed(&calm)).unwrap();
    let (is, before) = (contents(&db.state().unwrap()), calm.calls());
    restore(&db, seq).unwrap();
    let (was, after) = (contents(&db.state().unwrap()), calm.calls());
    assert_ne!(is, was);
    let mut faults = vec![Fault::CrashBefore, Fault::CrashAfter, Fault::Refuse(Kind::Quota)];
    faults.push(Fault::Refuse(Kind::Unavailable));
    faults.extend((0..300).step_by(7).flat_map(|at| [Fault::CrashDuring(at), Fault::Cut(at, Kind::Quota)]));
    faults.push(Fault::Lie(Kind::Unavailable));
    let (mut olds, mut news) = (0, 0);
    for (call, fault) in (before..after).flat_map(|call| faults.iter().map(move |fault| (call, *fault))) {
        let what = format!("{fault:?} at call {call}");
        let files = MemoryStorage::new();
        let storage = FaultStorage::new(files.clone(), call, Some(fault));
        let (db, seq) = changed(Borrowed(&storage)).unwrap();
        let done = restore(&db, seq);
        if !storage.crashed() {
            let expected = if done.is_ok() { &was } else { &is };
            // Where it cannot be read, a write loads what there is.
            block_on(db.collection("a", None)).unwrap_or_else(|cause| panic!("{what}: {cause}"));
            assert_eq!(contents(&db.state().unwrap()), *expected, "{what}");
            block_on(db.upsert("a", rows("later", 0..1, 3)))
                .unwrap_or_else(|cause| panic!("{what}: {cause}"));
        }
        let last = if storage.crashed() { None } else { Some(contents(&db.state().unwrap())) };
        drop(db);
        let again = open(&files);
        let found = now(&again);
        match last {
            Some(last) => assert_eq!(found, last, "{what}, opened again"),
            None if found == is => olds += 1,
            None => {
                assert_eq!(found, was, "{what}, opened again");
                news += 1;
            }
        }
    }
    assert!(olds > 50 && news > 5, "{olds} and {news}");
}
