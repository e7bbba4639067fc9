//! When memory runs out: a write is there, whole, or it was refused with an error that says so; whatever it is, memory
//! and log say the same. Each test sweeps the point at which no more memory is to be had over all of a workload.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test that fails panics

#[path = "memory/budget.rs"]
mod budget;
#[path = "memory/full.rs"]
mod full;
mod support;

use budget::Budget;
use full::{Asked, Full};
use lodestore::collection::{Config, IndexKind, Memory, Quantization};
use lodestore::index::Metric;
use lodestore::metadata::Filter;

#[global_allocator]
static BUDGET: Budget = Budget;

const DIMENSION: usize = 64;

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

/// New rows in several writes that are appended together: each gets room behind those before it.
#[test]
fn a_group_of_writes_has_room_for_all_of_them() {
    let asked: Vec<Asked> = (0..6).map(|n| Asked::New { first: 5_000 + 40 * n, count: 40 }).collect();
    for index in [IndexKind::Flat, IndexKind::Hnsw] {
        sweep(4_099, || Full::with_rows(config(index, Quantization::Int8), 1_000, 0), &asked);
    }
}

/// The graph is begun and built between the check of a write and its turn: rows that were to be overwritten have nodes
/// then, and need slots of their own.
#[test]
fn a_graph_that_is_built_meanwhile_takes_no_room_from_writes() {
    let asked: Vec<Asked> = (0..6).map(|n| Asked::Changed { first: 40 * n, count: 40 }).collect();
    for steps in [0, 100, 400] {
        let config = config(IndexKind::Hnsw, Quantization::None);
        sweep(4_099, || Full::with_rows(config.clone(), 250, steps), &asked);
    }
}

/// With a secondary index, and rows of every kind at once.
#[test]
fn rows_old_and_new_under_an_index_of_their_metadata() {
    let asked = [
        Asked::New { first: 9_000, count: 1 },
        Asked::Changed { first: 10, count: 30 },
        Asked::New { first: 7_000, count: 50 },
        Asked::Changed { first: 7_000, count: 50 },
        Asked::Changed { first: 1_000, count: 20 },
    ];
    let prepared = || {
        let full = Full::with_rows(config(IndexKind::Auto, Quantization::Binary), 1_020, 0);
        let filter = Filter::parse(r#"{"n":{"$lt":500}}"#).unwrap();
        assert_eq!(full.db.state().unwrap().named("c").unwrap().count(Some(&filter)), 500);
        full
    };
    sweep(4_099, prepared, &asked);
}

/// Rows in storage: what is written anew stays in memory beside them.
#[test]
fn rows_that_are_in_storage_are_changed_or_not() {
    let asked: Vec<Asked> = (0..5).map(|n| Asked::Changed { first: 60 * n, count: 60 }).collect();
    let config = Config { memory: Memory::Codes, ..config(IndexKind::Flat, Quantization::Int8) };
    let prepared = || {
        let full = Full::with_rows(config.clone(), 1_100, 0);
        support::block_on(full.db.checkpoint()).unwrap();
        assert!(full.db.state().unwrap().named("c").unwrap().vectors().has_stored());
        full
    };
    sweep(4_099, prepared, &asked);
}
