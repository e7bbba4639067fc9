//! Group commit: what is asked for in one breath is one append.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test that fails panics

mod support;

use lodestore::error::Kind;
use lodestore::index::Metric;
use lodestore::storage::{MemoryStorage, Storage};
use lodestore::store::{Database, Intent, Written};
use std::future::poll_fn;
use std::task::Poll;
use support::fault::FaultStorage;
use support::{TestEnv, block_on, config, open, rows};

#[test]
fn writes_of_one_breath_are_one_append() {
    let files = MemoryStorage::new();
    let db = open(FaultStorage::new(files.clone(), u64::MAX, None)).unwrap();
    block_on(db.collection("c", Some(config(8, Metric::Cosine)))).unwrap();
    let before = db.storage().calls();
    let ask = |n: usize| Box::pin(db.upsert("c", rows("r", n..n + 1, 8)));
    let mut writes: Vec<_> = (0..64).map(ask).collect();
    let mut seqs = Vec::new();
    block_on(poll_fn(|context| {
        writes.retain_mut(|write| match write.as_mut().poll(context) {
            Poll::Ready(written) => {
                seqs.push(written.unwrap().seq);
                false
            }
            Poll::Pending => true,
        });
        if writes.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    }));
    assert_eq!(db.storage().calls() - before, 1);
    assert_eq!(seqs, (2..66).collect::<Vec<u64>>(), "in the order in which they were asked for");
    assert_eq!(open(files).unwrap().open_report().rows, 64);
}

#[test]
fn what_is_queued_goes_along_before_it_is_polled() {
    let files = MemoryStorage::new();
    let db = open(FaultStorage::new(files.clone(), u64::MAX, None)).unwrap();
    block_on(db.collection("c", Some(config(8, Metric::Cosine)))).unwrap();
    let before = db.storage().calls();
    let ask = |n: usize| Box::pin(db.queue(Intent::upsert("c".to_owned(), rows("r", n..n + 1, 8))));
    let mut queued: Vec<_> = (0..64).map(ask).collect();
    // Whoever is polled first appends for all of them, in the order in which they were asked for.
    let last = queued.pop().unwrap();
    assert_eq!(block_on(last).unwrap().seq, 65);
    assert_eq!(db.storage().calls() - before, 1);
    let seqs: Vec<u64> = queued.into_iter().map(|one| block_on(one).unwrap().seq).collect();
    assert_eq!(seqs, (2..65).collect::<Vec<u64>>());
    // What nobody waits for is made all the same, with the next write.
    drop(db.queue(Intent::upsert("c".to_owned(), rows("s", 0..1, 8))));
    block_on(db.upsert("c", rows("s", 1..2, 8))).unwrap();
    assert_eq!(db.storage().calls() - before, 2);
    assert_eq!(open(files).unwrap().open_report().rows, 66);
}

#[test]
fn what_has_room_is_not_refused_along_with_what_has_none() {
    let files = MemoryStorage::new();
    let db = open(FaultStorage::new(files.clone(), u64::MAX, None)).unwrap();
    block_on(db.collection("c", Some(config(8, Metric::Cosine)))).unwrap();
    let before = db.storage().calls();
    db.storage().set_room(1_000);
    let ask = |name: &str, count: usize| db.queue(Intent::upsert("c".to_owned(), rows(name, 0..count, 8)));
    let queued =
        [ask("a", 1), ask("long", 500), ask("b", 1), ask("longer", 600), ask("long", 1), ask("d", 600)];
    let outcomes: Vec<_> = queued.into_iter().map(|one| block_on(one).map_err(|cause| cause.kind)).collect();
    let written = |seq: u64| Ok(Written { count: 1, seq });
    let refused = Err(Kind::Quota);
    assert_eq!(outcomes, [written(2), refused, written(3), refused, written(4), refused]);
    // All together, then one by one, without those that are as long as one that was refused.
    assert_eq!(db.storage().calls() - before, 5);
    assert_eq!(ids(&db), ["a0", "b0", "long0"]);
    db.storage().set_room(usize::MAX);
    assert_eq!(block_on(db.upsert("c", rows("e", 0..500, 8))).unwrap().seq, 5);
    let expected = ids(&db);
    drop(db);
    let again = open(files).unwrap();
    assert_eq!(ids(&again), expected);
    assert_eq!(again.open_report().bytes_dropped, 0);
    assert!(block_on(again.check()).unwrap().problems.is_empty());
}

fn ids<S: Storage>(db: &Database<S, TestEnv>) -> Vec<String> {
    let state = db.state().unwrap();
    let mut ids: Vec<String> = state.named("c").unwrap().ids().map(|(id, _)| id.to_string()).collect();
    ids.sort();
    ids
}
