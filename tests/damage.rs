//! Bit rot: every bit of a small database flipped, every file cut at every length, every archive damaged.
//! Damage is found or harmless, never a panic and never emptiness.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test that fails panics

#[path = "damage/derived.rs"]
mod derived;
mod support;

use lodestore::collection::{Config, HnswConfig};
use lodestore::error::Kind;
use lodestore::index::Metric;
use lodestore::storage::MemoryStorage;
use lodestore::store::{Database, ImportOptions};
use std::collections::BTreeMap;
use std::fs;
use support::model::{Model, Step};
use support::{Pieces, TestEnv, block_on, drain, open};

fn small(checkpoints: &[usize]) -> (MemoryStorage, Model) {
    let storage = MemoryStorage::new();
    let db = open(storage.clone()).unwrap();
    let mut model = Model::default();
    let row = |n: u32| (format!("r{n}"), vec![n as f32 + 0.5, 1.0, -2.0], format!("{{\"n\":{n}}}"));
    let name = || "c0".to_owned();
    let steps = [
        Step::Collection(name(), Metric::Cosine),
        Step::Upsert(name(), vec![row(1), row(2)]),
        Step::DeleteIds(name(), vec!["r2".to_owned()]),
        Step::Upsert(name(), vec![row(3)]),
    ];
    for (number, step) in steps.iter().enumerate() {
        block_on(step.run(&db)).unwrap();
        model.run(step);
        if number == 0 {
            // Something of version 2 in every record of a configuration.
            let config = db.state().unwrap().named("c0").unwrap().config().clone();
            let hnsw = HnswConfig { m: 60, ef_construction: 300, ..HnswConfig::DEFAULT };
            block_on(db.configure("c0", Config { hnsw, oversample: Some(7), ..config })).unwrap();
        }
        if checkpoints.contains(&number) {
            block_on(db.checkpoint()).unwrap();
        }
    }
    (storage, model)
}

/// Damaged files either do not open, with a typed error, or open to exactly what was stored.
fn found_or_harmless(storage: MemoryStorage, model: &Model, what: &str) -> bool {
    match open(storage) {
        Ok(db) => {
            assert_eq!(&Model::read(&db), model, "{what}");
            false
        }
        Err(cause) => {
            assert!(matches!(cause.kind, Kind::Corrupt | Kind::Version), "{what}: {cause}");
            true
        }
    }
}

#[test]
fn every_flipped_bit_is_found_or_harmless() {
    // Of version 2, and of version 1 as it was written once.
    let golden = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/v1")).unwrap().flatten();
    let v1: BTreeMap<String, Vec<u8>> = golden
        .map(|file| (file.file_name().into_string().unwrap(), fs::read(file.path()).unwrap()))
        .filter(|(name, _)| name != "archive.lode")
        .collect();
    let v1_model = Model::read(&open(MemoryStorage::from_files(v1.clone())).unwrap());
    let small = [&[][..], &[1], &[0, 1, 2], &[0, 1, 2, 3]].map(|checkpoints| {
        let (storage, model) = small(checkpoints);
        (format!("checkpoints {checkpoints:?}"), storage.files(), model)
    });
    for (which, files, model) in small.into_iter().chain([("version 1".to_owned(), v1, v1_model)]) {
        let (mut found, mut flips) = (0, 0);
        for (name, bytes) in &files {
            for bit in 0..bytes.len() * 8 {
                let mut damaged = files.clone();
                damaged.get_mut(name).unwrap()[bit / 8] ^= 1 << (bit % 8);
                let what = format!("{which}, {name}, bit {bit}");
                found += u32::from(found_or_harmless(MemoryStorage::from_files(damaged), &model, &what));
                flips += 1;
            }
        }
        println!("{flips} flips, {found} refused, the others made up for");
        assert!(found > 0);
    }
}

#[test]
fn a_damaged_newest_snapshot_falls_back_to_the_one_before() {
    let (storage, model) = small(&[0, 1, 2, 3]);
    let files = storage.files();
    let newest = files.keys().rfind(|name| name.starts_with("snapshot-")).unwrap();
    let mut damaged = files.clone();
    *damaged.get_mut(newest).unwrap().last_mut().unwrap() ^= 1;
    let db = open(MemoryStorage::from_files(damaged)).unwrap();
    assert_eq!(Model::read(&db), model);
    let report = db.open_report();
    assert_eq!(report.snapshots_skipped.len(), 1, "{report:?}");
    assert!(report.frames_replayed > 0);
}

#[test]
fn a_missing_file_is_never_taken_for_an_empty_database() {
    let (storage, model) = small(&[1, 2]);
    let files = storage.files();
    for name in files.keys() {
        let mut without = files.clone();
        without.remove(name);
        found_or_harmless(MemoryStorage::from_files(without), &model, name);
    }
}

#[test]
fn a_file_cut_short_is_found_unless_it_is_the_tail_of_the_log() {
    let (storage, model) = small(&[1]);
    let files = storage.files();
    let newest_log = files.keys().rfind(|name| name.starts_with("log-")).unwrap();
    for (name, bytes) in &files {
        for length in 0..bytes.len() {
            let mut damaged = files.clone();
            damaged.get_mut(name).unwrap().truncate(length);
            let what = format!("{name} cut to {length}");
            if name != newest_log {
                found_or_harmless(MemoryStorage::from_files(damaged), &model, &what);
                continue;
            }
            // A log that ends early is what a crash leaves: a prefix of the writes, and it is reported.
            match open(MemoryStorage::from_files(damaged)) {
                Ok(db) => assert!(Model::read(&db).0.contains_key("c0"), "{what}"),
                Err(cause) => assert_eq!(cause.kind, Kind::Corrupt, "{what}"),
            }
        }
    }
}

fn archive() -> (Vec<u8>, Model) {
    let (storage, model) = small(&[]);
    let db = open(storage).unwrap();
    let mut export = block_on(db.export()).unwrap();
    (block_on(drain(&mut export)).unwrap(), model)
}

/// Imports in place of everything.
fn import_into(db: &Database<MemoryStorage, TestEnv>, bytes: &[u8]) -> lodestore::Result<()> {
    let options = ImportOptions { replace: true, total_bytes: 0 };
    block_on(db.import(&mut Pieces(bytes.chunks(97)), options)).map(drop)
}

/// Imports into a database that holds something; returns the error if it was refused, and checks that then
/// nothing changed.
fn import(bytes: &[u8], model: &Model) -> Option<lodestore::Error> {
    let (storage, before) = small(&[1]);
    let files = storage.files();
    let db = open(storage.clone()).unwrap();
    match import_into(&db, bytes) {
        Ok(()) => {
            assert_eq!(&Model::read(&db), model);
            None
        }
        Err(cause) => {
            assert_eq!(Model::read(&db), before, "a refused archive changed something");
            assert_eq!(storage.files(), files, "a refused archive left files behind");
            Some(cause)
        }
    }
}

#[test]
fn every_damaged_archive_is_refused_and_changes_nothing() {
    let (bytes, model) = archive();
    assert_eq!(import(&bytes, &model), None);
    for bit in 0..bytes.len() * 8 {
        let mut damaged = bytes.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        let cause = import(&damaged, &model).unwrap_or_else(|| panic!("bit {bit} was not found"));
        assert!(matches!(cause.kind, Kind::Corrupt | Kind::Version), "bit {bit}: {cause}");
    }
    for length in 0..bytes.len() {
        let cause =
            import(&bytes[..length], &model).unwrap_or_else(|| panic!("cut to {length} was not found"));
        assert_eq!(cause.kind, Kind::Corrupt, "cut to {length}: {cause}");
    }
    let longer = [&bytes[..], &[0]].concat();
    assert_eq!(import(&longer, &model).map(|cause| cause.kind), Some(Kind::Corrupt));
    let no_archive = import(
        b"PK\x03\x04 this is something else altogether, but long enough to have a header, is it not? Yes.",
        &model,
    );
    assert!(no_archive.is_some_and(|cause| cause.message.contains("not a Lodestore archive")));
}

#[test]
fn an_archive_of_a_newer_version_says_so() {
    let (mut bytes, model) = archive();
    bytes[8] = lodestore::format::ARCHIVE_VERSION as u8 + 1;
    let crc = crc32fast::hash(&bytes[..76]);
    bytes[76..80].copy_from_slice(&crc.to_le_bytes());
    let cause = import(&bytes, &model).unwrap();
    assert_eq!(cause.kind, Kind::Version);
    assert!(cause.pair.is_some(), "expected and got: {cause}");
}
