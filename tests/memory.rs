//! When memory runs out: a write is there, whole, or it was refused with an error that says so; whatever it is, memory
//! and log say the same. Each test sweeps the point at which no more memory is to be had over all of a workload.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test that fails panics

#[path = "memory/budget.rs"]
mod budget;
#[path = "memory/full.rs"]
mod full;
#[path = "memory/long.rs"]
mod long;
mod support;

use budget::Budget;
use full::{Asked, Full};
use lodestore::collection::{Config, IndexKind, Memory, Quantization};
use lodestore::index::Metric;
use lodestore::metadata::Filter;
use lodestore::store::Target;

#[global_allocator]
static BUDGET: Budget = Budget;

const DIMENSION: usize = 256;

fn config(index: IndexKind, quantization: Quantization) -> Config {
    Config { quantization, ..Config::new(DIMENSION, Metric::Cosine, index) }
}

/// Sweeps until memory is enough for everything: refuses at ever later points, in steps of `step` bytes.
fn sweep(step: usize, prepared: impl Fn() -> Full, asked: &[Asked]) {
    let (mut some_refused, mut some_taken) = (0, 0);
    for round in 0.. {
        let full = prepared();
        let outcome = full.write(asked, round * step);
        some_refused += outcome.refused;
        some_taken += outcome.taken;
        if outcome.refusals == 0 {
            assert_eq!(outcome.refused, 0);
            break;
        }
        assert!(round < 3_000, "there is never enough");
    }
    assert!(some_refused > asked.len() && some_taken > asked.len(), "{some_refused} {some_taken}");
}

/// New rows in several writes that are appended together. Each alone fits into the chunks there are, all together need
/// chunks of a megabyte.
#[test]
fn a_group_of_writes_has_room_for_all_of_them() {
    let asked: Vec<Asked> = (0..6).map(|n| Asked::New { first: 5_000 + 10 * n, count: 10 }).collect();
    for index in [IndexKind::Flat, IndexKind::Hnsw] {
        sweep(20_011, || Full::with_rows(config(index, Quantization::Int8), 230, 0), &asked);
    }
}

/// Writes that have no room in storage together go one by one, each with the memory that it would have alone: the first one
/// had asked for what all of them share, and is refused. The sets of slots are about to get pieces of 8 KB.
#[test]
fn writes_that_go_one_by_one_have_memory_of_their_own() {
    for (index, others) in
        [(IndexKind::Flat, 1), (IndexKind::Flat, 8), (IndexKind::Hnsw, 1), (IndexKind::Hnsw, 8)]
    {
        let asked = [
            Asked::New { first: 9_000, count: 60 },
            Asked::New { first: 5_000, count: others },
            Asked::New { first: 6_000, count: others },
        ];
        let mut full = Full::with_rows(config(index, Quantization::Int8), 4_095, 0);
        full.db.storage().0.set_room(40_000);
        full.beside_others = true;
        let outcome = full.write(&asked, 8 << 20);
        assert_eq!((outcome.taken, outcome.refused), (2, 1), "{index:?}, {others} rows");
    }
}

/// The graph is begun and built between the check of a write and its turn: rows that were to be overwritten where they
/// are would have nodes then, and need slots of their own in chunks that are full.
#[test]
fn a_graph_that_is_built_meanwhile_takes_no_room_from_writes() {
    let asked = [Asked::Changed { first: 0, count: 60 }, Asked::Changed { first: 30, count: 60 }];
    let config = Config { memory: Memory::Codes, ..config(IndexKind::Hnsw, Quantization::Int8) };
    let prepared = || {
        let full = Full::with_rows(config.clone(), 1_024 + 250, 0);
        support::block_on(full.db.checkpoint()).unwrap();
        assert!(full.db.state().unwrap().named("c").unwrap().vectors().has_stored());
        full
    };
    sweep(20_011, prepared, &asked);
}

/// Rows of every kind at once, with a secondary index, and with nodes that a sweep takes out meanwhile.
#[test]
fn rows_old_and_new_under_an_index_of_their_metadata() {
    let asked = [
        Asked::New { first: 9_000, count: 1 },
        Asked::Changed { first: 10, count: 30 },
        Asked::New { first: 7_000, count: 50 },
        Asked::Changed { first: 7_000, count: 50 },
        Asked::Changed { first: 100, count: 20 },
    ];
    for steps in [0, 100, 260] {
        let prepared = || {
            let full = Full::with_rows(config(IndexKind::Hnsw, Quantization::Binary), 250, steps);
            let filter = Filter::parse(r#"{"n":{"$lt":50}}"#).unwrap();
            support::block_on(full.db.delete("c", Target::Filter(filter.clone()))).unwrap();
            assert_eq!(full.db.state().unwrap().named("c").unwrap().count(Some(&filter)), 0);
            full
        };
        sweep(10_007, prepared, &asked);
    }
}

fn some() -> Full {
    Full::with_rows(config(IndexKind::Hnsw, Quantization::Int8), 1_100, 60)
}

/// The same with vectors that stay in storage, some of them changed since.
fn some_in_storage() -> Full {
    let config = Config { memory: Memory::Codes, ..config(IndexKind::Flat, Quantization::Int8) };
    let full = Full::with_rows(config, 1_100, 0);
    support::block_on(full.db.checkpoint()).unwrap();
    support::block_on(full.db.upsert("c", support::rows("r", 1_000..1_150, DIMENSION))).unwrap();
    full
}

#[test]
fn a_checkpoint_without_memory_changes_nothing() {
    long::checkpoint(some);
    long::checkpoint(some_in_storage);
}

#[test]
fn an_export_without_memory_ends() {
    long::export(some);
}

#[test]
fn opening_without_memory_changes_nothing() {
    long::opening(some);
    long::opening(some_in_storage);
    long::opening(|| {
        let full = some();
        support::block_on(full.db.checkpoint()).unwrap();
        full
    });
}

#[test]
fn an_import_without_memory_leaves_what_was_there() {
    long::import(some);
}

/// Sets of a filter, and the index of metadata that the first one builds: each path with few and with many rows to a value.
#[test]
fn filters_without_memory_are_refused() {
    long::filters();
}

#[test]
fn large_queries_without_memory_are_refused() {
    long::queries(&some());
}
