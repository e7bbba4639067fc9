//! A database in a place that is nearly full, and writes to it all at once.

use super::budget;
use super::support::fault::FaultStorage;
use super::support::model::{Model, ModelRow};
use super::support::{TestEnv, block_on, open, rows};
use lodestore::collection::{Config, Rows};
use lodestore::error::{Error, Kind};
use lodestore::storage::{FileInfo, MemoryStorage, Once, ReadNow, Source, Storage};
use lodestore::store::{Database, Options};
use std::cell::RefCell;
use std::future::poll_fn;
use std::ops::Range;
use std::rc::Rc;
use std::task::Poll;

/// What is written.
#[derive(Clone, Copy, Debug)]
pub enum Asked {
    New {
        first: usize,
        count: usize,
    },
    /// As [`Asked::New`], with other vectors and metadata.
    Changed {
        first: usize,
        count: usize,
    },
}

impl Asked {
    fn rows(self, dimension: usize) -> Rows {
        match self {
            Asked::New { first, count } => rows("r", first..first + count, dimension),
            Asked::Changed { first, count } => {
                let mut rows = rows("r", first..first + count, dimension);
                rows.vectors.iter_mut().for_each(|number| *number = 1.5 - *number);
                rows.metadata.iter_mut().for_each(|text| *text = text.replace("even", "changed"));
                rows
            }
        }
    }
}

/// What came of it.
pub struct Outcome {
    /// Writes that were refused, and that were not.
    pub refused: usize,
    pub taken: usize,
    /// How often there was no memory.
    pub refusals: u64,
}

/// Files that take nothing of the budget, on which every change takes a while.
pub struct Files(pub FaultStorage);

impl Storage for Files {
    async fn list(&self) -> lodestore::Result<Vec<FileInfo>> {
        budget::aside(|| block_on(self.0.list()))
    }

    async fn read(&self, name: &str, range: Range<u64>) -> lodestore::Result<Vec<u8>> {
        let bytes = budget::aside(|| block_on(self.0.read(name, range)))?;
        // What is read comes into the memory of the store, which may be full.
        let mut own = Vec::new();
        let room = own.try_reserve_exact(bytes.len());
        own.extend_from_slice(if room.is_ok() { &bytes } else { &[] });
        budget::aside(|| drop(bytes));
        room.map_err(|_| Error::new(Kind::Quota, "no memory for what is read"))?;
        Ok(own)
    }

    async fn create(&self, name: &str, source: &mut impl Source) -> lodestore::Result<()> {
        let mut file = Vec::new();
        loop {
            match source.next().await {
                Ok(Some(piece)) => budget::aside(|| file.extend_from_slice(&piece)),
                Ok(None) => break,
                Err(cause) => {
                    budget::aside(|| drop(file));
                    return Err(cause);
                }
            }
        }
        budget::aside(|| block_on(self.0.create(name, &mut Once::new(file))))
    }

    async fn append(&self, name: &str, at: u64, bytes: &[u8]) -> lodestore::Result<()> {
        // Others run meanwhile, before and after the bytes arrive.
        let mut yielded = 0;
        poll_fn(|_| {
            yielded += 1;
            if yielded > 3 { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        budget::aside(|| block_on(self.0.append(name, at, bytes)))
    }

    async fn remove(&self, name: &str) -> lodestore::Result<()> {
        budget::aside(|| block_on(self.0.remove(name)))
    }

    fn reader(&self) -> Option<Rc<dyn ReadNow>> {
        self.0.reader()
    }
}

pub struct Full {
    pub files: MemoryStorage,
    pub db: Database<Files, TestEnv>,
    /// Whether somebody takes all memory that is left while the first of what is to be appended is.
    pub beside_others: bool,
    dimension: usize,
}

impl Full {
    /// With rows, and a graph as far as so many steps build it.
    pub fn with_rows(config: Config, count: usize, steps: usize) -> Full {
        let files = MemoryStorage::new();
        let storage = Files(FaultStorage::new(files.clone(), u64::MAX, None));
        let options = Options { checkpoint_log_bytes: u64::MAX, ..Options::default() };
        let db = block_on(Database::open(storage, TestEnv::default(), options)).unwrap();
        let dimension = config.dimension;
        block_on(db.collection("c", Some(config))).unwrap();
        block_on(db.upsert("c", rows("r", 0..count, dimension))).unwrap();
        for _ in 0..steps {
            db.index_step(None, false).unwrap();
        }
        Full { files, db, beside_others: false, dimension }
    }

    /// Does all writes at once with so much memory, while graphs are built; then looks at what is there.
    pub fn write(self, asked: &[Asked], bytes: usize) -> Outcome {
        let mut expected = Model::read(&self.db);
        let outcomes: Rc<RefCell<Vec<Option<lodestore::Result<()>>>>> =
            Rc::new(RefCell::new(asked.iter().map(|_| None).collect()));
        let mut writes: Vec<_> = asked
            .iter()
            .enumerate()
            .map(|(at, asked)| {
                let (db, outcomes, rows) = (self.db.clone(), outcomes.clone(), asked.rows(self.dimension));
                Box::pin(async move {
                    let written = db.upsert("c", rows).await;
                    budget::aside(|| outcomes.borrow_mut()[at] = Some(written.map(drop)));
                })
            })
            .collect();
        let calls = self.db.storage().0.calls();
        budget::arm(bytes);
        block_on(poll_fn(|context| {
            if self.beside_others && self.db.storage().0.calls() > calls {
                budget::take_all();
            }
            writes.retain_mut(|write| write.as_mut().poll(context).is_pending());
            for _ in 0..20 {
                if let Err(cause) = self.db.index_step(None, false) {
                    assert_eq!(cause.kind, Kind::Quota, "{cause}");
                }
            }
            if writes.is_empty() { Poll::Ready(()) } else { Poll::Pending }
        }));
        let refusals = budget::disarm();
        self.db.storage().0.set_room(usize::MAX);

        let mut outcome = Outcome { refused: 0, taken: 0, refusals };
        for (asked, result) in asked.iter().zip(outcomes.take()) {
            match result.expect("every write is answered") {
                Ok(()) => {
                    outcome.taken += 1;
                    add(&mut expected, &asked.rows(self.dimension));
                }
                Err(cause) => {
                    assert_eq!(cause.kind, Kind::Quota, "{cause}");
                    outcome.refused += 1;
                }
            }
        }
        assert!(Model::read(&self.db) == expected, "memory is not what was acknowledged; {bytes} bytes");
        let check = block_on(self.db.check()).unwrap();
        assert!(check.ok, "with {bytes} bytes: {:?}", check.problems);
        // With memory again there is nothing that writing has to wait for, and a checkpoint has all of it.
        block_on(self.db.upsert("c", rows("later", 0..3, self.dimension))).unwrap();
        add(&mut expected, &rows("later", 0..3, self.dimension));
        assert!(Model::read(&open(self.files.clone()).unwrap()) == expected, "the log; {bytes} bytes");
        block_on(self.db.checkpoint()).unwrap();
        assert!(Model::read(&open(self.files.clone()).unwrap()) == expected, "the snapshot; {bytes} bytes");
        outcome
    }
}

fn add(model: &mut Model, rows: &Rows) {
    let dimension = rows.vectors.len() / rows.ids.len();
    let collection = model.0.get_mut("c").unwrap();
    for ((id, vector), text) in rows.ids.iter().zip(rows.vectors.chunks(dimension)).zip(&rows.metadata) {
        let metadata: serde_json::Value = serde_json::from_str(text).unwrap();
        let row = ModelRow { vector: vector.to_vec(), metadata: metadata.to_string() };
        collection.rows.insert(id.clone(), row);
    }
}
