//! A database over weeks and months, every version of it remembered.

use crate::support::{Pieces, block_on, config, drain, rows};
use lodestore::error::Kind;
use lodestore::index::Metric;
use lodestore::storage::{MemoryStorage, Storage};
use lodestore::store::{Database, Env, History, ImportOptions, Keep, Options, Point, Retention};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

pub const DAY: u64 = 24 * 60 * 60 * 1000;

/// A clock that somebody else winds, and that moves by a millisecond whenever it is looked at.
#[derive(Clone)]
pub struct Wound(pub Rc<Cell<u64>>);

impl Env for Wound {
    fn now_ms(&self) -> u64 {
        self.0.set(self.0.get() + 1);
        self.0.get()
    }

    fn monotonic_ms(&self) -> f64 {
        0.0
    }

    fn random(&self) -> [u8; 16] {
        *b"over some months"
    }

    fn progress(&self, _: &str, _: u64, _: u64) {}

    async fn yield_now(&self) {}
}

/// A policy of days only.
pub fn daily(count: u32) -> Retention {
    Retention { snapshots: Keep { daily: count, ..Keep::default() }, ..Retention::default() }
}

/// Names of files, in order.
pub fn files(storage: &MemoryStorage, prefix: &str) -> Vec<String> {
    storage.files().into_keys().filter(|name| name.starts_with(prefix)).collect()
}

pub fn open<S: Storage>(storage: S, clock: &Wound) -> lodestore::Result<Database<S, Wound>> {
    block_on(Database::open(storage, clock.clone(), Options::default()))
}

pub struct World {
    pub storage: MemoryStorage,
    pub clock: Wound,
    pub db: Database<MemoryStorage, Wound>,
    /// What it was behind each write, and when that was made.
    pub were: BTreeMap<u64, (u64, Rc<Contents>)>,
    pub writes: usize,
}

pub type Contents = BTreeMap<String, String>;

pub fn contents(state: &lodestore::collection::State) -> Contents {
    let rows = state.all().flat_map(|one| {
        one.ids().map(|(id, slot)| {
            let row = one.row(slot).unwrap();
            (format!("{}/{id}", one.name), format!("{} {:?}", row.metadata, one.vector(slot).unwrap()))
        })
    });
    rows.collect()
}

impl World {
    pub fn new() -> World {
        let storage = MemoryStorage::new();
        // In the middle of a day of 2023.
        let clock = Wound(Rc::new(Cell::new(1_700_000_000_000)));
        let db = open(storage.clone(), &clock).unwrap();
        block_on(db.collection("c", Some(config(3, Metric::Dot)))).unwrap();
        let mut world = World { storage, clock, db, were: BTreeMap::new(), writes: 0 };
        world.remember();
        world
    }

    fn remember(&mut self) {
        let now = contents(&self.db.state().unwrap());
        self.were.insert(self.db.last_write(), (self.clock.0.get(), Rc::new(now)));
    }

    pub fn now(&self) -> u64 {
        self.clock.0.get()
    }

    pub fn sleep(&self, ms: u64) {
        self.clock.0.set(self.clock.0.get() + ms);
    }

    pub fn write(&mut self) {
        let n = self.writes % 7;
        self.writes += 1;
        let mut some = rows("r", n..n + 2, 3);
        some.metadata[0] = format!("{{\"write\":{}}}", self.writes);
        block_on(self.db.upsert("c", some)).unwrap();
        self.remember();
    }

    pub fn checkpoint(&self) {
        block_on(self.db.checkpoint()).unwrap();
    }

    /// A day with a write, a checkpoint and another write, so many times.
    pub fn days(&mut self, count: u64) {
        for _ in 0..count {
            self.sleep(DAY / 2);
            self.write();
            self.sleep(DAY / 4);
            self.checkpoint();
            self.sleep(DAY / 4);
            self.write();
        }
    }

    /// What it is now comes back as an archive. Some numbers of writes are left out.
    pub fn import(&mut self) {
        let archive = block_on(drain(&mut block_on(self.db.export()).unwrap())).unwrap();
        let options = ImportOptions { replace: true, total_bytes: 0 };
        block_on(self.db.import(&mut Pieces(archive.chunks(999)), options)).unwrap();
        self.remember();
    }

    pub fn reopen(&mut self) {
        block_on(self.db.close());
        self.db = open(self.storage.clone(), &self.clock).unwrap();
    }

    pub fn set(&self, policy: Option<Retention>) {
        block_on(self.db.set_retention(policy)).unwrap();
        assert_eq!(self.db.retention(), policy);
    }

    /// When the snapshots were made that are kept, oldest first.
    pub fn times(&self) -> Vec<u64> {
        let mut times: Vec<u64> =
            block_on(self.db.stats()).unwrap().snapshots.iter().map(|one| one.time_ms).collect();
        times.reverse();
        times
    }

    pub fn history(&self) -> History {
        block_on(self.db.history()).unwrap()
    }

    /// Number and time of every write.
    pub fn written(&self) -> Vec<(u64, u64)> {
        self.were.iter().map(|(seq, (time, _))| (*seq, *time)).collect()
    }

    /// Of these, the ones that can be gone back to.
    pub fn reachable(&self) -> Vec<(u64, u64)> {
        let points = self.history().points;
        let can = |seq: u64| points.iter().any(|point| (point.seq..=point.to_seq).contains(&seq));
        self.written().into_iter().filter(|(seq, _)| can(*seq)).collect()
    }

    /// When the last write was made that the newest snapshot covers which is not later than this.
    pub fn oldest_base(&self, since: u64) -> u64 {
        let points = self.history().points;
        let base = points.iter().rfind(|point| point.time_ms <= since).unwrap();
        self.were[&base.seq].0
    }

    /// What the history says can be had is what it was, and everything else is refused.
    pub fn is_true_to_its_past(&mut self) {
        for _ in 0..2 {
            assert!(block_on(self.db.check()).unwrap().ok);
            assert_eq!(contents(&self.db.state().unwrap()), *self.were.last_key_value().unwrap().1.1);
            self.answers();
            self.reopen();
        }
    }

    fn answers(&self) {
        let History { seq: last, points } = self.history();
        assert!(points.is_sorted_by(|a, b| a.to_seq <= b.seq), "{points:?}");
        assert_eq!(points.last().unwrap().to_seq, last);
        for point in &points {
            let past = block_on(self.db.as_of(Point::Time(point.time_ms))).unwrap();
            assert!(past.state.seq >= point.seq, "{point:?}: {}", past.state.seq);
        }
        for (seq, (time, was)) in &self.were {
            let of = points.iter().find(|point| (point.seq..=point.to_seq).contains(seq));
            let answers = [Point::Seq(*seq), Point::Time(*time)].map(|point| block_on(self.db.as_of(point)));
            for (way, answer) in answers.into_iter().enumerate() {
                match (of, answer) {
                    (Some(_), Ok(past)) => {
                        assert_eq!(past.state.seq, *seq, "way {way}");
                        assert_eq!(contents(&past.state), **was, "write {seq}, way {way}");
                    }
                    // The snapshot that has it, and nothing that followed, was made later.
                    (Some(point), Err(cause)) => {
                        assert!(way == 1 && *time < point.time_ms, "write {seq}: {cause}");
                        assert_eq!(cause.kind, Kind::Invalid, "write {seq}: {cause}");
                    }
                    (None, Ok(past)) => panic!("write {seq} is write {}: {points:?}", past.state.seq),
                    (None, Err(cause)) => assert_eq!(cause.kind, Kind::Invalid, "write {seq}: {cause}"),
                }
            }
        }
    }
}
