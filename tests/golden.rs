//! Files of format version 1, read for ever. They were written once, by 0.1.0; they are never written again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test that fails panics

mod support;

use lodestore::index::Metric;
use lodestore::storage::MemoryStorage;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use support::model::Model as Contents;
use support::{Pieces, block_on, open, rows};

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
