//! Freeing room: what pruning keeps, what it refuses, and opening where no room is left.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test that fails panics

mod support;

use lodestore::collection::{Config, Memory, Quantization};
use lodestore::error::Kind;
use lodestore::format::block::BLOCK_HEADER_BYTES;
use lodestore::format::snapshot::{BlockRefV1, SnapshotV2, decode_snapshot};
use lodestore::index::Metric;
use lodestore::storage::{MemoryStorage, Once, Storage};
use lodestore::store::{Database, Options};
use support::fault::{Borrowed, Fault, FaultStorage};
use support::model::Model;
use support::{TestEnv, block_on, config, drain, open, rows};

/// Two snapshots with different rows, and a write behind them.
fn two_snapshots<S: Storage>(storage: S) -> Database<S, TestEnv> {
    let db = open(storage).unwrap();
    block_on(db.collection("c", Some(config(3, Metric::Dot)))).unwrap();
    for round in 0..2 {
        block_on(db.upsert("c", rows("r", round..200, 3))).unwrap();
        block_on(db.checkpoint()).unwrap();
    }
    block_on(db.upsert("c", rows("r", 500..510, 3))).unwrap();
    db
}

/// A pruning that finds the newest snapshot damaged, and says what to do.
#[track_caller]
fn is_refused<S: Storage>(db: &Database<S, TestEnv>, what: &str) {
    let cause = block_on(db.prune(1)).unwrap_err();
    assert_eq!(cause.kind, Kind::Corrupt, "{what}");
    assert!(cause.message.contains("check({ repair: true })"), "{what}: {cause}");
}

/// Two snapshots of a collection whose vectors stay in storage but for those of the last row group, and writes behind them.
fn two_of_codes(storage: MemoryStorage) -> Model {
    let db = open(storage).unwrap();
    let int8 = Config { quantization: Quantization::Int8, memory: Memory::Codes, ..config(3, Metric::Dot) };
    block_on(db.collection("c", Some(int8))).unwrap();
    for round in 0..2 {
        block_on(db.upsert("c", rows("r", round..1_030, 3))).unwrap();
        block_on(db.checkpoint()).unwrap();
    }
    block_on(db.upsert("c", rows("r", 500..510, 3))).unwrap();
    Model::read(&db)
}

/// The name of the blocks file of the newest snapshot, and where in it its first block of a kind is.
fn newest_block(storage: &MemoryStorage, of: impl Fn(&SnapshotV2) -> BlockRefV1) -> (String, usize) {
    let files = storage.files();
    let newest = files.keys().filter(|name| name.starts_with("snapshot-"));
    let newest = newest.max_by_key(|name| name["snapshot-".len()..].parse::<u64>().unwrap()).unwrap();
    let block = of(&decode_snapshot(&files[newest]).unwrap().1);
    (format!("blocks-{}", block.generation), block.offset as usize + BLOCK_HEADER_BYTES)
}

/// The same files with one changed.
fn edit(storage: &MemoryStorage, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = storage.files().remove(name).unwrap();
    change(&mut bytes);
    block_on(storage.remove(name)).unwrap();
    block_on(storage.create(name, &mut Once::new(bytes))).unwrap();
}

fn kept<S: Storage>(db: &Database<S, TestEnv>) -> usize {
    block_on(db.stats()).unwrap().snapshots.len()
}

fn bytes(storage: &MemoryStorage) -> u64 {
    block_on(storage.list()).unwrap().iter().map(|file| file.length).sum()
}

#[test]
fn the_newest_snapshot_stays_and_the_room_of_the_older_is_free() {
    let storage = MemoryStorage::new();
    let db = two_snapshots(storage.clone());
    let (before, all) = (bytes(&storage), Model::read(&db));
    block_on(db.prune(2)).unwrap();
    assert_eq!(bytes(&storage), before);
    block_on(db.prune(1)).unwrap();
    assert_eq!(kept(&db), 1);
    assert!(bytes(&storage) * 3 < before * 2, "{} of {before} bytes", bytes(&storage));
    assert!(block_on(db.check()).unwrap().ok);
    assert_eq!(Model::read(&open(storage.clone()).unwrap()), all);
    block_on(db.checkpoint()).unwrap();
    assert_eq!(block_on(db.stats()).unwrap().snapshots.len(), 2);
    block_on(db.prune(0)).unwrap();
    assert_eq!(kept(&db), 1, "the newest stays");
    assert!(block_on(db.check()).unwrap().ok);
    block_on(db.close());
    assert_eq!(block_on(db.prune(1)).unwrap_err().kind, Kind::Closed);
}

#[test]
fn a_fault_at_any_call_of_a_pruning_loses_nothing() {
    let refused =
        [Fault::Refuse(Kind::Unavailable), Fault::Lie(Kind::Unavailable), Fault::Refuse(Kind::Quota)];
    for fault in [Fault::CrashBefore, Fault::CrashAfter].into_iter().chain(refused) {
        let mut calls = 0..100;
        loop {
            let call = calls.next().expect("pruning ends");
            let files = MemoryStorage::new();
            let all = Model::read(&two_snapshots(files.clone()));
            let storage = FaultStorage::new(files.clone(), call, Some(fault));
            let db = open(Borrowed(&storage)).unwrap();
            let pruned = block_on(db.prune(1));
            let struck = storage.calls() > call;
            if !storage.crashed() {
                assert_eq!(Model::read(&db), all);
                // Whatever was left is removed the next time.
                block_on(db.prune(1)).unwrap();
                assert!(block_on(db.check()).unwrap().ok, "{fault:?} at call {call}: {pruned:?}");
            }
            assert_eq!(Model::read(&open(files).unwrap()), all, "{fault:?} at call {call}");
            if !struck {
                break;
            }
        }
        assert!(calls.start > 2, "there are calls to fail");
    }
}

#[test]
fn nothing_goes_while_the_newest_snapshot_does_not_verify() {
    let storage = MemoryStorage::new();
    let db = two_snapshots(storage.clone());
    let newest = block_on(db.stats()).unwrap().snapshots[0].generation;
    for file in [format!("blocks-{newest}"), format!("snapshot-{newest}")] {
        edit(&storage, &file, |bytes| bytes[90] ^= 1);
        let before = block_on(storage.list()).unwrap();
        is_refused(&db, &file);
        assert_eq!(block_on(storage.list()).unwrap(), before);
        edit(&storage, &file, |bytes| bytes[90] ^= 1);
    }
    block_on(db.prune(1)).unwrap();
    assert_eq!(kept(&db), 1);
}

/// Opening looks at the lengths of vectors that stay in storage. What does not verify is found by a pruning, and what it says
/// to do helps.
#[test]
fn vectors_that_do_not_verify_are_no_reason_to_let_older_points_go() {
    let storage = MemoryStorage::new();
    let all = two_of_codes(storage.clone());
    let (file, at) = newest_block(&storage, |manifest| manifest.collections[0].groups[0].vectors);
    edit(&storage, &file, |bytes| bytes[at..at + 1024].fill(0));
    let before = storage.files();
    let db = open(storage.clone()).unwrap();
    is_refused(&db, "vectors of zeros");
    assert_eq!(storage.files(), before);
    // Memory has not got them either: a repair says so, and changes nothing.
    assert!(!block_on(db.check_and(true, || true)).unwrap().ok);
    assert_eq!(storage.files(), before);
    drop(db);
    // Salvage reads everything, and the older snapshot with the logs behind it makes up for the newer.
    let db = block_on(Database::salvage(storage.clone(), TestEnv::default(), Options::default())).unwrap();
    assert_eq!((Model::read(&db), &db.open_report().salvage), (all.clone(), &None));
    block_on(db.checkpoint()).unwrap();
    block_on(db.prune(1)).unwrap();
    assert_eq!(kept(&db), 1);
    assert!(block_on(db.check()).unwrap().ok);
    assert_eq!(Model::read(&open(storage).unwrap()), all);
}

/// Where memory has what is damaged, a repair is enough.
#[test]
fn what_memory_has_is_written_anew_and_older_points_may_go() {
    let storage = MemoryStorage::new();
    let db = two_snapshots(storage.clone());
    let (file, at) = newest_block(&storage, |manifest| manifest.collections[0].groups[0].rows);
    edit(&storage, &file, |bytes| bytes[at] ^= 1);
    is_refused(&db, "a row");
    assert!(block_on(db.check_and(true, || true)).unwrap().ok);
    block_on(db.checkpoint()).unwrap();
    block_on(db.prune(1)).unwrap();
    assert_eq!(kept(&db), 1);
}

/// Codes and links follow from vectors and rows: opening makes them again, and no older snapshot has to make up for them.
#[test]
fn codes_that_do_not_verify_hold_nothing_up() {
    let storage = MemoryStorage::new();
    let all = two_of_codes(storage.clone());
    let (file, at) = newest_block(&storage, |manifest| manifest.extensions[0].codes[0]);
    edit(&storage, &file, |bytes| bytes[at] ^= 1);
    let db = open(storage.clone()).unwrap();
    assert_eq!(db.open_report().codes_rebuilt, ["c"]);
    block_on(db.prune(1)).unwrap();
    assert_eq!(kept(&db), 1);
    assert_eq!(Model::read(&open(storage.clone()).unwrap()), all);
    // The next checkpoint writes them.
    block_on(db.upsert("c", rows("s", 0..1, 3))).unwrap();
    block_on(db.checkpoint()).unwrap();
    block_on(db.prune(1)).unwrap();
    assert!(block_on(db.check()).unwrap().ok);
}

#[test]
fn a_running_export_keeps_what_it_reads() {
    let storage = MemoryStorage::new();
    let db = two_snapshots(storage.clone());
    let mut export = block_on(db.export()).unwrap();
    block_on(db.upsert("c", rows("r", 0..200, 3))).unwrap();
    block_on(db.checkpoint()).unwrap();
    block_on(db.prune(1)).unwrap();
    assert_eq!(kept(&db), 1);
    assert!(!block_on(drain(&mut export)).unwrap().is_empty());
    assert!(block_on(db.check()).unwrap().ok);
}

#[test]
fn a_torn_database_opens_without_room_and_is_mended_with_it() {
    let files = MemoryStorage::new();
    let all = Model::read(&two_snapshots(files.clone()));
    let log = block_on(files.list()).unwrap().into_iter().filter(|file| file.name.starts_with("log-"));
    let log = log.max_by_key(|file| file.name.clone()).unwrap().name;
    edit(&files, &log, |bytes| bytes.extend_from_slice(&[7, 7, 7]));
    let full = FaultStorage::new(files.clone(), 0, Some(Fault::Refuse(Kind::Quota)));
    let db = open(Borrowed(&full)).unwrap();
    assert_eq!(db.open_report().bytes_dropped, 3);
    assert_eq!(Model::read(&db), all);
    // The second call that changes files has room: the log that cuts off the tail, and then the write.
    block_on(db.upsert("c", rows("s", 0..1, 3))).unwrap();
    assert!(block_on(db.check()).unwrap().ok);
    let again = Model::read(&db);
    assert_eq!(Model::read(&open(files).unwrap()), again);
}

#[test]
fn a_database_whose_files_are_gone_is_no_other_writers() {
    let storage = MemoryStorage::new();
    let db = two_snapshots(storage.clone());
    let all = Model::read(&db);
    for file in block_on(storage.list()).unwrap() {
        block_on(storage.remove(&file.name)).unwrap();
    }
    for _ in 0..2 {
        assert_eq!(block_on(db.upsert("c", rows("s", 0..1, 3))).unwrap_err().kind, Kind::Evicted);
        assert_eq!(block_on(db.checkpoint()).unwrap_err().kind, Kind::Evicted);
    }
    assert_eq!(Model::read(&db), all);
}
