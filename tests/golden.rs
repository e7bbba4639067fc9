//! Files of format version 1, read for ever. They were written once, by 0.1.0; they are never written again.
//!
//! Two things are held: what was written then opens now, to the same contents; and what is written now is the
//! same bytes, as long as this build says that it writes version 1.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test that fails panics

mod support;

use lodestore::collection::{Config, Model};
use lodestore::index::Metric;
use lodestore::storage::MemoryStorage;
use lodestore::store::{Database, Target};
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use support::model::Model as Contents;
use support::{Pieces, TestEnv, block_on, config, drain, open, rows};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/v1")
}

fn golden() -> BTreeMap<String, Vec<u8>> {
    let files = fs::read_dir(folder()).unwrap().flatten();
    files.map(|file| (file.file_name().into_string().unwrap(), fs::read(file.path()).unwrap())).collect()
}

/// The golden database, without the archive beside it.
fn database() -> BTreeMap<String, Vec<u8>> {
    let mut files = golden();
    files.remove("archive.lode").unwrap();
    files
}

/// Every kind of record, a snapshot with two collections, blocks of two generations, a log behind it.
fn write() -> (MemoryStorage, Database<MemoryStorage, TestEnv>) {
    let storage = MemoryStorage::new();
    let db = open(storage.clone()).unwrap();
    let model = Some(Model { id: "all-MiniLM-L6-v2".to_owned(), version: "1".to_owned() });
    block_on(db.collection("notes", Some(Config { model, ..config(3, Metric::Cosine) }))).unwrap();
    block_on(db.collection("other", Some(config(2, Metric::Dot)))).unwrap();
    block_on(db.collection("gone", Some(config(2, Metric::Dot)))).unwrap();
    block_on(db.upsert("notes", rows("n", 0..5, 3))).unwrap();
    block_on(db.upsert("other", rows("Ünïcode 日本 ", 0..2, 2))).unwrap();
    block_on(db.checkpoint()).unwrap();
    block_on(db.delete("notes", Target::Ids(vec!["n1".to_owned()]))).unwrap();
    block_on(db.checkpoint()).unwrap();
    let ids = Target::Ids(vec!["n2".to_owned()]);
    block_on(db.update("notes", ids, vec!["{\"tag\":[\"a\",null,true,1.5]}".to_owned()], false)).unwrap();
    block_on(db.upsert("notes", rows("late", 7..8, 3))).unwrap();
    block_on(db.configure("other", config(2, Metric::Euclidean))).unwrap();
    block_on(db.drop_collection("gone")).unwrap();
    let rebuild = std::rc::Rc::new(block_on(db.rebuild("other", config(1, Metric::Euclidean))).unwrap());
    let count = rebuild.next(10).unwrap().len();
    block_on(rebuild.put(vec![0.5; count])).unwrap();
    block_on(rebuild.commit()).unwrap().unwrap();
    (storage, db)
}

#[test]
fn files_of_version_1_open_to_what_they_held() {
    let db = open(MemoryStorage::from_files(database())).unwrap();
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
    let archive = golden().remove("archive.lode").unwrap();
    let db = open(MemoryStorage::new()).unwrap();
    block_on(db.import(&mut Pieces(archive.chunks(64)), Default::default())).unwrap();
    assert_eq!(Contents::read(&db), Contents::read(&open(MemoryStorage::from_files(database())).unwrap()));
}

#[test]
fn version_1_is_written_as_it_always_was() {
    let (storage, db) = write();
    let written = storage.files();
    let golden = database();
    assert_eq!(written.keys().collect::<Vec<_>>(), golden.keys().collect::<Vec<_>>());
    for (name, bytes) in &golden {
        assert_eq!(&written[name], bytes, "{name} is written otherwise: that is another format version");
    }
    let archive = block_on(async { drain(&mut db.export().await.unwrap()).await.unwrap() });
    assert_eq!(Some(archive), self::golden().remove("archive.lode"), "the archive is written otherwise");
}
