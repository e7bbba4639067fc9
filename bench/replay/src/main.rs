//! Opens a database whose log has as many frames as are asked for, one row each, and says how many rows a second that
//! replays. The files are in memory, so that what is measured is reading, verifying, checking and applying.
//!
//! `lodestore-bench-replay [FRAMES [REPEATS]]` prints one JSON object for each quantization.

use lodestore::collection::{Config, IndexKind, Quantization, Rows};
use lodestore::index::Metric;
use lodestore::storage::MemoryStorage;
use lodestore::store::{Database, Env, Options};
use std::pin::pin;
use std::process::ExitCode;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

const DIMENSION: usize = 384;

/// A real clock; everything else is fixed.
struct Native(Instant);

impl Env for Native {
    fn now_ms(&self) -> u64 {
        1_700_000_000_000
    }

    fn monotonic_ms(&self) -> f64 {
        self.0.elapsed().as_secs_f64() * 1e3
    }

    fn random(&self) -> [u8; 16] {
        *b"a bench database"
    }

    fn progress(&self, _phase: &str, _done: u64, _total: u64) {}

    async fn yield_now(&self) {}
}

fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return output;
        }
    }
}

fn open(files: &MemoryStorage) -> lodestore::Result<Database<MemoryStorage, Native>> {
    let options = Options { checkpoint_log_bytes: u64::MAX, ..Options::default() };
    block_on(Database::open(files.clone(), Native(Instant::now()), options))
}

/// Numbers without a pattern, from -1 to 1.
fn numbers(state: &mut u64) -> f32 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 40) as f32 / (1 << 23) as f32 - 1.0
}

fn filled(config: Config, frames: usize) -> lodestore::Result<MemoryStorage> {
    let files = MemoryStorage::new();
    let db = open(&files)?;
    block_on(db.collection("words", Some(config)))?;
    let mut state = 7;
    for n in 0..frames {
        let rows = Rows {
            ids: vec![format!("word-{n}")],
            vectors: (0..DIMENSION).map(|_| numbers(&mut state)).collect(),
            metadata: vec![format!(r#"{{"part":"noun","rank":{n},"text":"what a dictionary says of it"}}"#)],
        };
        block_on(db.upsert("words", rows))?;
    }
    Ok(files)
}

fn measure(frames: usize, repeats: usize) -> lodestore::Result<()> {
    for quantization in [Quantization::Int8, Quantization::None] {
        let config = Config { quantization, ..Config::new(DIMENSION, Metric::Cosine, IndexKind::Auto) };
        let files = filled(config, frames)?;
        let mut times = Vec::new();
        for _ in 0..repeats {
            let start = Instant::now();
            let db = open(&files)?;
            times.push(start.elapsed().as_secs_f64());
            if db.open_report().frames_replayed != frames as u64 + 1 {
                return Err(lodestore::Error::corrupt("another number of frames was replayed"));
            }
        }
        times.sort_by(f64::total_cmp);
        let middle = times.get(repeats / 2).copied().unwrap_or(f64::NAN);
        let (ms, rate, name) = (middle * 1e3, frames as f64 / middle, quantization.name());
        println!(
            "{{\"frames\":{frames},\"quantization\":\"{name}\",\"ms\":{ms:.1},\"rowsPerSecond\":{rate:.0}}}"
        );
    }
    Ok(())
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).map_while(|word| word.parse().ok());
    let (frames, repeats) = (arguments.next().unwrap_or(100_000), arguments.next().unwrap_or(5));
    match measure(frames, repeats.max(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(cause) => {
            eprintln!("{cause}");
            ExitCode::FAILURE
        }
    }
}
