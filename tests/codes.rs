//! Collections that keep only codes in memory: they answer like any other, from storage.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test that fails panics

#[path = "codes/crash.rs"]
mod crash;
#[path = "codes/faults.rs"]
mod faults;
mod support;

use lodestore::collection::{Config, Memory, Quantization, Query};
use lodestore::error::Kind;
use lodestore::index::Metric;
use lodestore::metadata::Filter;
use lodestore::storage::{MemoryStorage, Storage};
use lodestore::store::{Database, Options, Target};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::ops::Range;
use std::rc::Rc;
use support::model::Model;
use support::{TestEnv, block_on, config, drain, open, rows};

const DIMENSION: usize = 4;

fn codes(metric: Metric) -> Config {
    Config { memory: Memory::Codes, quantization: Quantization::Int8, ..config(DIMENSION, metric) }
}

fn full(metric: Metric) -> Config {
    Config { memory: Memory::Full, ..codes(metric) }
}

/// A collection `c` of this configuration with `count` rows, all in a snapshot.
fn stored<S: Storage>(storage: S, config: Config, count: usize) -> Database<S, TestEnv> {
    let db = open(storage).unwrap();
    block_on(db.collection("c", Some(config))).unwrap();
    block_on(db.upsert("c", rows("r", 0..count, DIMENSION))).unwrap();
    block_on(db.checkpoint()).unwrap();
    db
}

/// Whether each row group of `c` is in storage, and how many bytes of vectors are in memory.
fn placed<S: Storage>(db: &Database<S, TestEnv>) -> (Vec<bool>, usize) {
    let state = db.state().unwrap();
    let vectors = state.named("c").unwrap().vectors();
    let groups = (0..vectors.group_count()).map(|group| vectors.place(group).is_some());
    (groups.collect(), vectors.memory_bytes())
}

fn ask<S: Storage>(
    db: &Database<S, TestEnv>,
    vector: &[f32],
    filter: Option<&str>,
) -> lodestore::Result<Vec<(u32, u32)>> {
    let filter = filter.map(|filter| Filter::parse(filter).unwrap());
    let state = db.state()?;
    let query = Query { vector, top_k: 20, filter: filter.as_ref(), exact: true, ..Query::default() };
    let found = state.named("c")?.query(&query)?;
    Ok(found.hits.iter().map(|one| (one.slot, one.score.to_bits())).collect())
}

/// The two answer every query with the same bits.
fn same_answers<A: Storage, B: Storage>(a: &Database<A, TestEnv>, b: &Database<B, TestEnv>, what: &str) {
    for vector in [[1.0, 0.5, -0.25, 0.1], [-1.0, 2.0, 0.0, 3.0]] {
        for filter in [None, Some("{\"even\":true}"), Some("{\"n\":{\"$lt\":40}}"), Some("{\"n\":77}")] {
            assert_eq!(
                ask(a, &vector, filter).unwrap(),
                ask(b, &vector, filter).unwrap(),
                "{what}: {filter:?}"
            );
        }
    }
}

/// One random thing, done to any database.
#[derive(Clone, Debug)]
enum Deed {
    Upsert(Range<usize>, f32),
    Scatter(Vec<usize>, f32),
    Update(Vec<usize>),
    Delete(Vec<usize>),
    DeleteRange(usize),
    Configure(Metric),
    Checkpoint,
    Reopen,
}

impl Deed {
    fn random(rng: &mut ChaCha8Rng) -> Deed {
        let some =
            |rng: &mut ChaCha8Rng| (0..rng.random_range(1..6)).map(|_| rng.random_range(0..3600)).collect();
        match rng.random_range(0..16) {
            0..=2 => {
                let from = rng.random_range(0..3400);
                Deed::Upsert(from..from + rng.random_range(1..200), rng.random())
            }
            3..=6 => Deed::Scatter(some(rng), rng.random()),
            7..=8 => Deed::Update(some(rng)),
            9..=10 => Deed::Delete(some(rng)),
            11 => Deed::DeleteRange(rng.random_range(0..3000)),
            12 => Deed::Configure([Metric::Cosine, Metric::Dot, Metric::Euclidean][rng.random_range(0..3)]),
            13..=14 => Deed::Checkpoint,
            _ => Deed::Reopen,
        }
    }

    fn run<S: Storage + Clone>(&self, db: &mut Database<S, TestEnv>) {
        let ids = |numbers: &[usize]| numbers.iter().map(|n| format!("r{n}")).collect::<Vec<_>>();
        let shifted = |range: Range<usize>, by: f32| {
            let mut rows = rows("r", range, DIMENSION);
            rows.vectors.iter_mut().for_each(|x| *x += by);
            rows
        };
        match self {
            Deed::Upsert(range, by) => drop(block_on(db.upsert("c", shifted(range.clone(), *by))).unwrap()),
            Deed::Scatter(numbers, by) => {
                for n in numbers {
                    block_on(db.upsert("c", shifted(*n..n + 1, *by))).unwrap();
                }
            }
            Deed::Update(numbers) => {
                let target = Target::Ids(ids(numbers));
                block_on(db.update("c", target, vec!["{\"u\":1}".to_owned()], false)).unwrap();
            }
            Deed::Delete(numbers) => drop(block_on(db.delete("c", Target::Ids(ids(numbers)))).unwrap()),
            Deed::DeleteRange(from) => {
                let filter = format!("{{\"n\":{{\"$gte\":{from},\"$lt\":{}}}}}", from + 300);
                block_on(db.delete("c", Target::Filter(Filter::parse(&filter).unwrap()))).unwrap();
            }
            Deed::Configure(metric) => {
                let now = db.state().unwrap().named("c").unwrap().config().clone();
                block_on(db.configure("c", Config { metric: *metric, ..now })).unwrap();
            }
            Deed::Checkpoint => drop(block_on(db.checkpoint()).unwrap()),
            Deed::Reopen => *db = open(db.storage().clone()).unwrap(),
        }
    }
}

#[test]
fn codes_in_memory_change_nothing_but_memory() {
    let mut seen_in_storage = 0;
    for seed in 0..10 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut all = stored(MemoryStorage::new(), full(Metric::Cosine), 2300);
        let mut some = stored(MemoryStorage::new(), codes(Metric::Cosine), 2300);
        for step in 0..40 {
            let deed = Deed::random(&mut rng);
            deed.run(&mut all);
            deed.run(&mut some);
            let what = format!("seed {seed} step {step} {deed:?}");
            same_answers(&all, &some, &what);
            if step % 8 == 7 {
                assert_eq!(Model::read(&all), Model::read(&some), "{what}");
            }
            let (groups, _) = placed(&some);
            seen_in_storage += groups.iter().filter(|stored| **stored).count();
            assert!(placed(&all).0.iter().all(|stored| !stored));
        }
        for db in [&all, &some] {
            let report = block_on(db.check()).unwrap();
            assert!(report.ok && report.rows > 0, "seed {seed}: {report:?}");
        }
    }
    assert!(seen_in_storage > 500, "the rows were read from storage: {seen_in_storage}");
}

#[test]
fn a_checkpoint_leaves_full_groups_in_storage_and_a_write_brings_none_back() {
    let storage = MemoryStorage::new();
    let db = open(storage.clone()).unwrap();
    block_on(db.collection("c", Some(codes(Metric::Cosine)))).unwrap();
    block_on(db.upsert("c", rows("r", 0..5000, DIMENSION))).unwrap();
    let (groups, before) = placed(&db);
    assert_eq!(groups, [false; 5]);
    block_on(db.checkpoint()).unwrap();
    let (groups, after) = placed(&db);
    assert_eq!(groups, [true, true, true, true, false], "the last one is not full");
    assert!(after < before / 3, "{after} of {before} bytes");
    assert_eq!(block_on(db.stats()).unwrap().vector_bytes, after as u64);

    let vector = [0.3, -0.2, 0.9, 0.4];
    let mut row = rows("r", 17..18, DIMENSION);
    row.vectors = vector.to_vec();
    block_on(db.upsert("c", row)).unwrap();
    let (groups, changed) = placed(&db);
    assert_eq!(groups, [true, true, true, true, false]);
    assert!(changed <= after + 64 * DIMENSION * 4 + 100, "{changed} after {after}");
    assert_eq!(ask(&db, &vector, None).unwrap()[0].0, 17, "it is found at once");
    block_on(db.checkpoint()).unwrap();
    assert_eq!(placed(&db).1, after, "and goes to storage with the next checkpoint");
    assert_eq!(ask(&db, &vector, None).unwrap()[0].0, 17);

    // Replacing many rows reserves memory for these and for no others.
    block_on(db.upsert("c", rows("r", 0..4096, DIMENSION))).unwrap();
    let (_, changed) = placed(&db);
    assert!(changed <= after + 4096 * (DIMENSION * 4 + 16) + 3000, "{changed} after {after}");
    block_on(db.checkpoint()).unwrap();
    assert_eq!(placed(&db).1, after);

    // Growing past the end of the last group and through the next.
    block_on(db.upsert("c", rows("r", 5000..7000, DIMENSION))).unwrap();
    block_on(db.checkpoint()).unwrap();
    assert_eq!(placed(&db).0, [true, true, true, true, true, true, false]);

    let again = open(storage.clone()).unwrap();
    assert_eq!(placed(&again).0, [true, true, true, true, true, true, false]);
    assert!(placed(&again).1 < before / 3, "opening leaves them there: {} bytes", placed(&again).1);
    same_answers(&db, &again, "reopened");
}

#[test]
fn files_that_are_read_stay_and_others_go() {
    let storage = MemoryStorage::new();
    let db = stored(storage.clone(), codes(Metric::Euclidean), 4096);
    for round in 0..30usize {
        let from = round * 511 % 4000;
        block_on(db.upsert("c", rows("r", from..from + 40, DIMENSION))).unwrap();
        block_on(db.checkpoint()).unwrap();
        let files = storage.files();
        let state = db.state().unwrap();
        let vectors = state.named("c").unwrap().vectors();
        for group in 0..4 {
            let place = vectors.place(group).unwrap();
            assert!(
                files.contains_key(&format!("blocks-{}", place.generation)),
                "round {round} group {group}"
            );
        }
        drop(state);
        ask(&db, &[1.0, 0.0, 0.0, 0.0], None).unwrap();
    }
    let blocks = storage.files().into_iter().filter(|(name, _)| name.starts_with("blocks-"));
    let (count, bytes) = blocks.fold((0, 0), |(count, bytes), (_, file)| (count + 1, bytes + file.len()));
    let once: usize = 4096 * (DIMENSION * 4 + 40);
    assert!(count < 12 && bytes < 5 * once, "{count} files of {bytes} bytes");
}

#[test]
fn a_checkpoint_is_due_when_it_would_free_much() {
    let options = Options { checkpoint_vector_bytes: 100_000, ..Options::default() };
    for (config, due) in [(codes(Metric::Dot), true), (full(Metric::Dot), false)] {
        let db = block_on(Database::open(MemoryStorage::new(), TestEnv::default(), options.clone())).unwrap();
        block_on(db.collection("c", Some(config))).unwrap();
        block_on(db.upsert("c", rows("r", 0..6000, DIMENSION))).unwrap();
        assert!(!db.checkpoint_due(), "5 groups of 16 KiB");
        block_on(db.upsert("c", rows("r", 6000..8000, DIMENSION))).unwrap();
        assert_eq!(db.checkpoint_due(), due);
        block_on(db.checkpoint()).unwrap();
        assert!(!db.checkpoint_due());
        // Rows of groups in storage count, too.
        for round in 0..4 {
            assert!(!db.checkpoint_due(), "{round}");
            block_on(db.upsert("c", rows("r", round * 1700..round * 1700 + 1700, DIMENSION))).unwrap();
        }
        assert_eq!(db.checkpoint_due(), due);
    }
}

#[test]
fn the_mode_can_be_changed_in_place_both_ways() {
    let storage = MemoryStorage::new();
    let oracle = stored(MemoryStorage::new(), full(Metric::Cosine), 3000);
    let db = stored(storage.clone(), full(Metric::Cosine), 3000);
    let (_, in_memory) = placed(&db);
    block_on(db.configure("c", codes(Metric::Cosine))).unwrap();
    same_answers(&oracle, &db, "before the checkpoint");
    block_on(db.checkpoint()).unwrap();
    assert_eq!(placed(&db).0, [true, true, false]);
    same_answers(&oracle, &db, "in storage");
    for db in [&oracle, &db] {
        block_on(db.upsert("c", rows("r", 5..9, DIMENSION))).unwrap();
        block_on(db.delete("c", Target::Ids(vec!["r1500".to_owned()]))).unwrap();
    }
    block_on(db.configure("c", full(Metric::Cosine))).unwrap();
    assert_eq!(placed(&db).0, [false; 3]);
    assert!(placed(&db).1 >= in_memory - 100);
    same_answers(&oracle, &db, "in memory again");
    block_on(db.checkpoint()).unwrap();
    assert_eq!(placed(&db).0, [false; 3]);
    same_answers(&oracle, &open(storage).unwrap(), "reopened");
}

#[test]
fn another_metric_is_checked_against_rows_in_storage() {
    let db = stored(MemoryStorage::new(), codes(Metric::Dot), 3000);
    let mut zero = rows("r", 700..701, DIMENSION);
    zero.vectors.fill(0.0);
    block_on(db.upsert("c", zero)).unwrap();
    block_on(db.checkpoint()).unwrap();
    let refused = block_on(db.configure("c", codes(Metric::Cosine))).unwrap_err();
    assert!(refused.kind == Kind::Invalid && refused.message.contains("r700"), "{refused}");
    assert_eq!(db.state().unwrap().named("c").unwrap().config().metric, Metric::Dot);
    block_on(db.delete("c", Target::Ids(vec!["r700".to_owned()]))).unwrap();
    block_on(db.configure("c", codes(Metric::Cosine))).unwrap();
    assert_eq!(ask(&db, &[1.0, 1.0, 1.0, 1.0], None).unwrap().len(), 20);
}

#[test]
fn an_archive_has_what_is_in_storage_and_what_is_not() {
    let db = stored(MemoryStorage::new(), codes(Metric::Cosine), 3000);
    block_on(db.upsert("c", rows("r", 2500..3500, DIMENSION))).unwrap();
    let archive = block_on(drain(&mut block_on(db.export()).unwrap())).unwrap();
    let other = open(MemoryStorage::new()).unwrap();
    block_on(other.import(&mut support::Pieces(archive.chunks(4000)), Default::default())).unwrap();
    assert_eq!(placed(&other).0, [true, true, true, false]);
    same_answers(&db, &other, "imported");
    assert_eq!(Model::read(&db), Model::read(&other));
    assert!(block_on(other.check()).unwrap().ok);
    // Over a database that reads from storage itself: the old files go, the new ones are read.
    let replace = lodestore::store::ImportOptions { replace: true, ..Default::default() };
    block_on(db.import(&mut support::Pieces(archive.chunks(999)), replace)).unwrap();
    same_answers(&db, &other, "imported over itself");
    block_on(db.checkpoint()).unwrap();
    block_on(db.checkpoint()).unwrap();
    same_answers(&db, &other, "after the old files went");
}

#[test]
fn a_rebuild_for_another_model_reads_and_writes_in_storage() {
    let db = stored(MemoryStorage::new(), codes(Metric::Cosine), 2500);
    let config = Config { dimension: 2, ..codes(Metric::Dot) };
    let rebuild = Rc::new(block_on(db.rebuild("c", config)).unwrap());
    loop {
        let batch = rebuild.next(500).unwrap();
        if batch.is_empty() {
            break;
        }
        let vectors = batch.iter().flat_map(|row| [row.id.len() as f32, 1.0]).collect();
        block_on(rebuild.put(vectors)).unwrap();
        block_on(db.checkpoint()).unwrap();
    }
    block_on(rebuild.commit()).unwrap().unwrap();
    assert_eq!(placed(&db).0, [true, true, false], "the staged one was left in storage, too");
    let state = db.state().unwrap();
    let collection = state.named("c").unwrap();
    for (id, slot) in collection.ids() {
        assert_eq!(*collection.vector(slot).unwrap(), [id.len() as f32, 1.0], "{id}");
    }
}
