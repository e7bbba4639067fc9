//! The same for what version 2 added: links and codes, in snapshot, blocks, log and archive.

use super::support::model::Model;
use super::support::{Pieces, block_on, drain, open, rows};
use super::{found_or_harmless, import_into};
use lodestore::collection::{Config, HnswConfig, IndexKind, Memory, Quantization};
use lodestore::index::Metric;
use lodestore::storage::MemoryStorage;
use lodestore::store::Target;

const ROWS: usize = 9;

/// A graph on codes and a graph on floats, both saved, and codes without their floats; a log with more.
fn with_graphs() -> (MemoryStorage, Model) {
    let storage = MemoryStorage::new();
    let db = open(storage.clone()).unwrap();
    let hnsw = HnswConfig { m: 2, ef_construction: 8, ef: 20, seed: 3 };
    let codes = Config {
        quantization: Quantization::Binary,
        memory: Memory::Codes,
        ..Config::new(3, Metric::Cosine, IndexKind::Flat)
    };
    let graph = Config { hnsw, ..Config::new(3, Metric::Euclidean, IndexKind::Hnsw) };
    let floats = Config { quantization: Quantization::None, metric: Metric::Dot, ..graph.clone() };
    for (name, config) in [("codes", codes), ("graph", graph), ("floats", floats)] {
        block_on(db.collection(name, Some(config))).unwrap();
        block_on(db.upsert(name, rows("r", 0..ROWS, 3))).unwrap();
    }
    while db.index_step(None, true).unwrap() {}
    block_on(db.checkpoint()).unwrap();
    for name in ["codes", "graph", "floats"] {
        block_on(db.upsert(name, rows("r", 7..11, 3))).unwrap();
        block_on(db.delete(name, Target::Ids(vec!["r1".to_owned()]))).unwrap();
    }
    let model = Model::read(&db);
    (storage, model)
}

#[test]
fn every_flipped_bit_beside_links_and_codes_is_found_or_harmless() {
    let (storage, model) = with_graphs();
    let files = storage.files();
    let blocks = files.iter().find(|(name, _)| name.starts_with("blocks-")).unwrap().1;
    for kind in 1..=4u8 {
        let magic = [&b"LBLK"[..], &[kind]].concat();
        assert!(blocks.windows(5).any(|window| window == magic), "there are blocks of kind {kind}");
    }
    let (mut found, mut harmless) = (0, 0);
    for (name, bytes) in &files {
        for bit in 0..bytes.len() * 8 {
            let mut damaged = files.clone();
            damaged.get_mut(name).unwrap()[bit / 8] ^= 1 << (bit % 8);
            let what = format!("{name}, bit {bit}");
            match found_or_harmless(MemoryStorage::from_files(damaged), &model, &what) {
                true => found += 1,
                false => harmless += 1,
            }
        }
    }
    println!("{found} refused, {harmless} made up for");
    assert!(
        found > 5000 && harmless > 1000,
        "rows are refused, links and codes made again: {found} {harmless}"
    );
}

#[test]
fn every_file_beside_links_and_codes_cut_at_every_length() {
    let (storage, model) = with_graphs();
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
            // A log that ends early is what a crash leaves: a prefix of the writes.
            let opened = open(MemoryStorage::from_files(damaged));
            assert!(opened.is_ok_and(|db| Model::read(&db).0.len() == 3) || length < 80, "{what}");
        }
    }
}

#[test]
fn every_damaged_archive_of_a_graph_is_refused() {
    let (storage, model) = with_graphs();
    let mut export = block_on(open(storage).unwrap().export()).unwrap();
    let bytes = block_on(drain(&mut export)).unwrap();
    let storage = MemoryStorage::new();
    let db = open(storage.clone()).unwrap();
    let empty = storage.files();
    for bit in 0..bytes.len() * 8 {
        let mut damaged = bytes.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert!(import_into(&db, &damaged).is_err(), "bit {bit} was not found");
    }
    for length in 0..bytes.len() {
        assert!(import_into(&db, &bytes[..length]).is_err(), "cut to {length} was not found");
    }
    assert_eq!(storage.files(), empty, "a refused archive left files behind");
    block_on(db.import(&mut Pieces(bytes.chunks(50)), Default::default())).unwrap();
    assert_eq!(Model::read(&db), model);
}
