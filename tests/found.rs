//! What the simulation found in the store, each as a test of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test that fails panics

mod support;

use lodestore::error::{Error, Kind, Result};
use lodestore::index::Metric;
use lodestore::storage::{FileInfo, MemoryStorage, Source, Storage};
use lodestore::store::{Database, ImportOptions, Options, Point};
use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;
use support::fault::{Borrowed, Fault, FaultStorage};
use support::model::Model;
use support::{Pieces, TestEnv, block_on, config, drain, open, rows};

/// Fails what a rule says, after it happened or before.
#[derive(Clone, Default)]
struct Ruled {
    files: MemoryStorage,
    rule: Rc<RefCell<Option<Rule>>>,
}

/// Of a verb and a name: `Some(true)` when it happens and fails all the same, `Some(false)` when it only fails.
type Rule = Box<dyn Fn(&str, &str) -> Option<bool>>;

impl Ruled {
    fn set(&self, rule: impl Fn(&str, &str) -> Option<bool> + 'static) {
        *self.rule.borrow_mut() = Some(Box::new(rule));
    }

    fn clear(&self) {
        *self.rule.borrow_mut() = None;
    }

    async fn judged(&self, verb: &str, name: &str, call: impl Future<Output = Result<()>>) -> Result<()> {
        let verdict = self.rule.borrow().as_ref().and_then(|rule| rule(verb, name));
        if verdict != Some(false) {
            call.await?;
        }
        match verdict {
            None => Ok(()),
            Some(_) => Err(Error::new(Kind::Unavailable, "the connection was lost")),
        }
    }
}

impl Storage for Ruled {
    async fn list(&self) -> Result<Vec<FileInfo>> {
        self.files.list().await
    }
    async fn read(&self, name: &str, range: Range<u64>) -> Result<Vec<u8>> {
        self.files.read(name, range).await
    }
    async fn create(&self, name: &str, source: &mut impl Source) -> Result<()> {
        self.judged("create", name, self.files.create(name, source)).await
    }
    async fn append(&self, name: &str, at: u64, bytes: &[u8]) -> Result<()> {
        self.judged("append", name, self.files.append(name, at, bytes)).await
    }
    async fn remove(&self, name: &str) -> Result<()> {
        self.judged("remove", name, self.files.remove(name)).await
    }
}

fn filled<S: Storage>(storage: S, count: usize) -> Database<S, TestEnv> {
    let db = open(storage).unwrap();
    block_on(db.collection("c", Some(config(3, Metric::Dot)))).unwrap();
    block_on(db.upsert("c", rows("r", 0..count, 3))).unwrap();
    db
}

fn archive(db: &Database<impl Storage, TestEnv>) -> Vec<u8> {
    let mut export = block_on(db.export()).unwrap();
    block_on(drain(&mut export)).unwrap()
}

const REPLACE: ImportOptions = ImportOptions { replace: true, total_bytes: 0 };

fn import(db: &Database<impl Storage, TestEnv>, archive: &[u8]) -> Result<()> {
    block_on(db.import(&mut Pieces(archive.chunks(64)), REPLACE)).map(drop)
}

/// Zeros in the place of the last bytes of the checksum: the log was taken for damaged, and nothing opened any more.
#[test]
fn a_log_header_torn_anywhere_and_filled_up_with_zeros_is_passed_over() {
    let storage = MemoryStorage::new();
    let db = filled(storage.clone(), 5);
    let model = Model::read(&db);
    let before = storage.files();
    block_on(db.checkpoint()).unwrap();
    let header = storage.files()["log-3"].clone();
    for arrived in 0..80 {
        let mut files = before.clone();
        let mut torn = header[..arrived].to_vec();
        torn.resize(80, 0);
        files.insert("log-3".to_owned(), torn);
        let again =
            open(MemoryStorage::from_files(files)).unwrap_or_else(|cause| panic!("{arrived}: {cause}"));
        assert_eq!(Model::read(&again), model, "{arrived} bytes arrived");
    }
    // With a frame behind it, it is no log in the making.
    block_on(db.upsert("c", rows("r", 5..6, 3))).unwrap();
    let mut files = storage.files();
    files.get_mut("log-3").unwrap()[79] = 0;
    let damaged = files["log-3"] != storage.files()["log-3"];
    assert_eq!(open(MemoryStorage::from_files(files)).map(drop).is_err(), damaged);
}

/// Zeros in the place of a header with writes behind it: the log was taken for one in the making, and what was acknowledged was
/// not there. Found by what a salvage took for later writes of the log before it.
#[test]
fn a_log_with_frames_is_not_passed_over_whatever_became_of_its_header() {
    let storage = MemoryStorage::new();
    drop(filled(storage.clone(), 5));
    let mut files = storage.files();
    // The end of a write that a crash cut short: opening begins a log, and no snapshot names it.
    files.get_mut("log-1").unwrap().extend_from_slice(b"LFRM");
    let storage = MemoryStorage::from_files(files);
    let db = open(storage.clone()).unwrap();
    let before = Model::read(&db);
    let empty = storage.files();
    block_on(db.upsert("c", rows("r", 5..6, 3))).unwrap();
    for arrived in 0..80 {
        let mut files = storage.files();
        let log = files.get_mut("log-2").unwrap();
        log[arrived..80].fill(0);
        if *log == storage.files()["log-2"] {
            continue;
        }
        let refused = open(MemoryStorage::from_files(files.clone())).map(drop).map_err(|cause| cause.kind);
        assert_eq!(refused, Err(Kind::Corrupt), "{arrived} bytes of the header");
        let salvaged = block_on(Database::salvage(
            MemoryStorage::from_files(files.clone()),
            TestEnv::default(),
            Options::default(),
        ));
        assert_eq!(Model::read(&salvaged.unwrap()), Model::read(&db), "{arrived} bytes of the header");
        // Where only the length arrived, there is nothing in it.
        let log = files.get_mut("log-2").unwrap();
        log[80..].fill(0);
        let again = open(MemoryStorage::from_files(files)).map(|db| Model::read(&db));
        assert_eq!(again.map_err(|cause| cause.kind), Ok(before.clone()), "{arrived} bytes of the header");
    }
    let again = open(MemoryStorage::from_files(empty)).unwrap();
    assert_eq!(Model::read(&again), before);
}

/// An import is in no log: a damaged snapshot of it was passed over, and what was before came back.
#[test]
fn a_damaged_import_is_not_taken_for_what_was_before() {
    let archive = archive(&filled(MemoryStorage::new(), 2));
    let storage = MemoryStorage::new();
    let db = filled(storage.clone(), 7);
    block_on(db.checkpoint()).unwrap();
    import(&db, &archive).unwrap();
    let imported = Model::read(&db);
    let files = storage.files();
    let snapshot = files.keys().rfind(|name| name.starts_with("snapshot-")).unwrap().clone();
    for bit in 0..files[&snapshot].len() * 8 {
        let mut damaged = files.clone();
        damaged.get_mut(&snapshot).unwrap()[bit / 8] ^= 1 << (bit % 8);
        match open(MemoryStorage::from_files(damaged)) {
            Ok(db) => assert_eq!(Model::read(&db), imported, "bit {bit}"),
            Err(cause) => assert_eq!(cause.kind, Kind::Corrupt, "bit {bit}"),
        }
    }
}

/// The snapshot of an import arrived though it failed, and could not be removed: what was written and acknowledged
/// afterwards had numbers that this snapshot claims to cover, and was gone.
#[test]
fn a_failed_import_does_not_swallow_what_is_written_after_it() {
    let archive = archive(&filled(MemoryStorage::new(), 2));
    let storage = Ruled::default();
    let db = filled(storage.clone(), 7);
    storage.set(|verb, name| match verb {
        "create" => name.starts_with("snapshot-").then_some(true),
        "remove" => Some(false),
        _ => None,
    });
    assert_eq!(import(&db, &archive).unwrap_err().kind, Kind::Unavailable);
    // As long as it cannot be taken back, nothing is written.
    let refused = block_on(db.upsert("c", rows("r", 7..8, 3))).unwrap_err();
    assert_eq!(refused.kind, Kind::Unavailable);
    assert_eq!(db.state().unwrap().named("c").unwrap().len(), 7);
    storage.clear();
    block_on(db.upsert("c", rows("r", 7..9, 3))).unwrap();
    let again = open(storage.files.clone()).unwrap();
    assert_eq!(Model::read(&again), Model::read(&db));
    assert_eq!(again.state().unwrap().named("c").unwrap().len(), 9);
    block_on(again.checkpoint()).unwrap();
    assert!(block_on(again.check()).unwrap().ok);
}

/// A snapshot that could not be removed lost its blocks and its log all the same, and was then found damaged.
#[test]
fn pruning_takes_nothing_from_a_snapshot_that_it_could_not_remove() {
    let storage = Ruled::default();
    let db = filled(storage.clone(), 3);
    let write = |n: usize| block_on(db.upsert("c", rows("r", n..n + 1, 3))).map(drop).unwrap();
    for n in 3..8 {
        write(n);
        block_on(db.checkpoint()).unwrap();
    }
    storage.set(|verb, name| (verb == "remove" && name.starts_with("snapshot-")).then_some(false));
    for n in 8..11 {
        write(n);
        block_on(db.checkpoint()).unwrap();
    }
    let check = block_on(open(storage.files.clone()).unwrap().check()).unwrap();
    assert!(check.ok, "{check:?}");
    storage.clear();
    block_on(db.checkpoint()).unwrap();
    let snapshots = storage.files.files().keys().filter(|name| name.starts_with("snapshot-")).count();
    assert_eq!(snapshots, 2, "tried again");
}

/// A log from before an import could not be removed, and the import was forgotten all the same: it looked as if the log went on
/// where the import had been.
#[test]
fn an_import_is_remembered_as_long_as_a_log_from_before_it_is_there() {
    let storage = Ruled::default();
    let db = open(storage.clone()).unwrap();
    // Going back is an import of what was.
    let nothing = block_on(db.as_of(Point::Seq(0))).unwrap();
    block_on(db.restore(nothing)).unwrap();
    block_on(db.collection("c", Some(config(3, Metric::Dot)))).unwrap();
    storage.set(|verb, name| (verb == "remove" && name == "log-3").then_some(false));
    for count in 4..7 {
        block_on(db.upsert("c", rows("r", 0..count, 3))).unwrap();
        block_on(db.checkpoint()).unwrap();
        for point in block_on(db.history()).unwrap().points {
            for seq in point.seq..=point.to_seq {
                block_on(db.as_of(Point::Seq(seq)))
                    .unwrap_or_else(|cause| panic!("{seq} of {point:?}: {cause}"));
            }
        }
    }
}

/// A checkpoint whose snapshot arrived though it failed: the next one removed its blocks and left its name.
#[test]
fn a_failed_checkpoint_is_taken_back_whole_or_stays_whole() {
    let storage = Ruled::default();
    let db = filled(storage.clone(), 3);
    block_on(db.checkpoint()).unwrap();
    block_on(db.upsert("c", rows("r", 3..4, 3))).unwrap();
    storage.set(|verb, name| match verb {
        "create" => name.starts_with("snapshot-").then_some(true),
        _ => (verb == "remove").then_some(false),
    });
    assert_eq!(block_on(db.checkpoint()).unwrap_err().kind, Kind::Unavailable);
    let left = open(MemoryStorage::from_files(storage.files.files())).unwrap();
    assert!(block_on(left.check()).unwrap().ok);
    storage.clear();
    for n in 4..7 {
        block_on(db.upsert("c", rows("r", n..n + 1, 3))).unwrap();
        block_on(db.checkpoint()).unwrap();
        let again = open(MemoryStorage::from_files(storage.files.files())).unwrap();
        let check = block_on(again.check()).unwrap();
        assert!(check.ok, "{check:?}");
        assert_eq!(Model::read(&again), Model::read(&db));
    }
}

/// An archive made during a rebuild brought the half-built collection along: its rows were counted, and the collection
/// could not be rebuilt until the database was opened again.
#[test]
fn what_was_being_rebuilt_is_not_imported() {
    let source = filled(MemoryStorage::new(), 4);
    let rebuild = block_on(source.rebuild("c", config(2, Metric::Dot))).unwrap();
    rebuild.next(3).unwrap();
    block_on(rebuild.put(vec![0.5; 6])).unwrap();
    let bytes = archive(&source);
    let storage = MemoryStorage::new();
    let db = open(storage.clone()).unwrap();
    let result = block_on(db.import(&mut Pieces(bytes.chunks(64)), REPLACE)).unwrap();
    assert_eq!((result.collections, result.rows), (1, 4));
    block_on(db.rebuild("c", config(2, Metric::Dot))).map(drop).unwrap();
    block_on(db.checkpoint()).unwrap();
    assert_eq!(Model::read(&open(storage).unwrap()), Model::read(&source));
}

/// Imports into a storage that fails at one call after the other.
#[test]
fn an_import_that_fails_at_any_call_changes_nothing_or_everything() {
    let bytes = archive(&filled(MemoryStorage::new(), 2));
    let imported = Model::read(&filled(MemoryStorage::new(), 2));
    for fault in [Fault::Lie(Kind::Unavailable), Fault::Refuse(Kind::Quota), Fault::Cut(90, Kind::Quota)] {
        for at in 3..12 {
            let storage = FaultStorage::new(MemoryStorage::new(), at, Some(fault));
            let db = filled(Borrowed(&storage), 7);
            let before = Model::read(&db);
            let expected = match import(&db, &bytes) {
                Ok(()) => &imported,
                Err(_) => &before,
            };
            assert_eq!(&Model::read(&db), expected, "call {at} {fault:?}");
            // It fails once at most.
            let write = || block_on(db.upsert("c", rows("s", 0..1, 3)));
            write().or_else(|_| write()).unwrap();
            let again = open(storage.files.clone()).unwrap();
            assert_eq!(Model::read(&again), Model::read(&db), "call {at} {fault:?}");
        }
    }
}
