//! Damaged links, and graphs that are not for this collection: no row is lost, and the report says so.

use super::support::model::Model;
use super::support::{TestEnv, block_on, open};
use super::{answers, checked, filled, hnsw, opened_as, work};
use lodestore::format::snapshot::{GraphV2, decode_snapshot, encode_snapshot};
use lodestore::index::Metric;
use lodestore::storage::MemoryStorage;
use lodestore::store::{Database, OpenedGraph};
use std::collections::BTreeMap;

const ROWS: usize = 20;

/// A database whose newest snapshot has a graph, without the one before.
fn stored() -> (Database<MemoryStorage, TestEnv>, BTreeMap<String, Vec<u8>>) {
    let storage = MemoryStorage::new();
    let db = filled(storage.clone(), hnsw(Metric::Cosine), ROWS);
    work(&db, usize::MAX);
    block_on(db.checkpoint()).unwrap();
    (db, storage.files())
}

/// Opens it and expects that the graph was dropped, that everything else is there, and that all is well again once the
/// graph is built and saved.
fn dropped(
    original: &Database<MemoryStorage, TestEnv>,
    files: BTreeMap<String, Vec<u8>>,
    what: &str,
) -> String {
    let storage = MemoryStorage::from_files(files);
    let db = open(storage.clone()).unwrap_or_else(|cause| panic!("{what}: {cause}"));
    let report = db.open_report();
    assert_eq!((report.nodes_rebuilt, report.snapshots_skipped.len()), (ROWS as u64, 0), "{what}");
    let [OpenedGraph { nodes: 0, pending, rebuilt: Some(reason), .. }] = &report.graphs[..] else {
        panic!("{what}: {report:?}");
    };
    assert_eq!(*pending, ROWS as u64, "{what}");
    assert_eq!(Model::read(&db), Model::read(original), "{what}");
    assert_eq!(answers(&db, true), answers(original, true), "{what}");
    let check = block_on(db.check()).unwrap();
    assert!(!check.ok && check.problems.iter().all(|one| one.derived), "{what}: {check:?}");

    work(&db, usize::MAX);
    assert_eq!(answers(&db, false), answers(original, false), "{what}");
    // Two, because two snapshots are kept.
    block_on(db.checkpoint()).unwrap();
    block_on(db.checkpoint()).unwrap();
    checked(&db, what);
    assert_eq!(open(storage).unwrap().open_report().graphs, opened_as(ROWS as u64, 0), "{what}");
    reason.clone()
}

#[test]
fn every_flipped_bit_of_the_links_costs_the_graph_and_no_row() {
    let (original, files) = stored();
    let (name, bytes) = files.iter().find(|(name, _)| name.starts_with("blocks-")).unwrap();
    let block = bytes.windows(5).position(|window| window == b"LBLK\x03").unwrap();
    assert!(bytes.len() - block > 250, "they stand at the end: {} bytes", bytes.len() - block);
    for bit in block * 8..bytes.len() * 8 {
        let mut damaged = files.clone();
        damaged.get_mut(name).unwrap()[bit / 8] ^= 1 << (bit % 8);
        let reason = dropped(&original, damaged, &format!("bit {bit}"));
        assert!(reason.contains(name), "{reason}");
    }
    for length in [block, block + 5, block + 32, bytes.len() - 1] {
        let mut damaged = files.clone();
        damaged.get_mut(name).unwrap().truncate(length);
        dropped(&original, damaged, &format!("cut to {length}"));
    }
}

/// Changes what the newest snapshot says of its graph, with a checksum that fits.
fn with_graph(
    files: &BTreeMap<String, Vec<u8>>,
    change: impl FnOnce(&mut GraphV2),
) -> BTreeMap<String, Vec<u8>> {
    let mut files = files.clone();
    let (_, bytes) = files.iter_mut().find(|(name, _)| name.starts_with("snapshot-")).unwrap();
    let (header, mut manifest) = decode_snapshot(bytes).unwrap();
    change(manifest.extensions[0].graph.as_mut().unwrap());
    *bytes = encode_snapshot(&header, &manifest).unwrap();
    files
}

type Change = fn(&mut GraphV2);

#[test]
fn a_graph_of_another_version_or_configuration_is_dropped() {
    let (original, files) = stored();
    let changes: [(&str, Change); 9] = [
        ("version", |graph| graph.version = 2),
        ("m", |graph| graph.m += 1),
        ("quantization", |graph| graph.quantization = 2),
        ("nodes", |graph| graph.nodes -= 1),
        ("levels", |graph| graph.levels += 1),
        ("entry", |graph| graph.entry = (graph.entry + 1) % ROWS as u32),
        ("no groups", |graph| graph.groups.clear()),
        ("no group", |graph| graph.groups = vec![None]),
        ("length", |graph| graph.groups[0].as_mut().unwrap().length = u32::MAX),
    ];
    for (what, change) in changes {
        dropped(&original, with_graph(&files, change), what);
    }
    // The blocks of something else.
    let (_, manifest) = decode_snapshot(&files["snapshot-2"]).unwrap();
    let rows = manifest.collections[0].groups[0].rows;
    dropped(&original, with_graph(&files, |graph| graph.groups = vec![Some(rows)]), "rows");
    // Nothing was changed.
    let same = open(MemoryStorage::from_files(with_graph(&files, |_| {}))).unwrap();
    assert_eq!(same.open_report().graphs, opened_as(ROWS as u64, 0));
}
