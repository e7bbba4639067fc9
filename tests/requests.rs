//! Writes that are asked for by name: asked for again, after whatever happened, they are made once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test that fails panics

mod support;

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use lodestore::error::{Kind, Result};
use lodestore::index::Metric;
use lodestore::limits::{REQUESTS_MAX, REQUESTS_OF_CLIENT_MAX};
use lodestore::storage::MemoryStorage;
use lodestore::store::{Database, Options, Request, Target, Written};
use support::fault::FaultStorage;
use support::{TestEnv, block_on, config, rows};

type Db = Database<MemoryStorage, TestEnv>;

fn shared(storage: &MemoryStorage) -> Db {
    let options = Options { requests: true, ..Options::default() };
    block_on(Database::open(storage.clone(), TestEnv::default(), options)).unwrap()
}

fn with_notes() -> (MemoryStorage, Db) {
    let storage = MemoryStorage::new();
    let db = shared(&storage);
    block_on(db.collection("notes", Some(config(2, Metric::Dot)))).unwrap();
    (storage, db)
}

fn named(counter: u64, again: Option<u64>) -> Option<Request> {
    Some(Request { client: 0x1F_FFFF_FFFF_FFFF, counter, again })
}

fn upsert(db: &Db, request: Option<Request>, from: usize) -> Result<Written> {
    block_on(db.requested(request).upsert("notes", rows("r", from..from + 2, 2)))
}

fn delete(db: &Db, request: Option<Request>, id: &str) -> Result<Written> {
    block_on(db.requested(request).delete("notes", Target::Ids(vec![id.to_owned()])))
}

#[test]
fn a_write_that_is_asked_for_again_is_made_once_and_answered_the_same() {
    let (storage, db) = with_notes();
    let first = upsert(&db, named(1, None), 0).unwrap();
    let gone = delete(&db, named(2, None), "r1").unwrap();
    assert_eq!((first, gone), (Written { count: 2, seq: 2 }, Written { count: 1, seq: 3 }));
    // Somebody else writes the row anew: made a second time, the deletion would take that away.
    let theirs = upsert(&db, None, 1).unwrap();
    let again = |db: &Db| {
        assert_eq!(upsert(db, named(1, Some(1)), 0).unwrap(), first);
        assert_eq!(delete(db, named(2, Some(1)), "r1").unwrap(), gone);
        assert_eq!(db.state().unwrap().seq, theirs.seq, "nothing was written");
        assert_eq!(db.state().unwrap().named("notes").unwrap().len(), 3);
    };
    again(&db);
    // From the log, from a snapshot, and from a snapshot and the log behind it.
    again(&shared(&storage));
    let db = shared(&storage);
    block_on(db.checkpoint()).unwrap();
    again(&shared(&storage));
    // Another client, and another name, are other requests; so is one that was never made.
    let other = Request { client: 1, counter: 1, again: Some(1) };
    assert_eq!(upsert(&db, Some(other), 0).unwrap().seq, theirs.seq + 1);
    assert_eq!(upsert(&db, named(3, Some(1)), 0).unwrap().seq, theirs.seq + 2);
    let db = shared(&storage);
    assert_eq!(upsert(&db, Some(other), 0).unwrap().seq, theirs.seq + 1);
    assert!(block_on(db.check()).unwrap().ok);
}

#[test]
fn a_collection_that_was_made_by_request_is_not_made_again() {
    let (storage, db) = with_notes();
    let make = |db: &Db| {
        let db = db.requested(named(9, Some(0)));
        block_on(db.collection("other", Some(config(3, Metric::Dot))))
    };
    make(&db).unwrap();
    block_on(db.drop_collection("other")).unwrap();
    let db = shared(&storage);
    make(&db).unwrap();
    assert!(db.state().unwrap().find("other").is_none(), "it was made, and then dropped");
}

#[test]
fn what_was_forgotten_is_not_guessed() {
    let (storage, db) = with_notes();
    upsert(&db, named(1, None), 0).unwrap();
    for counter in 0..REQUESTS_OF_CLIENT_MAX as u64 {
        delete(&db, named(100 + counter, None), "r0").unwrap();
        upsert(&db, None, 0).unwrap();
    }
    for db in [&db, &shared(&storage)] {
        // The first one is no longer known, and who saw nothing since cannot know whether it was made.
        assert_eq!(upsert(db, named(1, Some(1)), 0).unwrap_err().kind, Kind::Unavailable);
        assert_eq!(upsert(db, named(50, Some(1)), 0).unwrap_err().kind, Kind::Unavailable);
        // The oldest that is known still is.
        assert_eq!(delete(db, named(100, Some(1)), "r0").unwrap().count, 1);
    }
    // Who saw more than was forgotten is sure.
    let seen = db.state().unwrap().seq;
    assert_eq!(upsert(&db, named(50, Some(seen)), 0).unwrap().seq, seen + 1);
}

#[test]
fn who_writes_much_does_not_make_others_forgotten() {
    let (_, db) = with_notes();
    let other = |counter, again| Some(Request { client: 7, counter, again });
    let first = upsert(&db, other(1, None), 0).unwrap();
    let second = upsert(&db, other(2, None), 0).unwrap();
    for counter in 0..2 * REQUESTS_MAX as u64 {
        upsert(&db, named(counter, None), 0).unwrap();
    }
    // It stood still meanwhile, with one write that was made and one that was not.
    assert_eq!(upsert(&db, other(2, Some(first.seq)), 0).unwrap(), second);
    let seq = db.state().unwrap().seq;
    assert_eq!(upsert(&db, other(3, Some(first.seq)), 0).unwrap().seq, seq + 1);

    // More clients than are remembered: the oldest go.
    for client in 0..REQUESTS_MAX as u64 {
        upsert(&db, Some(Request { client: 100 + client, counter: 1, again: None }), 0).unwrap();
    }
    assert_eq!(upsert(&db, other(2, Some(first.seq)), 0).unwrap_err().kind, Kind::Unavailable);
}

#[test]
fn only_who_shares_writes_files_of_version_3() {
    let versions = |storage: &MemoryStorage| {
        let files = storage.files();
        files.iter().map(|(name, bytes)| format!("{name}:{}", bytes[8])).collect::<Vec<_>>()
    };
    let (storage, db) = with_notes();
    upsert(&db, named(1, None), 0).unwrap();
    block_on(db.checkpoint()).unwrap();
    assert_eq!(versions(&storage), ["blocks-2:2", "log-3:3", "snapshot-2:3"]);

    // A log of version 2 is left for those who read no other.
    let storage = MemoryStorage::new();
    let db = support::open(storage.clone()).unwrap();
    block_on(db.collection("notes", Some(config(2, Metric::Dot)))).unwrap();
    let before = storage.files();
    let db = shared(&storage);
    assert_eq!(storage.files(), before);
    upsert(&db, named(1, None), 0).unwrap();
    assert_eq!(versions(&storage), ["log-1:2", "log-2:3"]);
    assert_eq!(storage.files()["log-1"], before["log-1"]);
}

/// The first attempt may still wait in the same queue: its leader was slow, and not gone.
#[test]
fn a_retry_that_waits_beside_the_first_attempt_is_not_made_twice() {
    let storage = FaultStorage::new(MemoryStorage::new(), u64::MAX, None);
    let options = Options { requests: true, ..Options::default() };
    let db = block_on(Database::open(storage, TestEnv::default(), options)).unwrap();
    block_on(db.collection("notes", Some(config(2, Metric::Dot)))).unwrap();
    let seen = db.state().unwrap().seq;
    // Something that is being appended, the write, somebody else's write of the same row, and the write again.
    let asked = [None, named(1, None), None, named(1, Some(seen))];
    let outcomes: Rc<RefCell<Vec<(usize, Written)>>> = Rc::default();
    let mut writes: Vec<_> = (0..asked.len())
        .map(|at| {
            let (db, outcomes) = (db.requested(asked[at]), outcomes.clone());
            Box::pin(async move {
                let written = db.upsert("notes", rows("r", 0..2, 2)).await.unwrap();
                outcomes.borrow_mut().push((at, written));
            })
        })
        .collect();
    block_on(poll_fn(|context| {
        writes.retain_mut(|write| write.as_mut().poll(context).is_pending());
        if writes.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    }));
    let outcome = |at: usize| outcomes.borrow().iter().find(|one| one.0 == at).unwrap().1;
    assert_eq!(outcome(3), outcome(1), "made once, answered twice");
    assert_eq!(db.state().unwrap().seq, seen + 3);
}
