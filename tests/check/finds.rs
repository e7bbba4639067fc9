//! Damage under a database that is open: found, told apart, and repaired where memory has what storage lost.

use super::support::model::{Model, Step};
use super::support::{TestEnv, block_on, open, rows};
use lodestore::collection::{Config, IndexKind, Memory, Quantization};
use lodestore::error::Kind;
use lodestore::index::Metric;
use lodestore::metadata::Filter;
use lodestore::storage::{MemoryStorage, Once, Storage};
use lodestore::store::{CheckReport, Database};
use std::collections::BTreeMap;

type Db = Database<MemoryStorage, TestEnv>;
type Files = BTreeMap<String, Vec<u8>>;

fn config() -> Config {
    Config { quantization: Quantization::Int8, ..Config::new(3, Metric::Cosine, IndexKind::Hnsw) }
}

/// Two snapshots, a graph, and a log behind them.
fn filled(config: Config) -> (MemoryStorage, Db) {
    let storage = MemoryStorage::new();
    let db = open(storage.clone()).unwrap();
    block_on(db.collection("c0", Some(config))).unwrap();
    block_on(db.upsert("c0", rows("r", 0..1_100, 3))).unwrap();
    block_on(db.checkpoint()).unwrap();
    while db.index_step(None, true).unwrap() {}
    block_on(db.upsert("c0", rows("r", 1_050..1_110, 3))).unwrap();
    block_on(Step::DeleteIds("c0".to_owned(), vec!["r7".to_owned()]).run(&db)).unwrap();
    block_on(db.checkpoint()).unwrap();
    block_on(db.upsert("c0", rows("r", 1_105..1_120, 3))).unwrap();
    block_on(Step::DeleteIds("c0".to_owned(), vec!["r8".to_owned()]).run(&db)).unwrap();
    block_on(Step::Update("c0".to_owned(), vec!["r9".to_owned()], "{\"u\":1}".to_owned()).run(&db)).unwrap();
    assert_eq!(db.state().unwrap().named("c0").unwrap().count(Some(&Filter::parse("{\"n\":9}").unwrap())), 1);
    (storage, db)
}

/// Puts these bytes in place of a file, under the feet of whoever has it open.
fn put(storage: &MemoryStorage, name: &str, bytes: Option<Vec<u8>>) {
    block_on(storage.remove(name)).unwrap();
    if let Some(bytes) = bytes {
        block_on(storage.create(name, &mut Once::new(bytes))).unwrap();
    }
}

fn all_files(storage: &MemoryStorage) -> Files {
    storage.files()
}

/// Repairs, and expects that everything is well then, here and for who opens it next.
fn repaired(db: &Db, storage: &MemoryStorage, what: &str) -> CheckReport {
    let model = Model::read(db);
    let report = block_on(db.check_and(true, || true)).unwrap();
    assert!(report.ok, "{what}: {report:?}");
    assert!(report.problems.iter().all(|one| one.repaired.is_some()), "{what}: {report:?}");
    while db.index_step(None, true).unwrap() {}
    let after = block_on(db.check()).unwrap();
    assert!(after.ok && after.problems.is_empty(), "{what}: {after:?}");
    assert_eq!(Model::read(db), model, "{what}");
    let again = open(MemoryStorage::from_files(storage.files())).unwrap();
    assert_eq!(Model::read(&again), model, "{what}: opened again");
    report
}

#[test]
fn a_database_that_is_well() {
    for memory in [Memory::Full, Memory::Codes] {
        let (storage, db) = filled(Config { memory, ..config() });
        let before = storage.files();
        let report = block_on(db.check()).unwrap();
        assert!(report.ok && report.problems.is_empty(), "{report:?}");
        assert_eq!(report.rows, db.state().unwrap().all().map(|one| one.len() as u64).sum::<u64>());
        assert!(report.frames == 5 && report.blocks >= 8, "{report:?}");
        // There is nothing to repair, and nothing is written.
        assert_eq!(block_on(db.check_and(true, || true)).unwrap(), report);
        assert_eq!(storage.files(), before);
        let again = open(MemoryStorage::from_files(before)).unwrap();
        assert!(block_on(again.check()).unwrap().ok);
    }
}

#[test]
fn whatever_is_damaged_in_storage_is_found_and_written_anew() {
    let (storage, _) = filled(config());
    let files = storage.files();
    let mut codes = BTreeMap::new();
    for name in files.keys() {
        let length = files[name].len();
        let places = (0..30).map(|part| part * length / 30).chain([length - 1]);
        for at in places {
            let storage = MemoryStorage::from_files(files.clone());
            let db = open(storage.clone()).unwrap();
            let mut bytes = files[name].clone();
            bytes[at] ^= 0x11;
            put(&storage, name, Some(bytes.clone()));
            let what = format!("{name}, byte {at}");
            let before = all_files(&storage);
            let found = block_on(db.check()).unwrap();
            assert_eq!(all_files(&storage), before, "{what}: only looked");
            if found.ok {
                // Headers of blocks files and of logs that are not needed are not read.
                assert!(name.starts_with("blocks-") && at < 80, "{what}");
                continue;
            }
            for problem in &found.problems {
                assert_eq!(problem.repaired, None);
                assert_eq!(problem.file.as_ref(), Some(name), "{what}: {problem:?}");
                *codes.entry(problem.code).or_insert(0) += 1;
            }
            let report = repaired(&db, &storage, &what);
            let [kept] = &report.files[..] else { panic!("{what}: {report:?}") };
            assert_eq!(all_files(&storage)[&kept.name], bytes, "{what}");
        }
        for shorter in [Some(length / 2), None] {
            let storage = MemoryStorage::from_files(files.clone());
            let db = open(storage.clone()).unwrap();
            put(&storage, name, shorter.map(|length| files[name][..length].to_vec()));
            let what = format!("{name} cut to {shorter:?}");
            assert!(!block_on(db.check()).unwrap().ok, "{what}");
            repaired(&db, &storage, &what);
        }
    }
    let found: Vec<&str> = codes.keys().copied().collect();
    assert_eq!(found, ["block", "log", "manifest"], "{codes:?}");
}

#[test]
fn vectors_that_are_in_storage_only_are_not_repaired_but_salvaged() {
    let (storage, db) = filled(Config { memory: Memory::Codes, ..config() });
    let (name, bytes) = storage.files().into_iter().find(|(name, _)| name == "blocks-2").unwrap();
    let mut damaged = bytes.clone();
    let place = damaged.windows(5).position(|window| window == b"LBLK\x01").unwrap();
    damaged[place + 50] ^= 1;
    put(&storage, &name, Some(damaged));
    let before = all_files(&storage);
    let report = block_on(db.check_and(true, || true)).unwrap();
    assert!(!report.ok && report.problems.iter().all(|one| one.code == "block"), "{report:?}");
    assert!(report.problems[0].repaired.is_none() && report.files.is_empty());
    assert_eq!(all_files(&storage), before, "nothing was changed");
}

#[test]
fn a_log_that_is_gone_under_an_open_database() {
    let (storage, db) = filled(config());
    let log = storage.files().into_keys().rfind(|name| name.starts_with("log-")).unwrap();
    put(&storage, &log, None);
    let report = repaired(&db, &storage, &log);
    assert!(report.problems.iter().any(|one| one.code == "log"), "{report:?}");
    // Writing goes on.
    block_on(db.upsert("c0", rows("new", 0..3, 3))).unwrap();
    assert_eq!(Model::read(&open(storage).unwrap()), Model::read(&db));
}

#[test]
fn another_writer_is_not_taken_for_damage() {
    let (storage, db) = filled(config());
    let other = open(storage.clone()).unwrap();
    block_on(other.checkpoint()).unwrap();
    block_on(other.upsert("c0", rows("other", 0..3, 3))).unwrap();
    let before = all_files(&storage);
    let outcome = block_on(db.check_and(true, || true));
    assert!(outcome.is_err_and(|cause| cause.kind == Kind::Conflict));
    assert_eq!(all_files(&storage), before);
}

#[test]
fn a_check_that_is_stopped_changes_nothing() {
    let (storage, db) = filled(config());
    let (name, mut bytes) =
        storage.files().into_iter().find(|(name, _)| name.starts_with("blocks-")).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    put(&storage, &name, Some(bytes));
    let before = all_files(&storage);
    let left = std::cell::Cell::new(0);
    for calls in 0.. {
        left.set(calls);
        let go_on = || left.replace(left.get() - 1) > 0;
        match block_on(db.check_and(true, go_on)) {
            Err(cause) => assert_eq!(cause.kind, Kind::Unavailable),
            Ok(report) => {
                assert!(report.ok && calls > 5);
                break;
            }
        }
        assert_eq!(all_files(&storage), before, "{calls}");
    }
}

#[test]
fn stored_rows_that_memory_does_not_have_so_are_told_of_and_left() {
    // Two histories that differ in a vector, a text and a row: one is in memory, the other in storage.
    let histories = [
        ("r1", vec![1.5, 1.0, -2.0], "{\"n\":1}"),
        ("r1", vec![1.5, 1.0, -2.5], "{\"n\":1}"),
        ("r1", vec![1.5, 1.0, -2.0], "{\"n\":2}"),
        ("r2", vec![1.5, 1.0, -2.0], "{\"n\":1}"),
    ];
    let make = |checkpoint: bool, at: usize| {
        let (id, vector, text) = histories[at].clone();
        let storage = MemoryStorage::new();
        let db = open(storage.clone()).unwrap();
        let steps = [
            Step::Collection("c0".to_owned(), Metric::Cosine),
            Step::Upsert("c0".to_owned(), vec![(id.to_owned(), vector, text.to_owned())]),
        ];
        steps.iter().for_each(|step| block_on(step.run(&db)).unwrap());
        if checkpoint {
            block_on(db.checkpoint()).unwrap();
        }
        (storage, db)
    };
    for checkpoint in [false, true] {
        for at in 1..histories.len() {
            let ((storage, db), (other, _)) = (make(checkpoint, 0), make(checkpoint, at));
            let own = all_files(&storage);
            for (name, bytes) in all_files(&other) {
                assert!(own.contains_key(&name));
                put(&storage, &name, Some(bytes));
            }
            let theirs = all_files(&storage);
            let report = block_on(db.check_and(true, || true)).unwrap();
            assert!(!report.ok, "{at} {checkpoint}: {report:?}");
            assert!(
                report.problems.iter().all(|one| one.code == "row" || one.code == "collection"),
                "{report:?}"
            );
            assert!(report.problems.iter().all(|one| one.repaired.is_none()), "{report:?}");
            assert_eq!(all_files(&storage), theirs, "nothing is written over either");
            own.into_iter().for_each(|(name, bytes)| put(&storage, &name, Some(bytes)));
            assert!(block_on(db.check()).unwrap().ok);
        }
    }
}
