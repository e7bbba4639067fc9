//! What the long operations hold at the most, beside what the database holds before and after: bounded, and never a
//! second copy of the vectors.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test that fails panics

#[path = "peaks/counter.rs"]
mod counter;
#[path = "peaks/outside.rs"]
mod outside;
mod support;

use counter::{Counter, held, peak_of};
use lodestore::collection::{Config, IndexKind, Memory, Quantization};
use lodestore::index::Metric;
use lodestore::store::{Database, ImportOptions, Options};
use lodestore::storage::Source;
use outside::Outside;
use support::{Pieces, TestEnv, block_on, drain, rows};

#[global_allocator]
static COUNTER: Counter = Counter;

const ROWS: usize = 20_000;
const DIMENSION: usize = 384;

type Db = Database<Outside, TestEnv>;

fn open(files: &Outside) -> Db {
    let options = Options { checkpoint_log_bytes: u64::MAX, ..Options::default() };
    block_on(Database::open(files.clone(), TestEnv::default(), options)).unwrap()
}

fn config(memory: Memory) -> Config {
    Config { memory, quantization: Quantization::Int8, ..Config::new(DIMENSION, Metric::Cosine, IndexKind::Flat) }
}

fn fill(db: &Db, count: usize) {
    for first in (0..count).step_by(1000) {
        block_on(db.upsert("c", rows("r", first..first + 1000, DIMENSION))).unwrap();
    }
}

#[test]
fn explore() {
    for memory in [Memory::Full, Memory::Codes] {
        let files = Outside::default();
        let db = open(&files);
        block_on(db.collection("c", Some(config(memory)))).unwrap();
        let before = held();
        let (peak, _) = peak_of(|| fill(&db, ROWS));
        println!("{memory:?}: filled holds {} peak {}", held() - before, peak);
        let (peak, _) = peak_of(|| block_on(db.checkpoint()).unwrap());
        println!("checkpoint {peak}, then {}", held() - before);
        let (peak, archive) = peak_of(|| {
            let mut export = block_on(db.export()).unwrap();
            let mut archive = Vec::new();
            while let Some(piece) = block_on(export.next()).unwrap() {
                counter::aside(|| archive.extend_from_slice(&piece));
            }
            archive
        });
        println!("export {peak}");
        drop(db);
        let b = held();
        let (peak, db) = peak_of(|| open(&files));
        println!("open {peak}, then {}", held() - b);
        let (peak, _) = peak_of(|| {
            block_on(db.import(&mut Pieces(archive.chunks(65536)), ImportOptions { replace: true, total_bytes: 0 })).unwrap()
        });
        println!("import over {peak}, then {}", held() - b);
        drop(db);
        let files = Outside::default();
        let db = open(&files);
        let b = held();
        let (peak, _) = peak_of(|| {
            block_on(db.import(&mut Pieces(archive.chunks(65536)), ImportOptions { replace: true, total_bytes: 0 })).unwrap()
        });
        println!("import into empty {peak}, then {}", held() - b);
        drop(db);
        let files = Outside::default();
        let db = open(&files);
        block_on(db.collection("c", Some(config(memory)))).unwrap();
        fill(&db, ROWS);
        drop(db);
        let b = held();
        let (peak, db) = peak_of(|| open(&files));
        println!("replay {peak}, then {}", held() - b);
        // rebuild
        let b = held();
        let (peak, _) = peak_of(|| {
            let rebuild = std::rc::Rc::new(block_on(db.rebuild("c", Config { metric: Metric::Dot, ..config(memory) })).unwrap());
            loop {
                let wanted = rebuild.next(64).unwrap();
                if wanted.is_empty() { break }
                let n = wanted.len();
                drop(wanted);
                block_on(rebuild.put(vec![0.5; n * DIMENSION])).unwrap();
            }
            block_on(rebuild.commit()).unwrap().unwrap();
        });
        println!("rebuild {peak}, then {}", held() as isize - b as isize);
        let (peak, _) = peak_of(|| block_on(db.configure("c", Config { metric: Metric::Cosine, ..config(memory) })).unwrap());
        println!("configure {peak}, then {}", held() as isize - b as isize);
        counter::aside(|| drop(archive));
    }
}
