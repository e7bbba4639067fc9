//! What the long operations hold at the most, beside what the database holds before and after: some megabytes, and never
//! a second copy of the vectors. The bounds are those that `README.md` states.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test that fails panics

#[path = "peaks/archives.rs"]
mod archives;
#[path = "peaks/counter.rs"]
mod counter;
#[path = "peaks/outside.rs"]
mod outside;
mod support;

use counter::{Counter, aside, held, peak_of};
use lodestore::collection::{Config, IndexKind, Memory, Quantization, Query};
use lodestore::index::Metric;
use lodestore::metadata::Filter;
use lodestore::storage::Source;
use lodestore::store::{Database, ImportOptions, Options};
use outside::Outside;
use std::rc::Rc;
use support::{Pieces, TestEnv, block_on, rows};

#[global_allocator]
static COUNTER: Counter = Counter;

const ROWS: usize = 20_000;
const DIMENSION: usize = 384;
const VECTORS: usize = ROWS * DIMENSION * size_of::<f32>();
const BATCH: usize = 1_000;
/// One row group: its vectors, codes, ids and metadata.
const GROUP: usize = 1_024 * (DIMENSION * 5 + 300);
const MIB: usize = 1024 * 1024;

type Db = Database<Outside, TestEnv>;

fn open(files: &Outside) -> Db {
    let options = Options { checkpoint_log_bytes: u64::MAX, ..Options::default() };
    block_on(Database::open(files.clone(), TestEnv::default(), options)).unwrap()
}

fn config(memory: Memory) -> Config {
    let quantization = Quantization::Int8;
    Config { memory, quantization, ..Config::new(DIMENSION, Metric::Cosine, IndexKind::Flat) }
}

fn filled(memory: Memory) -> (Outside, Db) {
    filled_as(config(memory))
}

fn filled_as(config: Config) -> (Outside, Db) {
    let files = Outside::default();
    let db = open(&files);
    block_on(db.collection("c", Some(config))).unwrap();
    (0..ROWS).step_by(BATCH).for_each(|first| put(&db, first));
    (files, db)
}

fn put(db: &Db, first: usize) {
    block_on(db.upsert("c", rows("r", first..first + BATCH, DIMENSION))).unwrap();
}

/// An archive of `count` rows, which is not counted.
fn archive(count: usize) -> Vec<u8> {
    aside(|| {
        let db = open(&Outside::default());
        block_on(db.collection("c", Some(config(Memory::Full)))).unwrap();
        (0..count).step_by(BATCH).for_each(|first| put(&db, first));
        let mut export = block_on(db.export()).unwrap();
        block_on(support::drain(&mut export)).unwrap()
    })
}

fn import(db: &Db, archive: &[u8]) -> lodestore::Result<()> {
    let options = ImportOptions { replace: true, total_bytes: 0 };
    block_on(db.import(&mut Pieces(archive.chunks(65_536)), options)).map(drop)
}

/// What opening a database of all rows adds to what is held.
fn holds(files: &Outside) -> usize {
    let before = held();
    let db = open(files);
    let after = held();
    drop(db);
    after - before
}

#[track_caller]
fn within(peak: usize, bound: usize) {
    assert!(peak <= bound, "{:.1} MiB, at most {:.1}", peak as f64 / MIB as f64, bound as f64 / MIB as f64);
}

#[test]
fn writing_holds_some_copies_of_what_is_written_at_once() {
    for memory in [Memory::Full, Memory::Codes] {
        let (_files, db) = filled(memory);
        let (before, written) = (held(), BATCH * DIMENSION * 4);
        let (peak, _) = peak_of(|| put(&db, ROWS));
        // The rows as they came, their frame, the rows in their place: lists do not grow by copying all.
        within(peak, (held() - before) + 4 * written);
        let (peak, _) = peak_of(|| (0..ROWS).step_by(BATCH).for_each(|first| put(&db, first)));
        within(peak, 5 * written);
    }
}

#[test]
fn a_checkpoint_holds_one_block() {
    for memory in [Memory::Full, Memory::Codes] {
        let (_files, db) = filled(memory);
        let (peak, _) = peak_of(|| block_on(db.checkpoint()).unwrap());
        within(peak, GROUP + 2 * MIB);
        // Where vectors stay in storage, blocks are read, changed and written.
        for first in (0..ROWS).step_by(5 * BATCH) {
            put(&db, first);
        }
        let (peak, _) = peak_of(|| block_on(db.checkpoint()).unwrap());
        within(peak, GROUP + 2 * MIB);
    }
}

#[test]
fn an_export_holds_one_run_of_blocks() {
    for memory in [Memory::Full, Memory::Codes] {
        let (_files, db) = filled(memory);
        block_on(db.checkpoint()).unwrap();
        let (peak, ()) = peak_of(|| {
            let mut export = block_on(db.export()).unwrap();
            while block_on(export.next()).unwrap().is_some() {}
        });
        within(peak, 5 * MIB);
    }
}

#[test]
fn opening_holds_two_runs_of_blocks_beside_what_it_loads() {
    for memory in [Memory::Full, Memory::Codes] {
        let (files, db) = filled(memory);
        block_on(db.checkpoint()).unwrap();
        drop(db);
        let loaded = holds(&files);
        assert_eq!(loaded > VECTORS, memory == Memory::Full, "{loaded}");
        let (peak, _db) = peak_of(|| open(&files));
        within(peak, loaded + 9 * MIB);
    }
}

#[test]
fn replaying_holds_one_window_of_the_log_beside_what_it_loads() {
    let (files, db) = filled(Memory::Full);
    drop(db);
    let loaded = holds(&files);
    assert!(loaded > VECTORS);
    let (peak, _db) = peak_of(|| open(&files));
    within(peak, loaded + 4 * MIB + 4 * BATCH * (DIMENSION * 4 + 100));
}

/// A crash, or a bit: whether one it is has to be found out without reading the rest of the log at once.
#[test]
fn a_torn_or_damaged_log_is_judged_in_pieces() {
    let (files, db) = filled(Memory::Full);
    drop(db);
    files.change_log(|log| log.truncate(log.len() - 100));
    let (peak, torn) = peak_of(|| open(&files));
    assert!(torn.open_report().bytes_dropped > 0);
    drop(torn);
    within(peak, holds(&files) + 4 * MIB + 4 * BATCH * (DIMENSION * 4 + 100));
    let (files, db) = filled(Memory::Full);
    drop(db);
    files.change_log(|log| log[200] ^= 1);
    let (peak, refused) =
        peak_of(|| block_on(Database::open(files.clone(), TestEnv::default(), Options::default())).is_err());
    assert!(refused);
    within(peak, 5 * MIB);
}

#[test]
fn an_import_never_holds_both() {
    let (all, few) = (archive(ROWS), archive(BATCH));
    for memory in [Memory::Full, Memory::Codes] {
        for (archive, rows) in [(&all, ROWS), (&few, BATCH)] {
            let (_files, db) = filled(memory);
            let before = held();
            let (peak, _) = peak_of(|| import(&db, archive).unwrap());
            assert_eq!(db.state().unwrap().named("c").unwrap().len(), rows);
            // The larger of before and after.
            within(peak, held().saturating_sub(before) + 9 * MIB);
        }
    }
    let db = open(&Outside::default());
    let before = held();
    let (peak, _) = peak_of(|| import(&db, &all).unwrap());
    assert!(held() - before > VECTORS);
    within(peak, (held() - before) + 9 * MIB);
    aside(|| drop((all, few)));
}

/// The new vectors are other vectors: they stand beside the old ones until the switch, and nothing else does.
#[test]
fn a_rebuild_holds_the_new_rows_and_some_batches_beside_the_old() {
    let (_files, db) = filled(Memory::Full);
    let before = held();
    let (peak, ()) = peak_of(|| {
        let config = Config { metric: Metric::Dot, ..config(Memory::Full) };
        let rebuild = Rc::new(block_on(db.rebuild("c", config)).unwrap());
        loop {
            let count = rebuild.next(64).unwrap().len();
            if count == 0 {
                break;
            }
            block_on(rebuild.put(vec![0.5; count * DIMENSION])).unwrap();
        }
        block_on(rebuild.commit()).unwrap().unwrap();
    });
    assert!(held() < before + MIB, "the old rows are gone");
    within(peak, ROWS * (DIMENSION * 5 + 300) + 4 * MIB);
}

#[test]
fn a_change_of_the_configuration_holds_new_codes_beside_the_old() {
    let (_files, db) = filled(Memory::Full);
    let config = Config { metric: Metric::Dot, ..config(Memory::Full) };
    let (peak, _) = peak_of(|| block_on(db.configure("c", config)).unwrap());
    within(peak, ROWS * (DIMENSION + 16 + DIMENSION / 8 + 8) + 2 * MIB);
}

/// Many queries at once hold their numbers and their candidates, however many rows are compared.
#[test]
fn queries_hold_what_they_look_for() {
    const QUERIES: usize = 100;
    const CANDIDATES_AT_LEAST: usize = 64;
    let filter = Filter::parse(r#"{"n":{"$lt":15000}}"#).unwrap();
    let vectors: Vec<f32> = rows("q", 0..QUERIES, DIMENSION).vectors;
    for (quantization, oversample) in
        [(Quantization::None, 1), (Quantization::Int8, 3), (Quantization::Binary, 32)]
    {
        let config = Config { quantization, ..config(Memory::Full) };
        let (_files, db) = filled_as(config);
        let state = db.state().unwrap();
        let collection = state.named("c").unwrap();
        collection.count(Some(&filter));
        for filter in [None, Some(&filter)] {
            for (exact, top_k) in [(true, 1), (false, 1), (true, 100), (false, 100)] {
                let query = Query { top_k, exact, filter, ..Query::default() };
                let (peak, found) = peak_of(|| collection.query_many(&vectors, &query).unwrap());
                assert!(found.iter().all(|found| found.hits.len() == top_k));
                let candidates = (if exact { 1 } else { oversample } * top_k).max(CANDIDATES_AT_LEAST);
                within(peak, QUERIES * (512 + DIMENSION * 4 + 64 * candidates) + MIB / 4);
            }
        }
    }
}
