//! What the simulation found in salvage where an import is damaged (`cargo xtask sim`).

use super::support::model::Model;
use super::support::{Pieces, block_on, config, drain, open, rows};
use super::world::salvage;
use lodestore::index::Metric;
use lodestore::storage::MemoryStorage;
use lodestore::store::{ImportOptions, Point};

/// The snapshot of an import was cut where zeros stand, and its header and that of the log behind it do not verify: nothing was
/// called lost, and what was before the import was there again.
#[test]
fn an_import_of_which_nothing_verifies_is_told_of() {
    let storage = MemoryStorage::new();
    let db = open(storage.clone()).unwrap();
    block_on(db.collection("c0", Some(config(3, Metric::Dot)))).unwrap();
    block_on(db.upsert("c0", rows("r", 0..5, 3))).unwrap();
    let before = Model::read(&db);
    let nothing = block_on(db.as_of(Point::Seq(1))).unwrap();
    block_on(db.restore(nothing)).unwrap();
    let files = storage.files();
    let newest = |kind: &str| files.keys().filter(|name| name.starts_with(kind)).max().unwrap().clone();
    let (snapshot, log) = (newest("snapshot-"), newest("log-"));
    let cuts = (88..files[&snapshot].len()).filter(|cut| files[&snapshot][..*cut].ends_with(&[0; 4]));
    for cut in cuts.chain([files[&snapshot].len()]) {
        let mut damaged = files.clone();
        let bytes = damaged.get_mut(&snapshot).unwrap();
        bytes.truncate(cut);
        bytes[60] ^= 1;
        damaged.get_mut(&log).unwrap()[50] ^= 1;
        let db = salvage(MemoryStorage::from_files(damaged)).unwrap();
        let said = db.open_report().salvage.clone().unwrap();
        assert!(Model::read(&db) == before && !said.lost.is_empty(), "{cut} bytes: {said:?}");
    }
}

/// What was rebuilt after an import that is missing took the place of a collection from before it that has the same number: its rows
/// were there under the name of another, and those of the other were gone.
#[test]
fn what_is_rebuilt_after_a_missing_import_replaces_nothing_from_before_it() {
    let other = open(MemoryStorage::new()).unwrap();
    let of_two = config(2, Metric::Dot);
    block_on(other.collection("c1", Some(of_two.clone()))).unwrap();
    block_on(other.upsert("c1", rows("q", 0..4, 2))).unwrap();
    let archive = block_on(drain(&mut block_on(other.export()).unwrap())).unwrap();
    let storage = MemoryStorage::new();
    let db = open(storage.clone()).unwrap();
    block_on(db.collection("c0", Some(config(3, Metric::Dot)))).unwrap();
    block_on(db.upsert("c0", rows("r", 0..5, 3))).unwrap();
    block_on(db.checkpoint()).unwrap();
    let before = Model::read(&db).0["c0"].clone();
    let replace = ImportOptions { replace: true, total_bytes: 0 };
    block_on(db.import(&mut Pieces(archive.chunks(64)), replace)).unwrap();
    let rebuild = std::rc::Rc::new(block_on(db.rebuild("c1", of_two)).unwrap());
    let asked = rebuild.next(10).unwrap().len();
    block_on(rebuild.put(vec![1.0; 2 * asked])).unwrap();
    block_on(rebuild.commit()).unwrap();
    block_on(db.upsert("c1", rows("q", 9..10, 2))).unwrap();
    let mut files = storage.files();
    let snapshot = files.keys().filter(|name| name.starts_with("snapshot-")).max().unwrap().clone();
    files.get_mut(&snapshot).unwrap().truncate(9);
    let found = Model::read(&salvage(MemoryStorage::from_files(files)).unwrap()).0;
    assert_eq!(found["c0"], before, "{:?}", found.keys());
    let own = found.iter().find(|(name, _)| name.starts_with("c1-")).map(|(_, one)| one.rows.len());
    assert_eq!((found.len(), own), (2, Some(5)));
}
