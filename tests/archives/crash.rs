//! A fault at any call of the storage while a restore is staged and committed.

use super::common::*;
use crate::support::fault::{Borrowed, Fault, FaultStorage};
use crate::support::{block_on, rows};
use lodestore::error::{Error, Kind};
use lodestore::format::archive4::ArchiveKind;
use lodestore::storage::{FileInfo, MemoryStorage, Source, Storage};
use lodestore::store::{Database, Options, StageOptions, Target};
use std::cell::Cell;
use std::ops::Range;
use std::rc::Rc;

/// A chain of archives of another time, and what they hold.
fn chain() -> (Vec<Archive>, Contents) {
    let db = open(MemoryStorage::new(), 1);
    collection(&db, "a");
    block_on(db.upsert("a", rows("r", 0..9, 3))).unwrap();
    let base = full(&db);
    block_on(db.upsert("a", rows("r", 5..12, 3))).unwrap();
    block_on(db.delete("a", Target::Ids(vec!["r1".to_owned()]))).unwrap();
    let next = after(&db, ArchiveKind::Incremental, &base);
    (vec![base, next], now(&db))
}

fn living<S: Storage>(storage: S) -> Result<Db<S>, Error> {
    let db = block_on(Database::open(storage, World::new(5), Options::default()))?;
    block_on(db.collection("b", Some(crate::support::config(2, lodestore::index::Metric::Dot))))?;
    block_on(db.upsert("b", rows("s", 0..4, 2)))?;
    block_on(db.checkpoint())?;
    block_on(db.upsert("b", rows("t", 0..2, 2)))?;
    Ok(db)
}

#[test]
fn a_fault_at_any_call_leaves_what_was_or_what_is() {
    let (chain, was) = chain();
    let calm = FaultStorage::new(MemoryStorage::new(), u64::MAX, None);
    let db = living(Borrowed(&calm)).unwrap();
    let (is, before) = (now(&db), calm.calls());
    restore(&db, &chain, StageOptions::default()).unwrap();
    let done = calm.calls();
    assert_eq!(now(&db), was);
    let mut faults = vec![Fault::CrashBefore, Fault::CrashAfter, Fault::Refuse(Kind::Quota)];
    faults.push(Fault::Refuse(Kind::Unavailable));
    faults.extend((0..400).step_by(9).flat_map(|at| [Fault::CrashDuring(at), Fault::Cut(at, Kind::Quota)]));
    faults.push(Fault::Lie(Kind::Unavailable));
    let (mut olds, mut news) = (0, 0);
    for (call, fault) in (before..done).flat_map(|call| faults.iter().map(move |fault| (call, *fault))) {
        let what = format!("{fault:?} at call {call}");
        let files = MemoryStorage::new();
        let storage = FaultStorage::new(files.clone(), call, Some(fault));
        let db = living(Borrowed(&storage)).unwrap();
        let result = restore(&db, &chain, StageOptions::default());
        let last = if storage.crashed() {
            None
        } else {
            let expected = if result.is_ok() { &was } else { &is };
            assert_eq!(now(&db), *expected, "{what}");
            let name = if result.is_ok() { "a" } else { "b" };
            let dimension = if result.is_ok() { 3 } else { 2 };
            block_on(db.upsert(name, rows("later", 0..1, dimension)))
                .unwrap_or_else(|cause| panic!("{what}: {cause}"));
            Some(now(&db))
        };
        drop(db);
        let again = open(files, 6);
        let found = now(&again);
        match last {
            Some(last) => assert_eq!(found, last, "{what}, opened again"),
            None if found == is => olds += 1,
            None => {
                assert_eq!(found, was, "{what}, opened again");
                news += 1;
            }
        }
        // What a crash left behind goes with the next checkpoints.
        block_on(again.checkpoint()).unwrap();
        assert!(block_on(again.check()).unwrap().ok, "{what}");
    }
    assert!(olds > 100 && news > 5, "{olds} and {news}");
}

#[test]
fn giving_up_leaves_no_trace() {
    let (chain, _) = chain();
    let db = living(MemoryStorage::new()).unwrap();
    let (files, is) = (db.storage().files(), now(&db));
    let mut stage = block_on(db.stage(StageOptions::default())).unwrap();
    add(&mut stage, &chain).unwrap();
    block_on(stage.finish()).unwrap();
    assert!(db.storage().files().len() > files.len());
    block_on(stage.abort());
    assert_eq!(db.storage().files(), files);
    assert_eq!(now(&db), is);
    // One that was only dropped leaves files, and the next checkpoint removes them.
    let mut stage = block_on(db.stage(StageOptions::default())).unwrap();
    add(&mut stage, &chain).unwrap();
    drop(stage);
    block_on(db.checkpoint()).unwrap();
    let named: Vec<String> = db.storage().files().into_keys().collect();
    let blocks = named.iter().filter(|name| name.starts_with("blocks-")).count();
    assert_eq!(blocks, 2, "{named:?}");
}

/// A host that makes snapshots and says that it did not, and removes nothing, as long as it lies.
#[derive(Clone)]
struct Stubborn {
    files: MemoryStorage,
    lies: Rc<Cell<bool>>,
}

impl Storage for Stubborn {
    async fn list(&self) -> Result<Vec<FileInfo>, Error> {
        self.files.list().await
    }

    async fn read(&self, name: &str, range: Range<u64>) -> Result<Vec<u8>, Error> {
        self.files.read(name, range).await
    }

    async fn create(&self, name: &str, source: &mut impl Source) -> Result<(), Error> {
        self.files.create(name, source).await?;
        match self.lies.get() && name.starts_with("snapshot-") {
            true => Err(Error::new(Kind::Unavailable, "the host does not answer")),
            false => Ok(()),
        }
    }

    async fn append(&self, name: &str, at: u64, bytes: &[u8]) -> Result<(), Error> {
        self.files.append(name, at, bytes).await
    }

    async fn remove(&self, name: &str) -> Result<(), Error> {
        match self.lies.get() && name.starts_with("snapshot-") {
            true => Err(Error::new(Kind::Unavailable, "the host does not answer")),
            false => self.files.remove(name).await,
        }
    }
}

#[test]
fn a_switch_that_may_have_been_made_keeps_its_blocks() {
    let (chain, was) = chain();
    let storage = Stubborn { files: MemoryStorage::new(), lies: Rc::default() };
    let db = living(storage.clone()).unwrap();
    block_on(db.checkpoint()).unwrap();
    let is = now(&db);
    storage.lies.set(true);
    assert_eq!(restore(&db, &chain, StageOptions::default()).unwrap_err().kind, Kind::Unavailable);
    assert_eq!(now(&db), is, "nothing was switched to, as far as this handle goes");
    // What nobody seems to need goes, and the snapshot whose outcome is not known may need it.
    drop(block_on(db.prune(2)));
    drop(db);
    storage.lies.set(false);
    let again = open(storage.files, 6);
    assert_eq!(now(&again), was, "the snapshot had been made");
    assert!(block_on(again.check()).unwrap().ok);
}
