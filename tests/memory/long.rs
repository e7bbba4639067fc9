//! The long operations and large queries, with no more memory than so much.

use super::budget;
use super::full::{Files, Full};
use super::support::fault::FaultStorage;
use super::support::model::Model;
use super::support::{TestEnv, block_on, drain, open};
use lodestore::collection::{Collection, Config, IndexKind, Query};
use lodestore::error::{Error, Kind};
use lodestore::index::Metric;
use lodestore::metadata::{Filter, parse_metadata};
use lodestore::storage::{MemoryStorage, Source};
use lodestore::store::{Database, ImportOptions, Options, Target};
use std::collections::BTreeSet;

/// An archive in pieces, for which there may be no memory either.
struct Arriving<'a>(std::slice::Chunks<'a, u8>);

impl Source for Arriving<'_> {
    async fn next(&mut self) -> lodestore::Result<Option<Vec<u8>>> {
        let Some(piece) = self.0.next() else { return Ok(None) };
        let mut own = Vec::new();
        own.try_reserve_exact(piece.len()).map_err(|_| Error::new(Kind::Quota, "no memory for a piece"))?;
        own.extend_from_slice(piece);
        Ok(Some(own))
    }
}

/// Does something with so much memory. Whether it was refused, and how often memory was.
fn with_budget<T>(bytes: usize, work: impl FnOnce() -> lodestore::Result<T>) -> (Option<T>, u64) {
    budget::arm(bytes);
    let done = work();
    let refusals = budget::disarm();
    match done {
        Ok(done) => (Some(done), refusals),
        Err(cause) => {
            assert_eq!(cause.kind, Kind::Quota, "{cause}");
            assert!(refusals > 0, "{cause}");
            (None, refusals)
        }
    }
}

/// Sweeps until memory is enough. `work` says whether it was done, and how often memory was refused.
fn sweep(step: usize, mut work: impl FnMut(usize) -> (bool, u64)) {
    let mut refused = 0;
    for round in 0..3_000 {
        let (done, refusals) = work(round * step);
        refused += usize::from(!done);
        if refusals == 0 {
            assert!(done && refused > 3, "{refused}");
            return;
        }
    }
    panic!("there is never enough");
}

pub fn checkpoint(prepared: impl Fn() -> Full) {
    sweep(20_011, |bytes| {
        let full = prepared();
        let expected = Model::read(&full.db);
        let (done, refusals) = with_budget(bytes, || block_on(full.db.checkpoint()));
        assert!(Model::read(&full.db) == expected, "memory, {bytes} bytes");
        assert!(Model::read(&open(full.files.clone()).unwrap()) == expected, "files, {bytes} bytes");
        block_on(full.db.checkpoint()).unwrap();
        assert!(Model::read(&open(full.files.clone()).unwrap()) == expected, "afterwards, {bytes} bytes");
        (done.is_some(), refusals)
    });
}

pub fn export(prepared: impl Fn() -> Full) {
    let full = prepared();
    let expected = Model::read(&full.db);
    sweep(20_011, |bytes| {
        let (done, refusals) = with_budget(bytes, || {
            let mut export = block_on(full.db.export())?;
            while block_on(export.next())?.is_some() {}
            Ok(())
        });
        assert!(Model::read(&full.db) == expected, "{bytes} bytes");
        (done.is_some(), refusals)
    });
}

pub fn opening(prepared: impl Fn() -> Full) {
    let full = prepared();
    let (expected, files) = (Model::read(&full.db), full.files.files());
    drop(full);
    sweep(50_021, |bytes| {
        let storage = MemoryStorage::from_files(files.clone());
        let own = Files(FaultStorage::new(storage.clone(), u64::MAX, None));
        let (db, refusals) =
            with_budget(bytes, || block_on(Database::open(own, TestEnv::default(), Options::default())));
        if let Some(db) = &db {
            assert!(Model::read(db) == expected, "{bytes} bytes");
        }
        assert!(storage.files() == files, "opening changed something");
        (db.is_some(), refusals)
    });
}

pub fn import(prepared: impl Fn() -> Full) {
    let other =
        Full::with_rows(prepared().db.state().unwrap().named("c").unwrap().config().clone(), 1_500, 0);
    let archive = block_on(async { drain(&mut other.db.export().await.unwrap()).await.unwrap() });
    let imported = Model::read(&other.db);
    let options = ImportOptions { replace: true, total_bytes: 0 };
    sweep(50_021, |bytes| {
        let full = prepared();
        let before = Model::read(&full.db);
        let mut pieces = Arriving(archive.chunks(10_000));
        let (done, refusals) = with_budget(bytes, || block_on(full.db.import(&mut pieces, options)));
        let expected = if done.is_some() { &imported } else { &before };
        if full.db.state().is_err() {
            // Not even what was there could be loaded again: the next write does.
            assert!(done.is_none());
            assert!(block_on(full.db.collection("c", None)).is_ok());
        }
        assert!(Model::read(&full.db) == *expected, "memory, {bytes} bytes");
        assert!(Model::read(&open(full.files.clone()).unwrap()) == *expected, "files, {bytes} bytes");
        (done.is_some(), refusals)
    });
}

pub fn queries(full: &Full) {
    let filter = Filter::parse(r#"{"n":{"$lt":1000}}"#).unwrap();
    let state = full.db.state().unwrap();
    let collection = state.named("c").unwrap();
    collection.count(Some(&filter));
    let vectors: Vec<f32> = (0..collection.config().dimension * 40).map(|n| (n % 13) as f32 + 0.5).collect();
    for exact in [true, false] {
        for filter in [None, Some(&filter)] {
            let query = Query { top_k: 10_000, filter, exact, ..Query::default() };
            let expected = collection.query_many(&vectors, &query).unwrap();
            sweep(50_021, |bytes| {
                let (found, refusals) = with_budget(bytes, || collection.query_many(&vectors, &query));
                if let Some(found) = &found {
                    assert!(*found == expected);
                }
                (found.is_some(), refusals)
            });
        }
    }
}

/// Numbers and texts of which each row has its own, some that many share, arrays, and texts that are too long for the index.
fn metadata(n: usize) -> String {
    let long = if n.is_multiple_of(50) { "x".repeat(150) } else { String::new() };
    format!(
        "{{\"n\":{n},\"own\":\"text of row {n}\",\"kind\":\"{}\",\"on\":{},\"tags\":[\"t{}\",\"u{n}\",{}],\"long\":\"{long}\",\"in\":{{\"deep\":{}}}}}",
        n % 7,
        n.is_multiple_of(3),
        n % 40,
        n * 3,
        n / 2
    )
}

const FILTERS: [&str; 7] = [
    r#"{"n":{"$gte":10,"$lt":2900}}"#,
    r#"{"own":{"$startsWith":"text"}}"#,
    r#"{"$not":{"$or":[{"kind":"3"},{"tags":"t7"},{"on":true}]}}"#,
    r#"{"tags":{"$gt":""}}"#,
    r#"{"$and":[{"in.deep":{"$gte":0}},{"$or":[{"n":{"$lt":2000}},{"$not":{"own":{"$contains":"9"}}}]},{"kind":{"$nin":["1"]}}]}"#,
    r#"{"long":{"$contains":"xx"}}"#,
    r#"{"missing":{"$exists":false}}"#,
];

/// What is refused leaves nothing half built: asked again with memory, it is answered.
pub fn filters() {
    const ROWS: usize = 3_000;
    let config = Config::new(4, Metric::Dot, IndexKind::Flat);
    let full = Full::with_rows(config, ROWS, 0);
    let ids = (0..ROWS).map(|n| format!("r{n}")).collect();
    let texts = (0..ROWS).map(metadata).collect();
    block_on(full.db.update("c", Target::Ids(ids), texts, true)).unwrap();
    block_on(full.db.checkpoint()).unwrap();
    let state = full.db.state().unwrap();
    let collection = state.named("c").unwrap();
    let matching = |collection: &Collection, text: &str, bytes: usize| {
        let filter = Filter::parse(text).unwrap();
        let expected = collection.ids().filter(|(_, slot)| {
            let row = collection.row(*slot).unwrap();
            filter.matches(&parse_metadata(&row.metadata).unwrap())
        });
        let expected: BTreeSet<u32> = expected.map(|(_, slot)| slot).collect();
        let (found, refusals) = with_budget(bytes, || collection.matching(Some(&filter)));
        for found in [found.flatten(), collection.matching(Some(&filter)).unwrap()].into_iter().flatten() {
            assert!(found.iter().collect::<BTreeSet<u32>>() == expected, "{text}");
        }
        refusals
    };
    // With an index that is there: only sets are made.
    for text in FILTERS {
        collection.matching(Some(&Filter::parse(text).unwrap())).unwrap();
        sweep(20_011, |bytes| {
            let refusals = matching(collection, text, bytes);
            (refusals == 0, refusals)
        });
    }
    // The first one builds it.
    let files = full.files.files();
    sweep(50_021, |bytes| {
        let db = open(MemoryStorage::from_files(files.clone())).unwrap();
        let refusals = matching(db.state().unwrap().named("c").unwrap(), FILTERS[0], bytes);
        (refusals == 0, refusals)
    });
}
