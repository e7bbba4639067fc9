//! Archives of version 4 as they were written when it was made: read for ever, and written to the same bytes.

use super::common::*;
use crate::support::{block_on, config, rows};
use lodestore::collection::{Config, IndexKind, Quantization};
use lodestore::format::archive4::ArchiveKind;
use lodestore::index::Metric;
use lodestore::storage::MemoryStorage;
use lodestore::store::{BackupOptions, Database, Level, Options, Secret, StageOptions};
use std::path::PathBuf;

const KEY: [u8; 32] = [7; 32];

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/v4")
}

/// Names, archives, and what the last of them restores to.
fn made() -> (Vec<(&'static str, Archive)>, Contents) {
    let db = block_on(Database::open(MemoryStorage::new(), World::still(44), Options::default())).unwrap();
    let graph =
        Config { quantization: Quantization::Int8, ..Config::new(4, Metric::Cosine, IndexKind::Hnsw) };
    block_on(db.collection("graph", Some(graph))).unwrap();
    block_on(db.collection("plain", Some(config(3, Metric::Euclidean)))).unwrap();
    block_on(db.upsert("graph", rows("g", 0..40, 4))).unwrap();
    block_on(db.upsert("plain", rows("Ünïcode 日本 ", 0..5, 3))).unwrap();
    while db.index_step(None, true).unwrap() {}
    let base = full(&db);
    let packed = backup(&db, BackupOptions { compress: true, ..options(ArchiveKind::Full, None) }).unwrap();
    block_on(db.upsert("plain", rows("later ", 0..3, 3))).unwrap();
    let differential = after(&db, ArchiveKind::Differential, &base);
    block_on(db.delete("plain", lodestore::store::Target::Ids(vec!["later 1".to_owned()]))).unwrap();
    let incremental = after(&db, ArchiveKind::Incremental, &differential);
    let secret = Secret::Key(KEY);
    let sealed = backup(&db, BackupOptions { secret, ..options(ArchiveKind::Full, None) }).unwrap();
    let all = [
        ("full", base),
        ("packed", packed),
        ("differential", differential),
        ("incremental", incremental),
        ("sealed", sealed),
    ];
    (all.to_vec(), now(&db))
}

#[test]
fn version_4_is_read_and_written_as_it_always_was() {
    let (all, contents) = made();
    if !folder().exists() && std::env::var("LODESTORE_GOLDEN").is_ok_and(|what| what == "write") {
        std::fs::create_dir_all(folder()).unwrap();
        for (name, archive) in &all {
            std::fs::write(folder().join(format!("{name}.lode")), &archive.bytes).unwrap();
        }
    }
    let golden = |name: &str| {
        let (_, like) = all.iter().find(|(other, _)| *other == name).unwrap();
        let bytes = std::fs::read(folder().join(format!("{name}.lode"))).unwrap();
        verify(&bytes, Level::Contents, &like.secret).unwrap();
        Archive { bytes, ..like.clone() }
    };
    for (name, archive) in &all {
        // What compression gives may change with its library; what it holds may not.
        assert!(*name == "packed" || golden(name).bytes == archive.bytes, "{name} is written otherwise");
    }
    let chain = [golden("full"), golden("differential"), golden("incremental")];
    for chain in [&chain[..], &[golden("sealed")]] {
        let db = open(MemoryStorage::new(), 1);
        assert_eq!(restore(&db, chain, StageOptions::default()).unwrap(), contents);
        assert_eq!(db.index_steps_left(None, true).unwrap(), 0);
    }
    let packed =
        restore(&open(MemoryStorage::new(), 1), &[golden("packed")], StageOptions::default()).unwrap();
    assert_eq!(packed["plain"].len(), 5);
}
