//! Storages that cannot read at once, that fail to, and that come back damaged.

use super::support::fault::{Borrowed, FaultStorage};
use super::support::{TestEnv, block_on, drain, open, rows};
use super::{DIMENSION, ask, codes, full, placed, same_answers, stored};
use lodestore::collection::{Config, Memory, Query};
use lodestore::error::{Error, Kind};
use lodestore::index::Metric;
use lodestore::storage::{FileInfo, MemoryStorage, Once, ReadNow, Source, Storage};
use lodestore::store::Database;
use std::cell::Cell;
use std::ops::Range;
use std::rc::Rc;

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
    assert!(block_on(db.stats()).unwrap().vector_bytes >= 3000 * DIMENSION as u64 * 4);
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

#[test]
fn a_host_that_refuses_a_read_while_a_log_is_replayed_is_not_damage() {
    let storage = FaultStorage::new(MemoryStorage::new(), u64::MAX, None);
    let db = stored(Borrowed(&storage), codes(Metric::Dot), 3000);
    block_on(db.checkpoint()).unwrap();
    // To make other codes again it reads vectors, which stay in storage.
    block_on(db.configure("c", codes(Metric::Cosine))).unwrap();
    drop(db);
    storage.refuse_reads_now(Some(Kind::Unavailable));
    let refused = open(Borrowed(&storage)).map(drop).unwrap_err();
    assert_eq!(refused.kind, Kind::Unavailable, "{refused}");
    storage.refuse_reads_now(None);
    let db = open(Borrowed(&storage)).unwrap();
    assert_eq!(db.state().unwrap().named("c").unwrap().config(), &codes(Metric::Cosine));
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

/// Puts other bytes into a file behind the back of a database.
fn overwrite(storage: &MemoryStorage, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = storage.files()[name].clone();
    change(&mut bytes);
    block_on(storage.remove(name)).unwrap();
    block_on(storage.create(name, &mut Once::new(bytes))).unwrap();
}

/// The file that has the vectors of row group 1, and where they begin.
fn second_group(db: &Database<MemoryStorage, TestEnv>) -> (String, usize) {
    let place = db.state().unwrap().named("c").unwrap().vectors().place(1).unwrap();
    (format!("blocks-{}", place.generation), place.offset as usize)
}

#[test]
fn damage_to_vectors_in_storage_is_found_and_not_written_on() {
    let storage = MemoryStorage::new();
    let db = stored(storage.clone(), codes(Metric::Cosine), 3000);
    let (name, offset) = second_group(&db);
    overwrite(&storage, &name, |bytes| bytes[offset + 100] ^= 1);
    // Opening does not read vectors that stay in storage: it is check that says it, ...
    for db in [&db, &open(storage.clone()).unwrap()] {
        let report = block_on(db.check()).unwrap();
        assert!(!report.ok && report.problems.iter().any(|one| one.what.contains(&name)), "{report:?}");
    }
    // ... an export that would carry it away, and a checkpoint that would copy it.
    let mut export = block_on(db.export()).unwrap();
    assert_eq!(block_on(drain(&mut export)).unwrap_err().kind, Kind::Corrupt);
    drop(export);
    block_on(db.upsert("c", rows("r", 1500..1501, DIMENSION))).unwrap();
    let before = storage.files();
    assert_eq!(block_on(db.checkpoint()).unwrap_err().kind, Kind::Corrupt);
    assert_eq!(storage.files(), before, "nothing is left of it");
    // Groups that are whole are still read and written.
    assert_eq!(ask(&db, &[1.0; DIMENSION], Some("{\"n\":{\"$lt\":9}}")).unwrap().len(), 9);
    block_on(db.upsert("c", rows("r", 3..4, DIMENSION))).unwrap();
}

/// In memory they would get a fresh checksum with the next snapshot. The simulation met it behind a log (seed 12671).
#[test]
fn damaged_vectors_do_not_come_into_memory_to_stay() {
    let storage = MemoryStorage::new();
    let db = stored(storage.clone(), codes(Metric::Cosine), 3000);
    let (name, offset) = second_group(&db);
    let full = Config { memory: Memory::Full, ..codes(Metric::Cosine) };
    let twin = MemoryStorage::from_files(storage.files());
    block_on(open(twin.clone()).unwrap().configure("c", full.clone())).unwrap();
    for files in [&storage, &twin] {
        overwrite(files, &name, |bytes| bytes[offset + 100] ^= 1);
    }
    let refused = block_on(db.configure("c", full)).unwrap_err();
    assert!(refused.kind == Kind::Corrupt && refused.message.contains(&name), "{refused}");
    assert!(db.state().unwrap().named("c").unwrap().leaves_vectors(), "it is as it was");
    block_on(db.upsert("c", rows("r", 3..4, DIMENSION))).unwrap();
    // Where the log asks for it.
    assert_eq!(open(twin).map(drop).unwrap_err().kind, Kind::Corrupt);
}

#[test]
fn vectors_that_went_missing_are_found_when_opening() {
    let storage = MemoryStorage::new();
    let db = stored(storage.clone(), codes(Metric::Cosine), 3000);
    let (name, offset) = second_group(&db);
    for length in [offset + 1024 * DIMENSION * 4 - 1, offset, 80] {
        let files = MemoryStorage::from_files(storage.files());
        overwrite(&files, &name, |bytes| bytes.truncate(length));
        assert_eq!(open(files).map(drop).unwrap_err().kind, Kind::Corrupt, "cut to {length}");
    }
    let files = MemoryStorage::from_files(storage.files());
    block_on(files.remove(&name)).unwrap();
    assert_eq!(open(files).map(drop).unwrap_err().kind, Kind::Corrupt, "removed");
}

#[test]
fn damaged_codes_are_made_again_from_the_vectors() {
    for metric in [Metric::Cosine, Metric::Dot] {
        let storage = MemoryStorage::new();
        let db = stored(storage.clone(), codes(metric), 3000);
        let (name, offset) = second_group(&db);
        let bytes = storage.files()[&name].clone();
        // Behind the vectors come rows, then codes: headers say which is which.
        let codes_at = (offset + 1024 * DIMENSION * 4..bytes.len() - 32)
            .find(|at| bytes[*at..].starts_with(b"LBLK\x04"))
            .unwrap();
        overwrite(&storage, &name, |bytes| bytes[codes_at + 20] ^= 1);
        let again = open(storage.clone()).unwrap();
        assert_eq!(again.open_report().codes_rebuilt, ["c"]);
        assert_eq!(placed(&again).0, [true, true, false]);
        same_answers(&db, &again, "made again");
        assert!(!block_on(again.check()).unwrap().ok);
        let written = block_on(again.checkpoint()).unwrap();
        assert!(written.blocks_written >= 3, "{written:?}");
        block_on(again.checkpoint()).unwrap();
        assert!(block_on(again.check()).unwrap().ok, "the kept snapshots name new ones");
        let again = open(storage).unwrap();
        assert!(again.open_report().codes_rebuilt.is_empty());
        same_answers(&db, &again, "stored again");
    }
}

/// Counts the bytes that are read while waiting.
struct Counting(MemoryStorage, Rc<Cell<u64>>);

impl Storage for Counting {
    async fn list(&self) -> lodestore::Result<Vec<FileInfo>> {
        self.0.list().await
    }
    async fn read(&self, name: &str, range: Range<u64>) -> lodestore::Result<Vec<u8>> {
        self.1.set(self.1.get() + range.end - range.start);
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
    fn reader(&self) -> Option<Rc<dyn ReadNow>> {
        self.0.reader()
    }
}

#[test]
fn opening_does_not_read_what_stays_in_storage() {
    let dimension = 256;
    let storage = MemoryStorage::new();
    let db = open(storage.clone()).unwrap();
    block_on(db.collection("c", Some(Config { dimension, ..codes(Metric::Cosine) }))).unwrap();
    block_on(db.upsert("c", rows("r", 0..4 * 1024, dimension))).unwrap();
    block_on(db.checkpoint()).unwrap();
    let read = Rc::new(Cell::new(0));
    let again = open(Counting(storage, read.clone())).unwrap();
    assert!(read.get() < 1_600_000, "{} bytes were read: 1 MiB are codes, 4 MiB vectors", read.get());
    assert_eq!(placed(&again), (vec![true; 4], placed(&db).1));
    let vector = rows("r", 2000..2001, dimension).vectors;
    let (state, again) = (db.state().unwrap(), again.state().unwrap());
    let query = Query { vector: &vector, top_k: 3, ..Query::default() };
    let answer = state.named("c").unwrap().query(&query).unwrap().hits;
    assert_eq!(again.named("c").unwrap().query(&query).unwrap().hits, answer);
    assert!(answer[0].score > 0.999);
}
