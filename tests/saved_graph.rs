//! Graphs in snapshots: saved, opened without building, and dropped without loss when they do not hold.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test that fails panics

#[path = "saved_graph/crash.rs"]
mod crash;
#[path = "saved_graph/damage.rs"]
mod damage;
#[path = "saved_graph/interleaved.rs"]
mod interleaved;
mod support;

use lodestore::collection::{Collection, Config, HnswConfig, IndexKind, Memory, Quantization, Query, Rows};
use lodestore::index::Metric;
use lodestore::storage::{MemoryStorage, Storage};
use lodestore::store::{Database, OpenedGraph, Target};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;
use support::model::Model;
use support::{Pieces, TestEnv, block_on, drain, open};

const DIMENSION: usize = 4;

/// Small enough to be built often.
fn hnsw(metric: Metric) -> Config {
    let hnsw = HnswConfig { m: 4, ef_construction: 30, ef: 40, seed: 7 };
    Config { hnsw, ..Config::new(DIMENSION, metric, IndexKind::Hnsw) }
}

/// Rows with vectors of which no two are the same.
fn rows(prefix: &str, numbers: Range<usize>) -> Rows {
    let first = numbers.start;
    let mut rows = support::rows(prefix, numbers, DIMENSION);
    for (at, vector) in rows.vectors.chunks_mut(DIMENSION).enumerate() {
        vector[(first + at) % DIMENSION] += (first + at) as f32 / 7000.0;
    }
    rows
}

/// A collection `c` of this configuration with `count` rows, not in a graph yet.
fn filled<S: Storage>(storage: S, config: Config, count: usize) -> Database<S, TestEnv> {
    let db = open(storage).unwrap();
    block_on(db.collection("c", Some(config))).unwrap();
    block_on(db.upsert("c", rows("r", 0..count))).unwrap();
    db
}

/// Does up to `steps` of the work on graphs.
fn work<S: Storage>(db: &Database<S, TestEnv>, steps: usize) {
    for _ in 0..steps {
        if !db.index_step(None, true).unwrap() {
            break;
        }
    }
}

fn checked<S: Storage>(db: &Database<S, TestEnv>, what: &str) {
    let report = block_on(db.check()).unwrap();
    assert!(report.ok, "{what}: {report:?}");
}

/// All that is known of the graph of `c`: blocks, entry, rows that wait, dead nodes, steps that are left.
type Known = (Vec<Vec<u8>>, Option<(u32, u8)>, Vec<u32>, usize, u64);

fn known_of(collection: &Collection) -> Known {
    let live = collection.graph().unwrap();
    let graph = live.graph();
    let groups = (0..graph.group_count()).map(|group| graph.group_bytes(group)).collect();
    let left = collection.index_steps_left(true);
    (groups, graph.entry(), live.pending().iter().collect(), graph.dead(), left)
}

fn known<S: Storage>(db: &Database<S, TestEnv>) -> Known {
    known_of(db.state().unwrap().named("c").unwrap())
}

/// What some queries find, to the bit.
fn answers<S: Storage>(db: &Database<S, TestEnv>, exact: bool) -> Vec<Vec<(String, u32)>> {
    let state = db.state().unwrap();
    let collection = state.named("c").unwrap();
    let queries = (0..20).map(|n| rows("q", n * 57..n * 57 + 1).vectors);
    let ask = |vector: Vec<f32>| {
        let query = Query { vector: &vector, top_k: 10, exact, ..Query::default() };
        let hits = collection.query(&query).unwrap().hits;
        hits.iter()
            .map(|hit| (collection.row(hit.slot).unwrap().id.to_string(), hit.score.to_bits()))
            .collect()
    };
    queries.map(ask).collect()
}

fn scores<S: Storage>(db: &Database<S, TestEnv>) -> Vec<u32> {
    answers(db, true).into_iter().flatten().map(|(_, score)| score).collect()
}

fn opened<S: Storage>(db: &Database<S, TestEnv>) -> &[OpenedGraph] {
    &db.open_report().graphs
}

fn opened_as(nodes: u64, pending: u64) -> [OpenedGraph; 1] {
    [OpenedGraph { collection: "c".to_owned(), nodes, pending, rebuilt: None }]
}

#[test]
fn a_saved_graph_is_the_same_graph() {
    for (metric, quantization) in [
        (Metric::Cosine, Quantization::None),
        (Metric::Euclidean, Quantization::Int8),
        (Metric::Dot, Quantization::Binary),
    ] {
        let storage = MemoryStorage::new();
        let db = filled(storage.clone(), Config { quantization, ..hnsw(metric) }, 2500);
        work(&db, usize::MAX);
        let ids = (0..300).map(|n| format!("r{}", n * 7)).collect();
        block_on(db.delete("c", Target::Ids(ids))).unwrap();
        block_on(db.upsert("c", rows("late", 0..20))).unwrap();
        // Written again with another vector, and with the same.
        let mut again = rows("r", 10..12);
        again.vectors[0] += 1.0;
        block_on(db.upsert("c", again)).unwrap();
        block_on(db.checkpoint()).unwrap();
        let before = (known(&db), answers(&db, false), answers(&db, true));
        assert_eq!((before.0.2.len(), before.0.3), (21, 301), "rows wait, and nodes are dead");

        let again = open(storage.clone()).unwrap();
        assert_eq!(opened(&again), opened_as(2500, 21), "{quantization:?}");
        assert_eq!(again.open_report().nodes_rebuilt, 0);
        assert_eq!((known(&again), answers(&again, false), answers(&again, true)), before);
        let state = again.collections().unwrap()[0].index_state;
        assert_eq!((state.kind, state.nodes, state.pending, state.dead), ("hnsw", 2500, 21, 301));
        checked(&again, "opened");
        let written = block_on(again.checkpoint()).unwrap();
        assert_eq!(written.blocks_written, 0, "what was opened is what is stored");

        // Going on, both go the same way.
        for db in [&db, &again] {
            work(db, usize::MAX);
            assert_eq!((known(db).2.len(), known(db).3), (0, 0));
        }
        assert_eq!(known(&db), known(&again));
        checked(&again, "built on");
    }
}

#[test]
fn writes_behind_the_snapshot_are_applied_to_the_stored_graph() {
    let storage = MemoryStorage::new();
    let db = filled(storage.clone(), hnsw(Metric::Cosine), 1500);
    work(&db, usize::MAX);
    block_on(db.checkpoint()).unwrap();
    block_on(db.delete("c", Target::Ids(vec!["r3".to_owned(), "r1400".to_owned()]))).unwrap();
    block_on(db.upsert("c", rows("late", 0..30))).unwrap();
    // What happens in memory only is not there again: the graph of the snapshot is.
    work(&db, usize::MAX);
    assert_eq!((known(&db).2.len(), known(&db).3), (0, 0));
    block_on(db.upsert("c", rows("late", 30..33))).unwrap();

    let again = open(storage).unwrap();
    assert_eq!(opened(&again), opened_as(1500, 33));
    assert_eq!((known(&again).2.len(), known(&again).3), (33, 2));
    assert_eq!(Model::read(&again), Model::read(&db));
    assert_eq!(answers(&again, true), answers(&db, true));
    checked(&again, "replayed");
    work(&again, usize::MAX);
    checked(&again, "built on");
}

#[test]
fn few_new_nodes_leave_the_stored_graph_as_it_is() {
    let storage = MemoryStorage::new();
    let db = filled(storage.clone(), hnsw(Metric::Cosine), 3000);
    work(&db, usize::MAX);
    let first = block_on(db.checkpoint()).unwrap();
    assert_eq!(first.blocks_written, 9);
    // Vectors and rows of the last row group, and no links.
    block_on(db.upsert("c", rows("late", 0..20))).unwrap();
    work(&db, usize::MAX);
    assert!(block_on(db.checkpoint()).unwrap().bytes_written < first.bytes_written / 3);
    assert_eq!(opened(&open(storage.clone()).unwrap()), opened_as(3000, 20));
    // Dead nodes are no reason to write them, either.
    block_on(db.delete("c", Target::Ids(vec!["r7".to_owned()]))).unwrap();
    block_on(db.checkpoint()).unwrap();
    let again = open(storage.clone()).unwrap();
    assert_eq!((opened(&again), known(&again).3), (&opened_as(3000, 20)[..], 1));
    checked(&again, "left");
    // With more of them, all are saved.
    block_on(db.upsert("c", rows("late", 20..60))).unwrap();
    for (done, nodes, pending) in [(10, 3000, 60), (usize::MAX, 3059, 0)] {
        work(&db, done);
        block_on(db.checkpoint()).unwrap();
        assert_eq!(opened(&open(storage.clone()).unwrap()), opened_as(nodes, pending));
    }
    // When a dead node went, its slot may get another vector: then one new node is reason enough.
    block_on(db.delete("c", Target::Ids(vec!["r8".to_owned()]))).unwrap();
    work(&db, usize::MAX);
    block_on(db.upsert("c", rows("late", 60..61))).unwrap();
    work(&db, usize::MAX);
    assert_eq!(db.state().unwrap().named("c").unwrap().slot("late60"), Some(7));
    block_on(db.checkpoint()).unwrap();
    let again = open(storage).unwrap();
    assert_eq!(opened(&again), opened_as(3059, 0));
    assert_eq!(known(&again), known(&db));
}

#[test]
fn a_graph_that_was_never_saved_is_built() {
    let storage = MemoryStorage::new();
    let db = filled(storage.clone(), hnsw(Metric::Cosine), 100);
    block_on(db.checkpoint()).unwrap();
    let again = open(storage.clone()).unwrap();
    assert_eq!(opened(&again), opened_as(0, 100));
    assert_eq!(again.open_report().nodes_rebuilt, 0);
    work(&again, usize::MAX);
    block_on(again.checkpoint()).unwrap();
    assert_eq!(opened(&open(storage.clone()).unwrap()), opened_as(100, 0));

    // Nor is one that was given up.
    block_on(again.configure("c", Config { index: IndexKind::Flat, ..hnsw(Metric::Cosine) })).unwrap();
    assert_eq!(opened(&open(storage.clone()).unwrap()), [], "given up behind the snapshot");
    block_on(again.checkpoint()).unwrap();
    let again = open(storage).unwrap();
    assert_eq!(opened(&again), []);
    assert_eq!(again.collections().unwrap()[0].index_state.kind, "flat");
}

#[test]
fn another_configuration_behind_the_snapshot_drops_the_stored_graph() {
    let quantized = |quantization| Config { quantization, ..hnsw(Metric::Cosine) };
    let shaped = |m| Config { hnsw: HnswConfig { m, ..hnsw(Metric::Cosine).hnsw }, ..hnsw(Metric::Cosine) };
    for config in
        [hnsw(Metric::Dot), quantized(Quantization::None), quantized(Quantization::Binary), shaped(9)]
    {
        let storage = MemoryStorage::new();
        let db = filled(storage.clone(), hnsw(Metric::Cosine), 300);
        work(&db, usize::MAX);
        block_on(db.checkpoint()).unwrap();
        block_on(db.configure("c", config.clone())).unwrap();
        for built in [0, 50, usize::MAX] {
            work(&db, built);
            let again = open(storage.clone()).unwrap();
            checked(&again, "another configuration");
            work(&again, usize::MAX);
            checked(&again, "built with it");
            assert_eq!(answers(&again, true), answers(&db, true));
            block_on(db.checkpoint()).unwrap();
        }
        assert_eq!(opened(&open(storage).unwrap()), opened_as(300, 0), "{config:?}");
    }
}

#[test]
fn archives_carry_no_graph_and_imports_build_one() {
    let db = filled(MemoryStorage::new(), hnsw(Metric::Cosine), 200);
    work(&db, usize::MAX);
    let archive = block_on(async { drain(&mut db.export().await.unwrap()).await.unwrap() });
    let storage = MemoryStorage::new();
    let imported = open(storage.clone()).unwrap();
    block_on(imported.import(&mut Pieces(archive.chunks(999)), Default::default())).unwrap();
    assert_eq!(known(&imported).2.len(), 200);
    assert_eq!(opened(&open(storage.clone()).unwrap()), opened_as(0, 200));
    work(&imported, usize::MAX);
    assert_eq!(known(&imported), known(&db), "made of the same rows");
    block_on(imported.checkpoint()).unwrap();
    assert_eq!(opened(&open(storage).unwrap()), opened_as(200, 0));
}

#[test]
fn a_rebuilt_collection_brings_the_graph_that_was_built_beside() {
    let storage = MemoryStorage::new();
    let db = filled(storage.clone(), hnsw(Metric::Cosine), 120);
    work(&db, usize::MAX);
    let config = Config { dimension: 2, ..hnsw(Metric::Dot) };
    let rebuild = Rc::new(block_on(db.rebuild("c", config)).unwrap());
    let vectors = rebuild.next(500).unwrap().iter().flat_map(|row| [row.id.len() as f32, 1.0]).collect();
    block_on(rebuild.put(vectors)).unwrap();
    work(&db, usize::MAX);
    block_on(db.checkpoint()).unwrap();
    block_on(rebuild.commit()).unwrap().unwrap();
    let again = open(storage).unwrap();
    assert_eq!(opened(&again), opened_as(120, 0));
    checked(&again, "switched");
}

#[test]
fn a_graph_over_codes_finds_vectors_in_storage() {
    let storage = MemoryStorage::new();
    let config = Config { memory: Memory::Codes, ..hnsw(Metric::Cosine) };
    let db = filled(storage.clone(), config, 2500);
    work(&db, 1300);
    block_on(db.checkpoint()).unwrap();
    let again = open(storage.clone()).unwrap();
    assert_eq!(opened(&again), opened_as(1300, 1200));
    assert_eq!(answers(&again, false), answers(&db, false));
    let vectors = again.state().unwrap().named("c").unwrap().vectors().memory_bytes();
    assert!(vectors < 2500 * DIMENSION * 4 / 2, "{vectors} bytes: full groups stay in storage");
    work(&again, usize::MAX);
    block_on(again.checkpoint()).unwrap();
    checked(&again, "built on");
    assert_eq!(opened(&open(storage).unwrap()), opened_as(2500, 0));
}

/// The vector that each node of the stored graph is linked for.
#[derive(Default)]
struct Linked(BTreeMap<u32, Vec<u32>>);

impl Linked {
    /// Looks at the graph in the newest snapshot: the one of now, or one that was left as it was, whose nodes then have
    /// the vectors that they were linked for. Whether it was left.
    fn snapshot(&mut self, db: &Database<MemoryStorage, TestEnv>) -> bool {
        let again = open(MemoryStorage::from_files(db.storage().files())).unwrap();
        let (now, stored) = (db.state().unwrap(), again.state().unwrap());
        let (now, stored) = (now.named("c").unwrap(), stored.named("c").unwrap());
        let (Some(live), Some(graph)) = (now.graph(), stored.graph()) else { return false };
        let (live, graph) = (live.graph(), graph.graph());
        let bits = |slot| stored.vector(slot).unwrap().iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        let nodes = (0..graph.slots() as u32).filter(|slot| graph.contains(*slot));
        let same = (0..live.group_count()).all(|group| live.group_bytes(group) == graph.group_bytes(group));
        if same {
            self.0 = nodes.map(|slot| (slot, bits(slot))).collect();
            return false;
        }
        for slot in nodes {
            assert_eq!(self.0[&slot], bits(slot), "slot {slot} got another vector");
        }
        true
    }
}

/// Random writes, work, checkpoints and openings; what is found is always right.
#[test]
fn whatever_happens_rows_and_graph_agree() {
    let (mut saved, mut dead, mut left) = (0, 0, 0);
    for seed in 0..30 {
        let mut linked = Linked::default();
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let storage = MemoryStorage::new();
        let mut db = filled(storage.clone(), hnsw(Metric::Euclidean), 1100);
        let plain = Config {
            quantization: Quantization::None,
            ..Config::new(DIMENSION, Metric::Euclidean, IndexKind::Flat)
        };
        let oracle = filled(MemoryStorage::new(), plain, 1100);
        if seed % 4 != 0 {
            work(&db, usize::MAX);
        }
        for step in 0..60 {
            let from = rng.random_range(0..1200);
            // Often so few that the stored graph is left as it is.
            let most = if rng.random_bool(0.06) { 120 } else { 4 };
            let to = from + rng.random_range(1..most);
            let deed = rng.random_range(0..10);
            match deed {
                0..=2 => {
                    let mut rows = rows("r", from..to);
                    let by = rng.random_range(0..3) as f32;
                    rows.vectors.iter_mut().for_each(|x| *x += by);
                    for db in [&db, &oracle] {
                        block_on(db.upsert("c", rows.clone())).unwrap();
                    }
                }
                3..=4 => {
                    let ids: Vec<String> = (from..to).map(|n| format!("r{n}")).collect();
                    for db in [&db, &oracle] {
                        block_on(db.delete("c", Target::Ids(ids.clone()))).unwrap();
                    }
                }
                5..=6 => work(&db, rng.random_range(0..800)),
                7..=8 => {
                    block_on(db.checkpoint()).unwrap();
                    left += u32::from(linked.snapshot(&db));
                }
                _ => {
                    db = open(storage.clone()).unwrap();
                    let [graph] = opened(&db) else { panic!("one collection") };
                    assert_eq!(graph.rebuilt, None, "seed {seed} step {step}");
                    saved += graph.nodes;
                    dead += db.collections().unwrap()[0].index_state.dead;
                }
            }
            let what = format!("seed {seed} step {step} deed {deed}");
            // Without ids: rows that are equally near stand in the order of their slots.
            assert_eq!(scores(&db), scores(&oracle), "{what}");
            if step % 10 == 9 {
                checked(&db, &what);
                // With a beam as wide as the graph, it finds every row.
                assert_eq!(Model::read(&db), Model::read(&oracle), "{what}");
            }
        }
    }
    assert!(saved > 10_000 && dead > 1000, "graphs were opened, with dead nodes: {saved} {dead}");
    assert!(left > 3, "stored graphs were left as they were: {left}");
}
