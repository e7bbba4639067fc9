//! How large archives are, beside what changed.

use super::common::*;
use crate::support::{block_on, config, rows};
use lodestore::format::archive4::ArchiveKind;
use lodestore::index::Metric;
use lodestore::storage::MemoryStorage;

#[test]
fn a_differential_archive_has_what_changed_and_an_incremental_one_its_frames() {
    const ROWS: usize = 20_480;
    const DIMENSION: usize = 96;
    let db = open(MemoryStorage::new(), 1);
    block_on(db.collection("a", Some(config(DIMENSION, Metric::Cosine)))).unwrap();
    block_on(db.upsert("a", rows("r", 0..ROWS, DIMENSION))).unwrap();
    let base = full(&db);
    // One percent, one behind the other: in row groups that are nearly all changed.
    let changed = ROWS / 100;
    let row_bytes = base.bytes.len() / ROWS;
    let again = |n: usize| (0..n).map(|_| rows("r", 1024..1024 + changed * 5, DIMENSION)).next().unwrap();
    block_on(db.upsert("a", again(1))).unwrap();
    let clustered = after(&db, ArchiveKind::Differential, &base);
    assert!(
        clustered.bytes.len() <= 3 * changed * 5 * row_bytes,
        "{} bytes for {} rows of {row_bytes}",
        clustered.bytes.len(),
        changed * 5
    );
    let incremental_base = full(&db);
    let (before, log) = (db.last_write(), log_bytes(&db));
    for n in 0..50 {
        block_on(db.upsert("a", rows("s", n..n + 3, DIMENSION))).unwrap();
    }
    let incremental = after(&db, ArchiveKind::Incremental, &incremental_base);
    assert_eq!(incremental.manifest.frames, db.last_write() - before);
    let frames = log_bytes(&db) - log;
    assert!(incremental.bytes.len() as u64 * 10 <= frames * 11, "{} for {frames}", incremental.bytes.len());
    let none = after(&db, ArchiveKind::Incremental, &incremental);
    assert!(none.bytes.len() < 600, "nothing changed, and it takes {} bytes", none.bytes.len());
}

/// Bytes of the newest log.
fn log_bytes(db: &Db<MemoryStorage>) -> u64 {
    let files = db.storage().files();
    let logs = files.iter().filter_map(|(name, bytes)| {
        Some((name.strip_prefix("log-")?.parse::<u64>().ok()?, bytes.len() as u64))
    });
    logs.max().map_or(0, |(_, length)| length)
}
