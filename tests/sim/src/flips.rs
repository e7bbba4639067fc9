//! Random flipped bits in a database of some megabytes, and in its archive: found or harmless.

use crate::check::{Vectors, find};
use crate::client::{Db, Pieces};
use crate::dice::Dice;
use crate::env::SimEnv;
use crate::explore::{Tally, count};
use crate::faults::Rates;
use crate::medium::{Image, Medium, Promise};
use crate::model::{Meta, Model, Op, Which};
use crate::run::finish;
use crate::storage::SimStorage;
use lodestore::collection::{Config, HnswConfig, IndexKind, Memory, Quantization, Rows};
use lodestore::error::Kind;
use lodestore::index::Metric;
use lodestore::storage::Source;
use lodestore::store::{Database, ImportOptions, Options, Target};
use std::cell::RefCell;
use std::rc::Rc;

/// Flips in one database, which is made once for them.
pub const AT_A_TIME: u64 = 1000;

/// One flip in so many goes into the archive.
const ARCHIVED: usize = 10;

/// Makes a database, flips bits, one at a time.
pub fn run(seed: u64, tally: &Rc<Tally>) {
    let dice = Dice::new(seed);
    let (image, archive, model) = made(&dice);
    let model = [Rc::new(model)];
    for _ in 0..AT_A_TIME {
        count(&tally.flips);
        if dice.below(ARCHIVED) == 0 {
            import(&archive, &dice);
            count(&tally.refused);
        } else if flip(image.clone(), &model, &dice) {
            count(&tally.refused);
        }
    }
}

fn open(image: Image, dice: &Dice) -> lodestore::Result<Db> {
    let medium = Rc::new(RefCell::new(Medium::new(Promise::Strict, image)));
    let storage = SimStorage::new(medium, Rates::default(), dice);
    finish(Database::open(storage, SimEnv::new(dice), Options::default()), || false).unwrap()
}

/// Whether it was found.
fn flip(mut image: Image, model: &[Rc<Model>], dice: &Dice) -> bool {
    let bytes: usize = image.0.values().map(|file| file.len()).sum();
    let mut at = dice.below(bytes);
    let mut what = String::new();
    for (name, file) in &mut image.0 {
        if at < file.len() {
            let bit = dice.below(8);
            Rc::make_mut(file)[at] ^= 1 << bit;
            what = format!("{name}, byte {at}, bit {bit}");
            break;
        }
        at -= file.len();
    }
    let db = match open(image, dice) {
        Ok(db) => db,
        Err(cause) => {
            assert!(matches!(cause.kind, Kind::Corrupt | Kind::Version), "{what}: {cause}");
            return true;
        }
    };
    if let Err(differs) = find(&db, model, Vectors::Compare) {
        // Vectors that stay in storage are verified by a check, not when a single one is read.
        find(&db, model, Vectors::InMemory).unwrap_or_else(|differs| panic!("{what}: {differs}"));
        let check = finish(db.check(), || false).unwrap().unwrap();
        assert!(!check.ok, "{what}: {differs}, and a check finds nothing");
        return true;
    }
    let report = db.open_report();
    !report.snapshots_skipped.is_empty() || report.graphs.iter().any(|graph| graph.rebuilt.is_some())
}

/// A damaged archive is refused, and changes nothing.
fn import(archive: &[u8], dice: &Dice) {
    let mut damaged = archive.to_vec();
    let (at, bit) = (dice.below(damaged.len()), dice.below(8));
    damaged[at] ^= 1 << bit;
    let db = open(Image::default(), dice).unwrap();
    let options = ImportOptions { replace: true, total_bytes: 0 };
    let outcome = finish(db.import(&mut Pieces(damaged.chunks(1 << 16)), options), || false).unwrap();
    match outcome {
        Err(cause) if matches!(cause.kind, Kind::Corrupt | Kind::Version) => {}
        outcome => panic!("an archive, byte {at}, bit {bit}: {outcome:?}"),
    }
    assert_eq!(db.state().unwrap().all().count(), 0, "a refused archive changed something");
}

/// A collection of each kind with more than a row group, two snapshots, a log behind them; and an archive of it.
fn made(dice: &Dice) -> (Image, Vec<u8>, Model) {
    let medium = Rc::new(RefCell::new(Medium::new(Promise::Strict, Image::default())));
    let storage = SimStorage::new(medium.clone(), Rates::default(), dice);
    let opening = Database::open(storage, SimEnv::new(dice), Options::default());
    let db: Db = finish(opening, || false).unwrap().unwrap();
    let mut model = Model::default();
    let flat = Config::new(16, Metric::Cosine, IndexKind::Flat);
    let hnsw = HnswConfig { m: 4, ef_construction: 16, ..HnswConfig::DEFAULT };
    let graph = Config { hnsw, ..Config::new(12, Metric::Euclidean, IndexKind::Hnsw) };
    let codes = Config {
        quantization: Quantization::Binary,
        memory: Memory::Codes,
        ..Config::new(16, Metric::Dot, IndexKind::Flat)
    };
    for (name, config) in [("c0", flat), ("c1", graph), ("c2", codes)] {
        let dimension = config.dimension;
        finish(db.collection(name, Some(config.clone())), || false).unwrap().unwrap();
        model.apply(&Op::Create(name, config));
        for first in (0..2100).step_by(300) {
            write(&db, &mut model, rows(name, first, 300, dimension, dice));
        }
    }
    while db.index_step(None, true).unwrap() {}
    finish(db.checkpoint(), || false).unwrap().unwrap();
    for name in ["c0", "c1", "c2"] {
        let dimension = model.0[name].config.dimension;
        write(&db, &mut model, rows(name, 1500, 40, dimension, dice));
        let gone: Vec<Rc<str>> = (50..90).map(|n| format!("r{n}").into()).collect();
        let target = Target::Ids(gone.iter().map(|id| id.to_string()).collect());
        finish(db.delete(name, target), || false).unwrap().unwrap();
        model.apply(&Op::Delete(name, Which::Ids(gone)));
    }
    finish(db.checkpoint(), || false).unwrap().unwrap();
    let mut export = finish(db.export(), || false).unwrap().unwrap();
    let mut archive = Vec::new();
    while let Some(piece) = finish(export.next(), || false).unwrap().unwrap() {
        archive.extend(piece);
    }
    for n in 0..200 {
        let name = ["c0", "c1", "c2"][n % 3];
        let dimension = model.0[name].config.dimension;
        write(&db, &mut model, rows(name, n * 11, 3, dimension, dice));
    }
    let image = medium.borrow().live.clone();
    (image, archive, model)
}

fn rows(name: &'static str, first: usize, count: usize, dimension: usize, dice: &Dice) -> Op {
    let row = |n: usize| {
        let vector = (0..dimension).map(|_| dice.below(64) as f32 - 31.5).collect();
        let meta = Meta { n: Some(dice.below(200) as u8), s: Some(dice.below(9) as u8), u: None };
        (format!("r{n}").into(), vector, meta)
    };
    Op::Upsert(name, (first..first + count).map(row).collect())
}

fn write(db: &Db, model: &mut Model, op: Op) {
    let Op::Upsert(name, rows) = &op else { return };
    let wire = Rows {
        ids: rows.iter().map(|row| row.0.to_string()).collect(),
        vectors: rows.iter().flat_map(|row| row.1.iter().copied()).collect(),
        metadata: rows.iter().map(|row| row.2.text()).collect(),
    };
    finish(db.upsert(name, wire), || false).unwrap().unwrap();
    model.apply(&op);
}
