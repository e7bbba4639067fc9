//! What the store promises beyond the model: checkpoints cost what changed, writers share an append, bad input
//! changes nothing, a rebuild switches in one step.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test that fails panics

mod support;

use lodestore::collection::{Config, HnswConfig, IndexKind, Memory, Model, Plan, Quantization, Query, Rows};
use lodestore::error::Kind;
use lodestore::index::Metric;
use lodestore::metadata::Filter;
use lodestore::storage::MemoryStorage;
use lodestore::store::{Database, Intent, Options, Target};
use std::rc::Rc;
use support::fault::FaultStorage;
use support::model::Model as Contents;
use support::{TestEnv, block_on, config, open, rows};

fn with_rows(count: usize) -> (MemoryStorage, Database<MemoryStorage, TestEnv>) {
    let storage = MemoryStorage::new();
    let db = open(storage.clone()).unwrap();
    block_on(db.collection("c", Some(config(4, Metric::Cosine)))).unwrap();
    block_on(db.upsert("c", rows("r", 0..count, 4))).unwrap();
    (storage, db)
}

#[test]
fn a_checkpoint_writes_what_changed_and_nothing_else() {
    let (storage, db) = with_rows(5 * 1024);
    let first = block_on(db.checkpoint()).unwrap();
    assert_eq!((first.blocks_written, first.blocks_reused), (10, 0));
    let nothing = block_on(db.checkpoint()).unwrap();
    assert_eq!((nothing.blocks_written, nothing.blocks_reused), (0, 10));
    assert!(nothing.bytes_written < 1000, "{nothing:?}");

    // One row of group 2: its vectors and its rows. With the same vector, and metadata alone: its rows.
    let mut changed = rows("r", 2100..2101, 4);
    changed.vectors[0] += 1.0;
    block_on(db.upsert("c", changed)).unwrap();
    assert_eq!(block_on(db.checkpoint()).unwrap().blocks_written, 2);
    block_on(db.upsert("c", rows("r", 3100..3101, 4))).unwrap();
    assert_eq!(block_on(db.checkpoint()).unwrap().blocks_written, 1);
    let target = Target::Ids(vec!["r4000".to_owned()]);
    block_on(db.update("c", target, vec!["{\"x\":1}".to_owned()], false)).unwrap();
    assert_eq!(block_on(db.checkpoint()).unwrap().blocks_written, 1);
    assert_eq!(block_on(db.stats()).unwrap().snapshots.len(), 2);

    let contents = Contents::read(&open(storage).unwrap());
    assert_eq!(contents, Contents::read(&db));
    assert_eq!(contents.0["c"].rows.len(), 5 * 1024);
}

#[test]
fn storage_stays_in_proportion_to_the_data() {
    let (storage, db) = with_rows(4 * 1024);
    block_on(db.checkpoint()).unwrap();
    let size = || storage.files().values().map(Vec::len).sum::<usize>();
    let once = size();
    for round in 0..40 {
        // A different group each time, so that no blocks file dies at once.
        let from = round % 4 * 1024;
        block_on(db.upsert("c", rows("r", from..from + 1024, 4))).unwrap();
        block_on(db.checkpoint()).unwrap();
    }
    assert!(size() < once * 4, "{} bytes after rewriting, {once} before", size());
    let reopened = open(storage).unwrap();
    assert_eq!(reopened.state().unwrap().named("c").unwrap().len(), 4 * 1024);
}

#[test]
fn a_checkpoint_is_due_when_the_log_outgrows_its_share() {
    let storage = MemoryStorage::new();
    let options = Options { checkpoint_log_bytes: 10_000, ..Options::default() };
    let db = block_on(Database::open(storage, TestEnv::default(), options)).unwrap();
    block_on(db.collection("c", Some(config(4, Metric::Cosine)))).unwrap();
    assert!(!db.checkpoint_due());
    block_on(db.upsert("c", rows("r", 0..500, 4))).unwrap();
    assert!(db.checkpoint_due());
    assert!(block_on(db.checkpoint_if_due()).unwrap().is_some());
    assert!(!db.checkpoint_due());
    assert_eq!(block_on(db.checkpoint_if_due()).unwrap(), None, "asked for twice, made once");
}

#[test]
fn writers_that_wait_share_an_append() {
    let storage = FaultStorage::new(MemoryStorage::new(), u64::MAX, None);
    let files = storage.files.clone();
    let db = block_on(Database::open(storage, TestEnv::default(), Options::default())).unwrap();
    block_on(db.collection("c", Some(config(4, Metric::Cosine)))).unwrap();
    let before = db.storage().calls();
    let outcome: Rc<std::cell::RefCell<Vec<u64>>> = Rc::default();
    // Every call of this storage yields once, so that the others queue up behind the first.
    let mut writes: Vec<_> = (0..50)
        .map(|n| {
            let (db, outcome) = (db.clone(), outcome.clone());
            Box::pin(async move {
                let written = db.upsert("c", rows("w", n..n + 1, 4)).await.unwrap();
                outcome.borrow_mut().push(written.seq);
            })
        })
        .collect();
    block_on(std::future::poll_fn(|context| {
        writes.retain_mut(|write| write.as_mut().poll(context).is_pending());
        if writes.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    }));
    let appends = db.storage().calls() - before;
    assert!(appends <= 3, "{appends} appends for 50 writes");
    assert_eq!(
        *outcome.borrow(),
        (2..52).collect::<Vec<u64>>(),
        "in the order of asking, each its own number"
    );
    assert_eq!(open(files).unwrap().state().unwrap().named("c").unwrap().len(), 50);
}

#[test]
fn a_bad_write_among_good_ones_fails_alone() {
    let storage = FaultStorage::new(MemoryStorage::new(), u64::MAX, None);
    let db = block_on(Database::open(storage, TestEnv::default(), Options::default())).unwrap();
    block_on(db.collection("c", Some(config(4, Metric::Cosine)))).unwrap();
    let mut bad = rows("bad", 0..1, 4);
    bad.vectors[2] = f32::NAN;
    let writes = [rows("a", 0..1, 4), bad, rows("b", 0..1, 4)];
    let mut writes: Vec<_> = writes.into_iter().map(|rows| Some(Box::pin(db.upsert("c", rows)))).collect();
    let mut results = vec![None, None, None];
    block_on(std::future::poll_fn(|context| {
        for (write, result) in writes.iter_mut().zip(&mut results) {
            if let Some(std::task::Poll::Ready(done)) =
                write.as_mut().map(|write| write.as_mut().poll(context))
            {
                (*write, *result) = (None, Some(done));
            }
        }
        if results.iter().all(Option::is_some) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    }));
    let kinds: Vec<_> =
        results.into_iter().map(|result| result.unwrap().map_err(|cause| cause.kind)).collect();
    assert!(kinds[0].is_ok() && kinds[2].is_ok(), "{kinds:?}");
    assert_eq!(kinds[1], Err(Kind::Invalid));
    assert_eq!(db.state().unwrap().named("c").unwrap().len(), 2);
    assert_eq!(db.state().unwrap().seq, 3, "a refused write takes no number");
}

#[test]
fn bad_input_is_refused_and_changes_nothing() {
    let (storage, db) = with_rows(3);
    let before = (storage.files(), Contents::read(&db));
    let row = |id: &str, vector: &[f32], metadata: &str| Rows {
        ids: vec![id.to_owned()],
        vectors: vector.to_vec(),
        metadata: vec![metadata.to_owned()],
    };
    let fine = [1.0, 2.0, 3.0, 4.0];
    let deep = format!("{}1{}", "{\"a\":".repeat(17), "}".repeat(17));
    let bad = [
        ("dimension", row("a", &fine[..3], "{}")),
        ("NaN", row("a", &[1.0, f32::NAN, 0.0, 0.0], "{}")),
        ("infinity", row("a", &[1.0, f32::INFINITY, 0.0, 0.0], "{}")),
        ("zero vector", row("a", &[0.0; 4], "{}")),
        ("empty id", row("", &fine, "{}")),
        ("long id", row(&"x".repeat(513), &fine, "{}")),
        ("no object", row("a", &fine, "[1]")),
        ("no JSON", row("a", &fine, "{\"a\":")),
        ("deep", row("a", &fine, &deep)),
        ("large", row("a", &fine, &format!("{{\"a\":\"{}\"}}", "x".repeat(70_000)))),
        ("columns", Rows { metadata: vec![], ..row("a", &fine, "{}") }),
    ];
    for (what, rows) in bad {
        let cause = block_on(db.upsert("c", rows)).unwrap_err();
        assert_eq!(cause.kind, Kind::Invalid, "{what}: {cause}");
    }
    let unknown = block_on(db.upsert("nobody", rows("r", 0..1, 4))).unwrap_err();
    assert!(unknown.to_string().contains("[c]"), "the error lists what there is: {unknown}");
    assert!(block_on(db.collection("nobody", None)).is_err());
    assert!(block_on(db.collection("", Some(config(4, Metric::Dot)))).is_err());
    assert!(block_on(db.collection("zero", Some(config(0, Metric::Dot)))).is_err());
    assert!(block_on(db.collection("huge", Some(config(20_000, Metric::Dot)))).is_err());
    {
        let state = db.state().unwrap();
        let collection = state.named("c").unwrap();
        let query = Query { vector: &fine, top_k: 1, ..Query::default() };
        for top_k in [0, 10_001, 1_000_000_000] {
            let cause = collection.query(&Query { top_k, ..query.clone() }).unwrap_err();
            assert_eq!(cause.kind, Kind::Invalid);
        }
        assert!(collection.query(&Query { vector: &fine[..2], ..query.clone() }).is_err());
        assert!(collection.query(&Query { vector: &[0.0; 4], ..query.clone() }).is_err());
        assert!(collection.query(&Query { min_score: Some(f32::NAN), ..query }).is_err());
        assert!(collection.page(None, None, 0).is_err());
    }
    assert_eq!((storage.files(), Contents::read(&db)), before);
}

#[test]
fn another_configuration_is_refused_with_both() {
    let storage = MemoryStorage::new();
    let db = open(storage).unwrap();
    let model = |version: &str| Some(Model { id: "m".to_owned(), version: version.to_owned() });
    let stored = Config { model: model("1"), ..config(4, Metric::Cosine) };
    block_on(db.collection("c", Some(stored.clone()))).unwrap();
    block_on(db.collection("c", Some(stored.clone()))).unwrap();
    let others = [
        Config { dimension: 5, ..stored.clone() },
        Config { metric: Metric::Dot, ..stored.clone() },
        Config { model: model("2"), ..stored.clone() },
        Config { model: None, ..stored.clone() },
        Config { index: IndexKind::Hnsw, ..stored.clone() },
        Config { quantization: Quantization::Int8, ..stored.clone() },
        Config { quantization: Quantization::Int8, memory: Memory::Codes, ..stored.clone() },
        Config { hnsw: HnswConfig { m: 17, ..HnswConfig::DEFAULT }, ..stored.clone() },
        Config { hnsw: HnswConfig { ef_construction: 201, ..HnswConfig::DEFAULT }, ..stored.clone() },
        Config { hnsw: HnswConfig { ef: 65, ..HnswConfig::DEFAULT }, ..stored.clone() },
        Config { hnsw: HnswConfig { seed: 2, ..HnswConfig::DEFAULT }, ..stored.clone() },
        Config { oversample: Some(1), ..stored },
    ];
    for other in others {
        let cause = block_on(db.collection("c", Some(other))).unwrap_err();
        assert_eq!(cause.kind, Kind::Mismatch);
        assert!(cause.pair.is_some(), "{cause}");
    }
}

#[test]
fn a_configuration_out_of_bounds_is_refused() {
    let db = open(MemoryStorage::new()).unwrap();
    let fine = config(2, Metric::Dot);
    let hnsw = |change: fn(&mut HnswConfig)| {
        let mut hnsw = HnswConfig::DEFAULT;
        change(&mut hnsw);
        Config { hnsw, ..fine.clone() }
    };
    let bad = [
        hnsw(|hnsw| hnsw.m = 1),
        hnsw(|hnsw| hnsw.m = 65),
        hnsw(|hnsw| hnsw.ef_construction = 7),
        hnsw(|hnsw| hnsw.ef_construction = 2001),
        hnsw(|hnsw| hnsw.ef = 0),
        hnsw(|hnsw| hnsw.ef = 10_001),
        Config { oversample: Some(0), ..fine.clone() },
        Config { oversample: Some(1001), ..fine.clone() },
        Config { memory: Memory::Codes, ..fine.clone() },
    ];
    block_on(db.collection("c", Some(fine))).unwrap();
    for config in bad {
        let made = block_on(db.collection("new", Some(config.clone()))).unwrap_err();
        let changed = block_on(db.configure("c", config)).unwrap_err();
        assert_eq!((made.kind, changed.kind), (Kind::Invalid, Kind::Invalid), "{made} {changed}");
        assert!(made.pair.is_some(), "{made}");
    }
    assert_eq!(db.collections().unwrap().len(), 1);
}

/// A configuration that is made of the stored one sees what the writes before it stored, not what there was when it
/// was asked for.
#[test]
fn what_is_left_out_of_a_configuration_is_as_stored_when_its_turn_comes() {
    let db = open(MemoryStorage::new()).unwrap();
    let with = |change: fn(&mut Config)| {
        Box::new(move |stored: Option<&Config>| {
            let mut config = stored.cloned().unwrap_or(config(2, Metric::Cosine));
            change(&mut config);
            Ok(config)
        })
    };
    let flat = Config::new(2, Metric::Dot, IndexKind::Flat);
    let (made, found) =
        both(db.collection("c", Some(flat)), db.write(Intent::collection("c".into(), with(|_| ()))));
    assert_eq!((made, found.map(|written| written.count)), (Ok(()), Ok(0)));
    let ef = db.write(Intent::configure("c".into(), with(|config| config.hnsw.ef = 9)));
    let (first, second) =
        both(ef, db.write(Intent::configure("c".into(), with(|config| config.oversample = Some(3)))));
    assert!(first.is_ok() && second.is_ok());
    let state = db.state().unwrap();
    let stored = state.named("c").unwrap().config();
    assert_eq!((stored.index, stored.metric), (IndexKind::Flat, Metric::Dot));
    assert_eq!((stored.hnsw.ef, stored.oversample), (9, Some(3)));
}

/// Runs two writes at once: both are queued before either has its turn.
fn both<A, B>(a: impl Future<Output = A>, b: impl Future<Output = B>) -> (A, B) {
    let (mut a, mut b) = (Box::pin(a), Box::pin(b));
    let (mut first, mut second) = (None, None);
    block_on(std::future::poll_fn(|context| {
        if first.is_none()
            && let std::task::Poll::Ready(done) = a.as_mut().poll(context)
        {
            first = Some(done);
        }
        if second.is_none()
            && let std::task::Poll::Ready(done) = b.as_mut().poll(context)
        {
            second = Some(done);
        }
        if first.is_some() && second.is_some() {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    }));
    (first.unwrap(), second.unwrap())
}

#[test]
fn several_queries_at_once_are_the_same_queries_one_by_one() {
    let (_, db) = with_rows(50);
    let state = db.state().unwrap();
    let collection = state.named("c").unwrap();
    let filter = Filter::parse("{\"even\":true}").unwrap();
    let vectors = rows("q", 3..9, 4).vectors;
    for query in [
        Query { top_k: 7, ..Query::default() },
        Query { top_k: 40, filter: Some(&filter), exact: true, ..Query::default() },
        Query { top_k: 1, min_score: Some(0.9), ef: Some(10_000), oversample: Some(1), ..Query::default() },
    ] {
        let one: Vec<_> = vectors
            .chunks(4)
            .map(|vector| collection.query(&Query { vector, ..query.clone() }).unwrap())
            .collect();
        assert_eq!(collection.query_many(&vectors, &query).unwrap(), one);
        assert_eq!(one[0].explain.plan, Plan::Exact);
        assert_eq!((one[0].explain.rows, one[0].explain.matches), (50, query.filter.map(|_| 25)));
        assert!(!one[0].hits.is_empty() && one[0].hits.len() <= query.top_k);
    }
    assert_eq!(collection.query_many(&[], &Query { top_k: 1, ..Query::default() }).unwrap(), []);
    let many = vec![0.5; 4 * 101];
    let bad = [
        (&vectors[..3], Query { top_k: 1, ..Query::default() }),
        (&vectors[..4], Query { top_k: 0, ..Query::default() }),
        (&vectors[..4], Query { top_k: 1, ef: Some(0), ..Query::default() }),
        (&vectors[..4], Query { top_k: 1, ef: Some(10_001), ..Query::default() }),
        (&vectors[..4], Query { top_k: 1, oversample: Some(0), ..Query::default() }),
        (&vectors[..4], Query { top_k: 1, oversample: Some(1001), ..Query::default() }),
        (&many[..], Query { top_k: 10_000, ..Query::default() }),
    ];
    for (vectors, query) in bad {
        assert_eq!(collection.query_many(vectors, &query).unwrap_err().kind, Kind::Invalid, "{query:?}");
    }
    let cause = collection
        .query_many(&[1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0], &Query { top_k: 1, ..Query::default() });
    assert!(cause.unwrap_err().message.contains("vector 1"));
}

#[test]
fn pages_go_through_every_row_once_whatever_is_written_between() {
    let (_, db) = with_rows(250);
    let (mut seen, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let page = {
            let state = db.state().unwrap();
            let collection = state.named("c").unwrap();
            let filter = Filter::parse("{\"even\":true}").unwrap();
            let page = collection.page(Some(&filter), cursor.as_deref(), 20).unwrap();
            seen.extend(page.slots.iter().map(|slot| collection.row(*slot).unwrap().id.to_string()));
            page
        };
        block_on(db.upsert("c", rows("a", 0..3, 4))).unwrap();
        match page.cursor {
            Some(next) => cursor = Some(next.to_string()),
            None => break,
        }
    }
    seen.retain(|id| id.starts_with('r'));
    assert_eq!(seen.len(), 125);
    assert!(seen.is_sorted());
}

#[test]
fn a_closed_database_says_so() {
    let (_, db) = with_rows(1);
    block_on(db.close());
    assert_eq!(block_on(db.upsert("c", rows("r", 0..1, 4))).unwrap_err().kind, Kind::Closed);
    assert_eq!(db.state().err().map(|cause| cause.kind), Some(Kind::Closed));
    assert_eq!(block_on(db.checkpoint()).unwrap_err().kind, Kind::Closed);
    block_on(db.close());
}

#[test]
fn a_checkpoint_does_not_cut_what_a_second_writer_wrote() {
    let (storage, first) = with_rows(2);
    let second = open(storage.clone()).unwrap();
    block_on(second.upsert("c", rows("s", 0..1, 4))).unwrap();
    assert_eq!(block_on(first.checkpoint()).unwrap_err().kind, Kind::Conflict);
    assert_eq!(open(storage).unwrap().state().unwrap().named("c").unwrap().len(), 3);
}

#[test]
fn a_second_writer_on_the_same_files_is_fenced_off() {
    let (storage, first) = with_rows(2);
    let second = open(storage.clone()).unwrap();
    block_on(second.upsert("c", rows("s", 0..1, 4))).unwrap();
    let cause = block_on(first.upsert("c", rows("f", 0..1, 4))).unwrap_err();
    assert_eq!(cause.kind, Kind::Conflict);
    let cause = block_on(first.upsert("c", rows("f", 0..1, 4))).unwrap_err();
    assert_eq!(cause.kind, Kind::Conflict, "for good: {cause}");
    assert_eq!(first.state().unwrap().named("c").unwrap().len(), 2, "reads go on");
    assert_eq!(open(storage).unwrap().state().unwrap().named("c").unwrap().len(), 3);
}
