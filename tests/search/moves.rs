//! Random writes, work on the index, checkpoints and openings in random order: what the database holds is what the
//! model holds, whatever slots the rows have moved to.

use super::support::model::{DIMENSION, Model, Step};
use super::support::{TestEnv, block_on, open};
use lodestore::collection::{Collection, Config, HnswConfig, IndexKind, Query};
use lodestore::index::Metric;
use lodestore::metadata::{Filter, parse_metadata};
use lodestore::storage::MemoryStorage;
use lodestore::store::Database;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::world::QUANTIZATIONS;

const NAMES: [&str; 2] = ["c0", "c1"];

/// Something that changes no rows.
#[derive(Debug)]
enum Move {
    Work(usize, bool),
    Configure(&'static str, IndexKind, usize, u16),
    Rebuild(&'static str, IndexKind, usize),
    Reopen,
}

impl Move {
    fn random(rng: &mut ChaCha8Rng) -> Move {
        let name = NAMES[rng.random_range(0..2)];
        let index =
            [IndexKind::Hnsw, IndexKind::Hnsw, IndexKind::Auto, IndexKind::Flat][rng.random_range(0..4)];
        let quantization = rng.random_range(0..3);
        match rng.random_range(0..12) {
            0..=7 => Move::Work(rng.random_range(1..30), rng.random_bool(0.3)),
            8..=9 => Move::Configure(name, index, quantization, rng.random_range(2..4)),
            10 => Move::Rebuild(name, index, quantization),
            _ => Move::Reopen,
        }
    }

    fn run(&self, db: &mut Database<MemoryStorage, TestEnv>) {
        let now = |name: &str| db.state().unwrap().find(name).map(|one| one.config().clone());
        match self {
            Move::Work(steps, thorough) => {
                for _ in 0..*steps {
                    db.index_step(None, *thorough).unwrap();
                }
            }
            Move::Configure(name, index, quantization, m) => {
                let Some(now) = now(name) else { return };
                let hnsw = HnswConfig { m: *m, ef_construction: 8, ..now.hnsw };
                let quantization = QUANTIZATIONS[*quantization];
                block_on(db.configure(name, Config { index: *index, quantization, hnsw, ..now })).unwrap();
            }
            Move::Rebuild(name, index, quantization) => {
                let Some(now) = now(name) else { return };
                let config = Config { index: *index, quantization: QUANTIZATIONS[*quantization], ..now };
                let rebuild = std::rc::Rc::new(block_on(db.rebuild(name, config)).unwrap());
                loop {
                    let rows = rebuild.next(5).unwrap();
                    if rows.is_empty() {
                        break;
                    }
                    let vectors: Vec<f32> = {
                        let state = db.state().unwrap();
                        let old = state.named(name).unwrap();
                        rows.iter()
                            .flat_map(|row| old.vector(old.slot(&row.id).unwrap()).unwrap().to_vec())
                            .collect()
                    };
                    block_on(rebuild.put(vectors)).unwrap();
                    // The rows of the staged collection move as well.
                    db.index_step(None, true).unwrap();
                }
                assert!(block_on(rebuild.commit()).unwrap().is_some(), "nothing was written meanwhile");
            }
            Move::Reopen => *db = open(db.storage().clone()).unwrap(),
        }
    }
}

/// What has to hold between rows, filters, list, index and graph, beyond what [`Model::read`] compares.
fn check(collection: &Collection, expected: &Model, what: &str) {
    let rows = &expected.0[&collection.name].rows;
    for text in ["{\"n\":1}", "{\"s\":\"2\"}", "{\"u\":{\"$gte\":2}}"] {
        let filter = Filter::parse(text).unwrap();
        let matching: Vec<&str> = rows
            .iter()
            .filter(|(_, row)| filter.matches(&parse_metadata(&row.metadata).unwrap()))
            .map(|(id, _)| id.as_str())
            .collect();
        let id = |slot: u32| collection.row(slot).unwrap().id.to_string();
        let page = collection.page(Some(&filter), None, 100).unwrap();
        assert_eq!(page.slots.iter().map(|slot| id(*slot)).collect::<Vec<_>>(), matching, "{what}");
        assert_eq!(collection.count(Some(&filter)), matching.len() as u64, "{what}");
        let vector = [0.3; DIMENSION];
        for top_k in [1, 3, 50] {
            let query = Query { vector: &vector, top_k, filter: Some(&filter), ..Query::default() };
            let hits = collection.query(&query).unwrap().hits;
            assert_eq!(hits.len(), top_k.min(matching.len()), "{what} {text}");
            assert!(hits.iter().all(|hit| matching.contains(&id(hit.slot).as_str())), "{what} {text}");
        }
    }
    assert!(collection.secondary_agrees(), "{what}");
    let Some(live) = collection.graph() else { return };
    for slot in 0..live.graph().slots().max(collection.slot_count()) as u32 {
        let (row, node) = (collection.row(slot).is_some(), live.graph().is_alive(slot));
        let waits = live.pending().contains(slot);
        assert_eq!(row, node || waits, "{what}: slot {slot}");
        assert!(!(waits && live.graph().contains(slot)), "{what}: slot {slot}");
    }
}

#[test]
fn rows_are_what_they_were_wherever_they_move() {
    let (mut graphs, mut swept, mut moved) = (0, 0, 0);
    for seed in 0..60 {
        let mut rng = ChaCha8Rng::seed_from_u64(500 + seed);
        let mut db = open(MemoryStorage::new()).unwrap();
        let mut model = Model::default();
        for (name, quantization) in NAMES.into_iter().zip([seed as usize % 3, (seed as usize + 1) % 3]) {
            let step = Step::Collection(name.to_owned(), Metric::Cosine);
            block_on(step.run(&db)).unwrap();
            model.run(&step);
            Move::Configure(name, IndexKind::Hnsw, quantization, 2).run(&mut db);
        }
        for number in 0..150 {
            let what = if rng.random_bool(0.5) {
                let step = Step::random(&mut rng, true);
                if block_on(step.run(&db)).is_ok() {
                    model.run(&step);
                }
                format!("seed {seed} step {number} {step:?}")
            } else {
                let step = Move::random(&mut rng);
                step.run(&mut db);
                format!("seed {seed} step {number} {step:?}")
            };
            assert_eq!(Model::read(&db), model, "{what}");
            let state = db.state().unwrap();
            for collection in state.all() {
                check(collection, &model, &what);
                let Some(live) = collection.graph() else { continue };
                graphs += u64::from(live.graph().len() > 3);
                swept += u64::from(live.graph().dead() > 0);
                moved += u64::from(collection.slot_count() > collection.len());
            }
        }
        assert!(block_on(db.check()).unwrap().ok);
    }
    assert!(graphs > 1_000 && swept > 1_000 && moved > 1_000, "{graphs} {swept} {moved}");
}
