//! Snapshots that a policy keeps without the logs behind them, and logs that failed writes stand in.

use super::support::fault::{Borrowed, Fault, FaultStorage};
use super::support::model::Model;
use super::support::{TestEnv, block_on, config, open, rows};
use super::world::salvage;
use lodestore::collection::Config;
use lodestore::error::Kind;
use lodestore::index::Metric;
use lodestore::storage::MemoryStorage;
use lodestore::store::{Database, Keep, Options, Retention, Target};

fn ids(db: &super::world::Db, name: &str) -> Vec<String> {
    Model::read(db).0.get(name).map_or(Vec::new(), |one| one.rows.keys().cloned().collect())
}

/// A database of which the oldest snapshot stands alone: behind it a row was deleted, and a collection made.
fn lived() -> MemoryStorage {
    let storage = MemoryStorage::new();
    let db = open(storage.clone()).unwrap();
    let keep = Keep { last: 5, ..Keep::default() };
    block_on(db.set_retention(Some(Retention { snapshots: keep, ..Retention::default() }))).unwrap();
    for name in ["c0", "c1"] {
        block_on(db.collection(name, Some(config(3, Metric::Dot)))).unwrap();
    }
    block_on(db.upsert("c0", rows("r", 0..3, 3))).unwrap();
    block_on(db.checkpoint()).unwrap();
    block_on(db.delete("c0", Target::Ids(vec!["r1".to_owned()]))).unwrap();
    block_on(db.upsert("c1", rows("o", 0..9, 3))).unwrap();
    for _ in 0..3 {
        block_on(db.checkpoint()).unwrap();
    }
    let files = storage.files();
    assert!(files.contains_key("snapshot-2") && !files.contains_key("log-3"), "it stands alone");
    storage
}

/// Two writes are missing behind the old one, and nine rows of the newer ones: but who knows what those two took away.
#[test]
fn what_stands_alone_is_not_taken_where_another_has_rows() {
    let mut files = lived().files();
    // The vectors of the second collection, which all newer snapshots name.
    let blocks = files.get_mut("blocks-4").unwrap();
    let place = blocks.windows(2).rposition(|two| two == b"o8").unwrap();
    blocks[place] ^= 1;
    let db = salvage(MemoryStorage::from_files(files)).unwrap();
    let report = db.open_report().salvage.clone().unwrap();
    assert_ne!(report.snapshot, Some(2), "{report:?}");
    assert_eq!(ids(&db, "c0"), ["r0", "r2"]);
    assert_eq!(report.lost, []);
    assert!(report.groups.iter().all(|one| one.collection == "c1") && !report.groups.is_empty());
}

/// It is better than nothing.
#[test]
fn what_stands_alone_is_taken_where_nothing_else_is_left() {
    let mut files = lived().files();
    for (name, bytes) in files.iter_mut().filter(|(name, _)| name.starts_with("snapshot-")) {
        if name != "snapshot-2" {
            bytes[100] ^= 1;
        }
    }
    let db = salvage(MemoryStorage::from_files(files)).unwrap();
    let report = db.open_report().salvage.clone().unwrap();
    assert_eq!(report.snapshot, Some(2));
    assert_eq!(ids(&db, "c0"), ["r0", "r1", "r2"]);
    assert!(!report.lost.is_empty());
}

/// The append arrives, whole, and fails; then another row is written to the next log.
fn written_after_a_failure(files: &MemoryStorage, failed: usize, then: usize) {
    let storage = FaultStorage::new(files.clone(), 0, Some(Fault::Lie(Kind::Unavailable)));
    let db = block_on(Database::open(Borrowed(&storage), TestEnv::default(), Options::default())).unwrap();
    assert!(block_on(db.upsert("c0", rows("failed", failed..failed + 1, 3))).is_err());
    block_on(db.upsert("c0", rows("r", then..then + 1, 3))).unwrap();
}

/// Of the log behind a failed write neither the header nor the first frame verifies: the failed write is there in its
/// place, and what stood there is called lost.
#[test]
fn what_a_failed_write_stands_in_for_is_lost() {
    let files = MemoryStorage::new();
    {
        let db = open(files.clone()).unwrap();
        block_on(db.collection("c0", Some(config(3, Metric::Dot)))).unwrap();
        block_on(db.checkpoint()).unwrap();
    }
    written_after_a_failure(&files, 0, 0);
    written_after_a_failure(&files, 1, 1);
    let mut damaged = files.files();
    let mut logs: Vec<u64> =
        damaged.keys().filter_map(|name| name.strip_prefix("log-")?.parse().ok()).collect();
    logs.sort_unstable();
    let middle = damaged.get_mut(&format!("log-{}", logs[logs.len() - 2])).unwrap();
    middle[40] ^= 1;
    middle[90] ^= 1;
    let db = salvage(MemoryStorage::from_files(damaged)).unwrap();
    let report = db.open_report().salvage.clone().unwrap();
    assert!(!ids(&db, "c0").contains(&"r0".to_owned()));
    assert!(report.lost.iter().any(|one| one.from <= 2 && one.to == Some(2)), "{report:?}");
}

/// A row group of what was being rebuilt is damaged: of the rows that are there under that name none is called gone.
#[test]
fn rows_of_an_unfinished_rebuild_are_not_called_gone() {
    let storage = MemoryStorage::new();
    let db = open(storage.clone()).unwrap();
    block_on(db.collection("c0", Some(config(3, Metric::Dot)))).unwrap();
    block_on(db.upsert("c0", rows("r", 0..3, 3))).unwrap();
    let model = Some(lodestore::collection::Model { id: "m".to_owned(), version: "2".to_owned() });
    let config = Config { model, ..config(3, Metric::Dot) };
    let rebuild = std::rc::Rc::new(block_on(db.rebuild("c0", config)).unwrap());
    let asked = rebuild.next(2).unwrap().len();
    block_on(rebuild.put(vec![1.0; 3 * asked])).unwrap();
    block_on(db.checkpoint()).unwrap();
    block_on(db.prune(1)).unwrap();
    let mut files = storage.files();
    let blocks = files.get_mut("blocks-2").unwrap();
    // A vector of the rebuild: nothing else has the number one four times in a row.
    let one = [1.0f32.to_le_bytes(); 4].concat();
    let place = blocks.windows(16).rposition(|window| window == one).unwrap();
    blocks[place] ^= 1;
    let db = salvage(MemoryStorage::from_files(files)).unwrap();
    let report = db.open_report().salvage.clone().unwrap();
    assert_eq!(ids(&db, "c0"), ["r0", "r1", "r2"]);
    assert!(report.groups.iter().all(|one| one.ids.is_empty()), "{report:?}");
    assert_eq!(db.open_report().rows_quarantined, 0);
}
