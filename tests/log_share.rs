//! The log is cut down by checkpoints before it grows past its share of the snapshot, whoever writes what.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test that fails panics

mod support;

use lodestore::index::Metric;
use lodestore::storage::{FileInfo, MemoryStorage, Storage};
use lodestore::store::{Database, Options, Target};
use support::{TestEnv, block_on, config, open, rows};

type Db = Database<MemoryStorage, TestEnv>;

const LOG_BYTES: u64 = 60_000;
const WRITES: u64 = 300;

fn opened() -> (MemoryStorage, Db) {
    let files = MemoryStorage::new();
    let options =
        Options { checkpoint_log_bytes: LOG_BYTES, checkpoint_writes: WRITES, ..Options::default() };
    let db = block_on(Database::open(files.clone(), TestEnv::default(), options)).unwrap();
    block_on(db.collection("c", Some(config(8, Metric::Cosine)))).unwrap();
    (files, db)
}

/// As whoever embeds the store does behind each write.
fn after_a_write(db: &Db) -> bool {
    db.checkpoint_due() && block_on(db.checkpoint_if_due()).unwrap().is_some()
}

fn sizes(files: &MemoryStorage) -> (u64, u64) {
    let all: Vec<FileInfo> = block_on(files.list()).unwrap();
    let newest = |prefix: &str| {
        all.iter().rev().find(|file| file.name.starts_with(prefix)).map_or(0, |file| file.length)
    };
    (newest("log-"), newest("blocks-"))
}

#[test]
fn a_log_of_large_writes_stays_within_its_share() {
    let (files, db) = opened();
    let (mut checkpoints, mut largest) = (0, 0);
    for first in (0..6_000).step_by(50) {
        block_on(db.upsert("c", rows("r", first..first + 50, 8))).unwrap();
        let snapshot = block_on(db.stats()).unwrap().snapshots.first().map_or(0, |kept| kept.bytes);
        let (log, _) = sizes(&files);
        // One write beyond it, at most.
        assert!(log <= LOG_BYTES.max(snapshot / 2) + 6_000, "{log} beside {snapshot}");
        largest = largest.max(log);
        checkpoints += usize::from(after_a_write(&db));
    }
    assert!(checkpoints > 1 && largest > LOG_BYTES, "{checkpoints} {largest}");
}

#[test]
fn a_log_of_tiny_writes_is_cut_down_by_their_number() {
    let (files, db) = opened();
    let (mut checkpoints, mut since) = (0, 1);
    for n in 0..3_000 {
        if n % 3 == 0 {
            block_on(db.delete("c", Target::Ids(vec!["r0".to_owned()]))).unwrap();
        }
        let before = db.last_write();
        block_on(db.upsert("c", rows("r", 0..1, 8))).unwrap();
        since += db.last_write() - before + u64::from(n % 3 == 0 && n > 0);
        assert!(sizes(&files).0 < LOG_BYTES, "their bytes alone would not make one due");
        if after_a_write(&db) {
            assert!(since.abs_diff(WRITES) < 4, "{since}");
            (checkpoints, since) = (checkpoints + 1, 0);
        }
    }
    assert!(checkpoints >= 9, "{checkpoints}");
    drop(db);
    let again = open(files).unwrap();
    assert!(again.open_report().frames_replayed <= WRITES + 2, "{}", again.open_report().frames_replayed);
}
