//! Archives that are made while a collection is being rebuilt.

use super::common::*;
use crate::support::{block_on, config, rows};
use lodestore::collection::{Config, Model};
use lodestore::format::archive4::ArchiveKind;
use lodestore::index::Metric;
use lodestore::storage::MemoryStorage;
use lodestore::store::{Level, Rebuild, Secret, StageOptions};
use std::rc::Rc;

type Rebuilding = Rc<Rebuild<MemoryStorage, World>>;

fn begun(db: &Db<MemoryStorage>) -> Rebuilding {
    let model = Some(Model { id: "m".to_owned(), version: "2".to_owned() });
    let config = Config { model, ..config(2, Metric::Dot) };
    let rebuild = Rc::new(block_on(db.rebuild("c", config)).unwrap());
    some(&rebuild, 2);
    rebuild
}

fn some(rebuild: &Rebuilding, most: usize) {
    let asked = rebuild.next(most).unwrap().len();
    block_on(rebuild.put(vec![1.5; 2 * asked])).unwrap();
}

fn filled(storage: &MemoryStorage) -> Db<MemoryStorage> {
    let db = open(storage.clone(), 1);
    collection(&db, "c");
    block_on(db.upsert("c", rows("r", 0..5, 3))).unwrap();
    db
}

/// A full archive before the rebuild has ended and an incremental one with its end are the database of then.
#[test]
fn a_rebuild_that_ends_after_the_full_archive_is_restored() {
    for kind in [ArchiveKind::Full, ArchiveKind::Differential] {
        let db = filled(&MemoryStorage::new());
        let mut chain = Vec::new();
        if kind == ArchiveKind::Differential {
            chain.push(full(&db));
        }
        let rebuild = begun(&db);
        let was = now(&db);
        chain.push(backup(&db, options(kind, chain.last())).unwrap());
        some(&rebuild, 10);
        block_on(rebuild.commit()).unwrap().unwrap();
        chain.push(after(&db, ArchiveKind::Incremental, chain.last().unwrap()));
        let is = now(&db);
        for one in &chain {
            verify(&one.bytes, Level::Contents, &Secret::None).unwrap();
        }
        let other = open(MemoryStorage::new(), 2);
        assert_eq!(restore(&other, &chain, StageOptions::default()).unwrap(), is);
        // Without the end of it there was none.
        let other = open(MemoryStorage::new(), 3);
        assert_eq!(restore(&other, &chain[..chain.len() - 1], StageOptions::default()).unwrap(), was);
        assert_eq!(other.state().unwrap().all().count(), 1);
        assert!(block_on(other.check()).unwrap().ok);
    }
}

/// Opening lets an unfinished rebuild go, which is a write like others.
#[test]
fn a_rebuild_that_was_let_go_after_the_full_archive_does_not_break_the_chain() {
    let storage = MemoryStorage::new();
    let db = filled(&storage);
    let rebuild = begun(&db);
    let mut chain = vec![full(&db)];
    drop((rebuild, db));
    let db = open(storage, 2);
    block_on(db.upsert("c", rows("later", 0..2, 3))).unwrap();
    chain.push(after(&db, ArchiveKind::Incremental, &chain[0]));
    let other = open(MemoryStorage::new(), 3);
    assert_eq!(restore(&other, &chain, StageOptions::default()).unwrap(), now(&db));
}
