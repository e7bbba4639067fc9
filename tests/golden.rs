//! Files of every released format version, read for ever. Those of version 1 were written once, by 0.1.0; they are
//! never written again.
//!
//! Two things are held: what was written then opens now, to the same contents; and what is written now is the
//! same bytes as the golden files of the version that this build says it writes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test that fails panics

mod support;

use lodestore::collection::{Config, HnswConfig, IndexKind, Memory, Model, Quantization};
use lodestore::index::Metric;
use lodestore::storage::MemoryStorage;
use lodestore::store::{Database, OpenedGraph, Options, Request, Target};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use support::model::Model as Contents;
use support::{Pieces, TestEnv, block_on, config, drain, open, rows};

fn folder(version: u32) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/v{version}"))
}

fn golden(version: u32) -> BTreeMap<String, Vec<u8>> {
    let files = fs::read_dir(folder(version)).unwrap().flatten();
    files.map(|file| (file.file_name().into_string().unwrap(), fs::read(file.path()).unwrap())).collect()
}

/// The golden database, without the archive beside it.
fn database(version: u32) -> BTreeMap<String, Vec<u8>> {
    let mut files = golden(version);
    files.remove("archive.lode").unwrap();
    files
}

/// Files are made once, where there are none.
fn make(version: u32, files: &BTreeMap<String, Vec<u8>>) {
    if !folder(version).exists() && std::env::var("LODESTORE_GOLDEN").is_ok_and(|what| what == "write") {
        fs::create_dir_all(folder(version)).unwrap();
        for (name, bytes) in files {
            fs::write(folder(version).join(name), bytes).unwrap();
        }
    }
}

#[test]
fn files_of_version_1_open_to_what_they_held() {
    let db = open(MemoryStorage::from_files(database(1))).unwrap();
    assert_eq!(db.open_report().snapshots_skipped, []);
    assert_eq!(db.open_report().bytes_dropped, 0);
    let state = db.state().unwrap();
    let notes = state.named("notes").unwrap();
    assert_eq!(notes.config().model.as_ref().unwrap().id, "all-MiniLM-L6-v2");
    assert_eq!(notes.ids().map(|(id, _)| &**id).collect::<Vec<_>>(), ["late7", "n0", "n2", "n3", "n4"]);
    let row = notes.row(notes.slot("n2").unwrap()).unwrap();
    assert_eq!(&*row.metadata, "{\"n\":2,\"even\":true,\"tag\":[\"a\",null,true,1.5]}");
    assert_eq!(notes.vector(notes.slot("n4").unwrap()).unwrap(), rows("n", 4..5, 3).vectors);
    let other = state.named("other").unwrap();
    assert_eq!((other.config().dimension, other.config().metric, other.len()), (1, Metric::Euclidean, 2));
    assert_eq!(other.row(other.slot("Ünïcode 日本 1").unwrap()).unwrap().seq, state.seq - 1);
    assert!(state.find("gone").is_none());
    drop(state);
    assert!(block_on(db.check()).unwrap().ok);
}

#[test]
fn an_archive_of_version_1_imports() {
    let archive = golden(1).remove("archive.lode").unwrap();
    let db = open(MemoryStorage::new()).unwrap();
    block_on(db.import(&mut Pieces(archive.chunks(64)), Default::default())).unwrap();
    assert_eq!(Contents::read(&db), Contents::read(&open(MemoryStorage::from_files(database(1))).unwrap()));
}

/// A version-1 database stays one until something is written; that goes to new files.
#[test]
fn version_1_is_read_on_in_new_files() {
    let before = database(1);
    let storage = MemoryStorage::from_files(before.clone());
    let db = open(storage.clone()).unwrap();
    let contents = Contents::read(&db);
    block_on(db.collection("notes", None)).unwrap();
    assert!(block_on(db.check()).unwrap().ok);
    assert_eq!(storage.files(), before, "reading writes nothing");
    block_on(db.collection("new", Some(tuned()))).unwrap();
    block_on(db.upsert("new", rows("r", 0..2, 2))).unwrap();
    let files = storage.files();
    for (name, bytes) in &before {
        assert_eq!(&files[name], bytes, "{name} of version 1 was written to");
    }
    let logs = files.iter().filter(|(name, _)| !before.contains_key(*name));
    assert_eq!(logs.map(|(name, bytes)| (name.as_str(), bytes[8])).collect::<Vec<_>>(), [("log-6", 2)]);

    // Opening once more finds a log that may be appended to.
    let db = open(storage.clone()).unwrap();
    assert_eq!(storage.files(), files, "nothing is begun twice");
    assert_eq!(db.state().unwrap().named("new").unwrap().config(), &tuned());
    block_on(db.drop_collection("new")).unwrap();
    block_on(db.checkpoint()).unwrap();
    assert_eq!(Contents::read(&open(storage.clone()).unwrap()), contents);
    assert!(block_on(db.check()).unwrap().ok);
}

/// What version 2 can say of a configuration, other than by default.
fn tuned() -> Config {
    Config {
        quantization: Quantization::Binary,
        hnsw: HnswConfig { m: 24, ef_construction: 300, ef: 1000, seed: 4_000_000_000 },
        oversample: Some(20),
        ..Config::new(2, Metric::Dot, IndexKind::Hnsw)
    }
}

/// Every kind of record, a snapshot with several collections, blocks of two generations, a log behind it.
fn write() -> (MemoryStorage, Database<MemoryStorage, TestEnv>) {
    let storage = MemoryStorage::new();
    let db = open(storage.clone()).unwrap();
    let model = Some(Model { id: "all-MiniLM-L6-v2".to_owned(), version: "1".to_owned() });
    block_on(db.collection("notes", Some(Config { model, ..config(3, Metric::Cosine) }))).unwrap();
    block_on(db.collection("other", Some(config(2, Metric::Dot)))).unwrap();
    block_on(db.collection("gone", Some(config(2, Metric::Dot)))).unwrap();
    block_on(db.collection("tuned", Some(tuned()))).unwrap();
    let codes = Config { memory: Memory::Codes, ..Config::new(2, Metric::Dot, IndexKind::Flat) };
    let codes = Config { quantization: Quantization::Int8, ..codes };
    block_on(db.collection("codes", Some(codes))).unwrap();
    block_on(db.upsert("notes", rows("n", 0..5, 3))).unwrap();
    block_on(db.upsert("other", rows("Ünïcode 日本 ", 0..2, 2))).unwrap();
    // Two nodes: whatever is learnt about choosing links, they link to one another.
    block_on(db.upsert("tuned", rows("t", 0..2, 2))).unwrap();
    while db.index_step(None, true).unwrap() {}
    block_on(db.checkpoint()).unwrap();
    // A node that is dead, and rows that wait for one.
    block_on(db.delete("tuned", Target::Ids(vec!["t0".to_owned()]))).unwrap();
    block_on(db.upsert("tuned", rows("t", 2..4, 2))).unwrap();
    block_on(db.delete("notes", Target::Ids(vec!["n1".to_owned()]))).unwrap();
    block_on(db.checkpoint()).unwrap();
    let ids = Target::Ids(vec!["n2".to_owned()]);
    block_on(db.update("notes", ids, vec!["{\"tag\":[\"a\",null,true,1.5]}".to_owned()], false)).unwrap();
    block_on(db.upsert("notes", rows("late", 7..8, 3))).unwrap();
    block_on(db.configure("other", config(2, Metric::Euclidean))).unwrap();
    block_on(db.configure("tuned", Config { oversample: None, ..tuned() })).unwrap();
    block_on(db.drop_collection("gone")).unwrap();
    let rebuild = std::rc::Rc::new(block_on(db.rebuild("other", config(1, Metric::Euclidean))).unwrap());
    let count = rebuild.next(10).unwrap().len();
    block_on(rebuild.put(vec![0.5; count])).unwrap();
    block_on(rebuild.commit()).unwrap().unwrap();
    (storage, db)
}

#[test]
fn files_of_version_2_open_to_what_they_held() {
    let (_, written) = write();
    let db = open(MemoryStorage::from_files(database(2))).unwrap();
    assert_eq!((db.open_report().bytes_dropped, db.open_report().snapshot), (0, Some(4)));
    assert_eq!(Contents::read(&db), Contents::read(&written));
    for collection in written.state().unwrap().all() {
        assert_eq!(db.state().unwrap().named(&collection.name).unwrap().config(), collection.config());
    }
    let graph = OpenedGraph { collection: "tuned".to_owned(), nodes: 2, pending: 2, rebuilt: None };
    assert_eq!(db.open_report().graphs, [graph]);
    let state = db.state().unwrap();
    let config = state.named("tuned").unwrap().config();
    assert_eq!(config, &Config { oversample: None, ..tuned() }, "as the log left it");
    assert_eq!(state.named("other").unwrap().config().hnsw, HnswConfig::DEFAULT);
    drop(state);
    assert!(block_on(db.check()).unwrap().ok);

    // Through a snapshot's manifest, and not the log.
    let mut export = block_on(db.export()).unwrap();
    let archive = block_on(drain(&mut export)).unwrap();
    let imported = open(MemoryStorage::new()).unwrap();
    block_on(imported.import(&mut Pieces(archive.chunks(64)), Default::default())).unwrap();
    assert_eq!(imported.state().unwrap().named("tuned").unwrap().config().hnsw, tuned().hnsw);
    assert_eq!(imported.state().unwrap().named("codes").unwrap().config().memory, Memory::Codes);
}

#[test]
fn an_archive_of_version_2_imports() {
    let archive = golden(2).remove("archive.lode").unwrap();
    let storage = MemoryStorage::new();
    let db = open(storage.clone()).unwrap();
    block_on(db.import(&mut Pieces(archive.chunks(64)), Default::default())).unwrap();
    let original = open(MemoryStorage::from_files(database(2))).unwrap();
    for db in [db, open(storage).unwrap()] {
        assert_eq!(Contents::read(&db), Contents::read(&original));
        let configs = |db: &Database<MemoryStorage, TestEnv>| {
            db.state().unwrap().all().map(|one| one.config().clone()).collect::<Vec<_>>()
        };
        assert_eq!(configs(&db), configs(&original));
    }
}

#[test]
fn version_2_is_written_as_it_always_was() {
    let (storage, db) = write();
    let written = storage.files();
    let archive = block_on(async { drain(&mut db.export().await.unwrap()).await.unwrap() });
    let mut files = written.clone();
    files.insert("archive.lode".to_owned(), archive.clone());
    make(2, &files);
    let golden = database(2);
    assert_eq!(written.keys().collect::<Vec<_>>(), golden.keys().collect::<Vec<_>>());
    for (name, bytes) in &golden {
        assert_eq!(&written[name], bytes, "{name} is written otherwise: that is another format version");
    }
    assert_eq!(Some(archive), self::golden(2).remove("archive.lode"), "the archive is written otherwise");
}

fn named(counter: u64, again: Option<u64>) -> Option<Request> {
    Some(Request { client: 0x1A_BCDE_F012_3456, counter, again })
}

/// What version 3 adds: requests in a snapshot, and behind each record that can have one.
#[test]
fn version_3_is_read_and_written_as_it_always_was() {
    let storage = MemoryStorage::new();
    let options = Options { requests: true, ..Options::default() };
    let db = block_on(Database::open(storage.clone(), TestEnv::default(), options)).unwrap();
    block_on(db.requested(named(1, None)).collection("notes", Some(config(2, Metric::Dot)))).unwrap();
    block_on(db.requested(named(2, None)).upsert("notes", rows("n", 0..3, 2))).unwrap();
    block_on(db.checkpoint()).unwrap();
    let one = |id: &str| Target::Ids(vec![id.to_owned()]);
    let metadata = vec!["{\"x\":1}".to_owned()];
    block_on(db.requested(named(300, None)).update("notes", one("n1"), metadata, true)).unwrap();
    block_on(db.requested(named(301, None)).delete("notes", one("n2"))).unwrap();
    block_on(db.upsert("notes", rows("late", 0..1, 2))).unwrap();
    block_on(db.requested(named(302, None)).configure("notes", config(2, Metric::Euclidean))).unwrap();
    make(3, &storage.files());
    assert_eq!(storage.files(), golden(3));

    let db = open(MemoryStorage::from_files(golden(3))).unwrap();
    let state = db.state().unwrap();
    assert_eq!(state.named("notes").unwrap().config().metric, Metric::Euclidean);
    assert_eq!(state.named("notes").unwrap().len(), 3);
    let seq = state.seq;
    drop(state);
    // By request: one of the snapshot, one of the log.
    let again = block_on(db.requested(named(2, Some(0))).upsert("notes", rows("n", 0..3, 2))).unwrap();
    assert_eq!((again.count, again.seq), (3, 2));
    let again = block_on(db.requested(named(301, Some(0))).delete("notes", one("n2"))).unwrap();
    assert_eq!((again.count, again.seq), (1, 4));
    assert_eq!(db.state().unwrap().seq, seq);
    assert!(block_on(db.check()).unwrap().ok);
}
