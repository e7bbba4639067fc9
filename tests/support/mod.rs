//! What the native tests share: an executor, fixed surroundings, faults, and a model to compare with.
#![allow(dead_code)] // every test file uses a part of it

pub mod fault;
pub mod model;

use lodestore::collection::{Config, IndexKind, Quantization, Rows};
use lodestore::error::Result;
use lodestore::index::Metric;
use lodestore::storage::{Source, Storage};
use lodestore::store::{Database, Env, Options};
use std::cell::Cell;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// Runs a future to its end on this thread. Everything here is ready as soon as it is polled again.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..10_000_000u64 {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
    panic!("this future waits for something that never comes");
}

/// A clock that counts, randomness that is fixed: two runs are the same run.
#[derive(Clone, Default)]
pub struct TestEnv {
    clock: Rc<Cell<u64>>,
}

impl Env for TestEnv {
    fn now_ms(&self) -> u64 {
        self.clock.set(self.clock.get() + 1);
        1_700_000_000_000 + self.clock.get()
    }

    fn monotonic_ms(&self) -> f64 {
        self.clock.get() as f64
    }

    fn random(&self) -> [u8; 16] {
        *b"a test database."
    }

    fn progress(&self, _phase: &str, done: u64, total: u64) {
        assert!(done <= total, "progress of {done} of {total}");
    }

    async fn yield_now(&self) {}
}

/// Opens with the default options.
pub fn open<S: Storage>(storage: S) -> Result<Database<S, TestEnv>> {
    block_on(Database::open(storage, TestEnv::default(), Options::default()))
}

pub fn config(dimension: usize, metric: Metric) -> Config {
    Config { quantization: Quantization::None, ..Config::new(dimension, metric, IndexKind::Auto) }
}

/// Rows `<prefix><n>` for each n, with vectors and metadata that follow from n.
pub fn rows(prefix: &str, numbers: std::ops::Range<usize>, dimension: usize) -> Rows {
    let mut rows = Rows { ids: Vec::new(), vectors: Vec::new(), metadata: Vec::new() };
    for n in numbers {
        rows.ids.push(format!("{prefix}{n}"));
        rows.vectors.extend((0..dimension).map(|d| ((n * 31 + d * 17) % 101) as f32 / 101.0 + 0.01));
        rows.metadata.push(format!("{{\"n\":{n},\"even\":{}}}", n % 2 == 0));
    }
    rows
}

/// Everything a source gives.
pub async fn drain(source: &mut impl Source) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(piece) = source.next().await? {
        bytes.extend(piece);
    }
    Ok(bytes)
}

/// Bytes in pieces of a given size.
pub struct Pieces<'a>(pub std::slice::Chunks<'a, u8>);

impl Source for Pieces<'_> {
    async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        Ok(self.0.next().map(<[u8]>::to_vec))
    }
}
