//! Storages that cannot read at once, that fail to, and that come back damaged.

use super::support::fault::{Borrowed, FaultStorage};
use super::support::{TestEnv, block_on, open, rows};
use super::{DIMENSION, ask, codes, full, placed, same_answers, stored};
use lodestore::error::{Error, Kind};
use lodestore::index::Metric;
use lodestore::storage::{FileInfo, MemoryStorage, Source, Storage};
use lodestore::store::Database;
use std::ops::Range;

/// A storage that cannot read without waiting.
#[derive(Clone)]
struct Waiting(MemoryStorage);

impl Storage for Waiting {
    async fn list(&self) -> lodestore::Result<Vec<FileInfo>> {
        self.0.list().await
    }
    async fn read(&self, name: &str, range: Range<u64>) -> lodestore::Result<Vec<u8>> {
        self.0.read(name, range).await
    }
    async fn create(&self, name: &str, source: &mut impl Source) -> lodestore::Result<()> {
        self.0.create(name, source).await
    }
    async fn append(&self, name: &str, at: u64, bytes: &[u8]) -> lodestore::Result<()> {
        self.0.append(name, at, bytes).await
    }
    async fn remove(&self, name: &str) -> lodestore::Result<()> {
        self.0.remove(name).await
    }
}

#[test]
fn a_storage_that_cannot_read_at_once_is_told_so_and_keeps_everything() {
    let db = stored(Waiting(MemoryStorage::new()), full(Metric::Cosine), 2000);
    let refused = |outcome: Result<(), Error>| {
        let cause = outcome.unwrap_err();
        assert!(cause.kind == Kind::Unavailable && cause.message.contains("readInto"), "{cause}");
    };
    refused(block_on(db.collection("d", Some(codes(Metric::Cosine)))));
    refused(block_on(db.configure("c", codes(Metric::Cosine))).map(drop));
    refused(block_on(db.rebuild("c", codes(Metric::Cosine))).map(drop));
    assert_eq!((db.collections().unwrap().len(), block_on(db.stats()).unwrap().seq), (1, 2));

    // One that was made elsewhere is opened, works, and says so.
    let storage = MemoryStorage::new();
    let able = stored(storage.clone(), codes(Metric::Cosine), 3000);
    assert!(able.open_report().vectors_in_memory.is_empty());
    let db = open(Waiting(storage.clone())).unwrap();
    assert_eq!(db.open_report().vectors_in_memory, ["c"]);
    assert_eq!(placed(&db).0, [false; 3]);
    assert!(db.collections().unwrap()[0].vector_bytes >= 3000 * DIMENSION * 4);
    same_answers(&able, &db, "all in memory");
    block_on(db.collection("c", Some(codes(Metric::Cosine)))).unwrap();
    block_on(db.upsert("c", rows("r", 2990..3100, DIMENSION))).unwrap();
    block_on(db.configure("c", codes(Metric::Dot))).unwrap();
    block_on(db.checkpoint()).unwrap();
    assert!(!db.checkpoint_due() && block_on(db.check()).unwrap().ok);
    let able = open(storage).unwrap();
    assert_eq!(placed(&able).0, [true, true, true, false]);
    same_answers(&able, &db, "back again");
}

#[test]
fn reads_that_fail_are_errors_and_writing_goes_on() {
    let storage = FaultStorage::new(MemoryStorage::new(), u64::MAX, None);
    let oracle = stored(MemoryStorage::new(), full(Metric::Dot), 3000);
    let db = stored(Borrowed(&storage), codes(Metric::Dot), 3000);
    for kind in [Kind::Unavailable, Kind::Invalid] {
        storage.refuse_reads_now(Some(kind));
        let expected = if kind == Kind::Invalid { Kind::Corrupt } else { kind };
        assert_eq!(ask(&db, &[1.0; DIMENSION], None).unwrap_err().kind, expected);
        assert_eq!(db.state().unwrap().named("c").unwrap().vector(5).unwrap_err().kind, expected);
        let refused = block_on(db.configure("c", codes(Metric::Cosine))).unwrap_err();
        assert_eq!(refused.kind, expected, "{refused}");
        assert_eq!(block_on(db.configure("c", full(Metric::Dot))).unwrap_err().kind, expected);
        for db in [&oracle as &dyn Writes, &db] {
            db.write(rows("r", 100..103, DIMENSION));
            db.write(rows("r", 3000..3010, DIMENSION));
        }
        block_on(db.checkpoint()).unwrap();
        storage.refuse_reads_now(None);
        same_answers(&oracle, &db, "reads work again");
        assert_eq!(db.state().unwrap().named("c").unwrap().config(), &codes(Metric::Dot));
    }
    same_answers(&oracle, &open(storage.files.clone()).unwrap(), "reopened");
}

/// Two databases on different storages in one list.
trait Writes {
    fn write(&self, rows: lodestore::collection::Rows);
}

impl<S: Storage> Writes for Database<S, TestEnv> {
    fn write(&self, rows: lodestore::collection::Rows) {
        block_on(self.upsert("c", rows)).unwrap();
    }
}

#[test]
fn damage_to_vectors_in_storage_is_found_and_not_written_on() {
    let storage = MemoryStorage::new();
    let db = stored(storage.clone(), codes(Metric::Cosine), 3000);
    let place = db.state().unwrap().named("c").unwrap().vectors().place(1).unwrap();
    let name = format!("blocks-{}", place.generation);
    let mut files = storage.files();
    files.get_mut(&name).unwrap()[place.offset as usize + 100] ^= 1;
    let damaged = MemoryStorage::from_files(files);
    // Opening reads every block once, and falls back as it always does; here there is nothing to fall back on.
    assert_eq!(open(damaged.clone()).map(drop).unwrap_err().kind, Kind::Corrupt);

    // It comes while the database is open: check says it, and a checkpoint that would copy it stops.
    block_on(storage.remove(&name)).unwrap();
    let bytes = damaged.files()[&name].clone();
    block_on(storage.create(&name, &mut lodestore::storage::Once::new(bytes))).unwrap();
    let report = block_on(db.check()).unwrap();
    assert!(!report.ok && report.problems.iter().any(|one| one.what.contains(&name)), "{report:?}");
    block_on(db.upsert("c", rows("r", 1500..1501, DIMENSION))).unwrap();
    let before = storage.files();
    assert_eq!(block_on(db.checkpoint()).unwrap_err().kind, Kind::Corrupt);
    assert_eq!(storage.files(), before, "nothing is left of it");
    // Groups that are whole are still read and written.
    assert_eq!(ask(&db, &[1.0; DIMENSION], Some("{\"n\":{\"$lt\":9}}")).unwrap().len(), 9);
    block_on(db.upsert("c", rows("r", 3..4, DIMENSION))).unwrap();
}
