//! Work on the graph between the steps of a checkpoint: the graph in a snapshot is of one moment.

use super::rows;
use super::support::block_on;
use super::{hnsw, known, opened, opened_as};
use lodestore::error::Kind;
use lodestore::index::Metric;
use lodestore::storage::{FileInfo, MemoryStorage, Source, Storage};
use lodestore::store::{Database, Env, Options};
use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::rc::Rc;

type Work = Rc<RefCell<Option<Box<dyn Fn()>>>>;

/// Whenever something waits, others get their turn.
#[derive(Clone, Default)]
struct Busy {
    work: Work,
    turns: Rc<Cell<u32>>,
    refuse: Rc<Cell<bool>>,
    files: MemoryStorage,
}

impl Busy {
    fn give_way(&self) {
        let work = self.work.borrow();
        if let Some(work) = &*work {
            self.turns.set(self.turns.get() + 1);
            work();
        }
    }
}

impl Env for Busy {
    fn now_ms(&self) -> u64 {
        0
    }
    fn monotonic_ms(&self) -> f64 {
        0.0
    }
    fn random(&self) -> [u8; 16] {
        [7; 16]
    }
    fn progress(&self, _phase: &str, _done: u64, _total: u64) {
        self.give_way();
    }
    async fn yield_now(&self) {
        self.give_way();
    }
}

impl Storage for Busy {
    async fn list(&self) -> lodestore::Result<Vec<FileInfo>> {
        self.give_way();
        self.files.list().await
    }
    async fn read(&self, name: &str, range: Range<u64>) -> lodestore::Result<Vec<u8>> {
        self.give_way();
        self.files.read(name, range).await
    }
    async fn create(&self, name: &str, source: &mut impl Source) -> lodestore::Result<()> {
        self.give_way();
        if self.refuse.get() && name.starts_with("snapshot-") {
            return Err(lodestore::Error::new(Kind::Quota, "full"));
        }
        self.files.create(name, source).await?;
        self.give_way();
        Ok(())
    }
    async fn append(&self, name: &str, at: u64, bytes: &[u8]) -> lodestore::Result<()> {
        self.files.append(name, at, bytes).await
    }
    async fn remove(&self, name: &str) -> lodestore::Result<()> {
        self.give_way();
        self.files.remove(name).await
    }
}

#[test]
fn the_graph_in_a_snapshot_is_of_one_moment() {
    let busy = Busy::default();
    let db = block_on(Database::open(busy.clone(), busy.clone(), Options::default())).unwrap();
    block_on(db.collection("c", Some(hnsw(Metric::Cosine)))).unwrap();
    block_on(db.upsert("c", rows("r", 0..3000))).unwrap();
    let (handle, worked) = (db.clone(), Rc::new(Cell::new(0)));
    let count = worked.clone();
    let step = move || {
        for _ in 0..7 {
            count.set(count.get() + u32::from(handle.index_step(None, true).unwrap()));
        }
    };
    for round in 0..30 {
        for _ in 0..100 {
            assert!(db.index_step(None, true).unwrap());
        }
        let from = round * 20;
        block_on(db.delete("c", lodestore::store::Target::Ids(vec![format!("r{from}")]))).unwrap();
        *busy.work.borrow_mut() = Some(Box::new(step.clone()));
        busy.refuse.set(round % 5 == 3);
        let (turns, outcome) = (busy.turns.get(), block_on(db.checkpoint()));
        assert_eq!(outcome.is_err(), busy.refuse.get());
        assert!(busy.turns.get() > turns + 5, "others had their turn");
        *busy.work.borrow_mut() = None;
        busy.refuse.set(false);
        // Nothing was done to the graph while it was written, so memory and storage are the same now.
        if outcome.is_ok() {
            let storage = MemoryStorage::from_files(busy.files.files());
            let again = super::open(storage).unwrap();
            assert_eq!(again.open_report().graphs[0].rebuilt, None, "round {round}");
            super::checked(&again, "opened");
        }
    }
    assert!(worked.get() > 0, "work went on where nothing has to stand still");
    while db.index_step(None, true).unwrap() {}
    block_on(db.checkpoint()).unwrap();
    let again = super::open(MemoryStorage::from_files(busy.files.files())).unwrap();
    assert_eq!(opened(&again), opened_as(2970, 0));
    let nodes = known(&again).0;
    let state = db.state().unwrap();
    assert_eq!(super::known_of(state.named("c").unwrap()).0, nodes);
}
