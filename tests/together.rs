//! Group commit: what is asked for in one breath is one append.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test that fails panics

mod support;

use lodestore::index::Metric;
use lodestore::storage::MemoryStorage;
use std::future::poll_fn;
use std::task::Poll;
use support::fault::FaultStorage;
use support::{block_on, config, open, rows};

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
