//! What a run does: drawn by the dice from what is there.

use crate::dice::Dice;
use crate::faults::Rates;
use crate::medium::Promise;
use crate::model::{Meta, Model, Op, Which};
use lodestore::collection::{Config, HnswConfig, IndexKind, Memory, Model as Tag, Quantization};
use lodestore::index::Metric;
use lodestore::store::Options;
use std::rc::Rc;

const NAMES: [&str; 3] = ["c0", "c1", "c2"];

/// What a whole run is like.
#[derive(Debug)]
pub struct Profile {
    pub promise: Promise,
    pub rates: Rates,
    pub options: Options,
    /// More rows than a row group has, so that vectors are left in storage.
    pub large: bool,
    pub ids: usize,
    pub lives: usize,
    pub explore: usize,
    pub forks: usize,
    /// Whether other contexts open the same files now and then.
    pub second: bool,
    /// How many steps of a thousand come hours or days later, and whether the clock is set back, too.
    pub hours: usize,
    pub jumps: bool,
}

impl Profile {
    pub fn draw(dice: &Dice) -> Profile {
        let promise = match dice.below(8) {
            0 => Promise::Late,
            1 => Promise::Jumbled,
            _ => Promise::Strict,
        };
        let crash = *dice.pick(&[0, 5, 10, 30]);
        let mut rates = match dice.below(6) {
            0 => Rates { refused: 40, read: 5, ..Rates::default() },
            1 => Rates { refused: 10, short: 30, unanswered: 30, ..Rates::default() },
            2 => Rates { lost: 30, read: 10, ..Rates::default() },
            3 => Rates { full: 40, ..Rates::default() },
            4 => Rates { refused: 5, short: 5, unanswered: 5, lost: 5, full: 5, read: 5, crash: 0 },
            _ => Rates::default(),
        };
        if promise != Promise::Strict {
            // What a lost roll of the log cuts off again is nobody's promise there.
            rates = Rates { refused: rates.refused, ..Rates::default() };
        }
        rates.crash = crash;
        let large = dice.chance(30);
        Profile {
            promise,
            rates,
            options: Options {
                checkpoint_log_bytes: *dice.pick(&[300, 1000, 4000, 1 << 25]),
                checkpoint_writes: 100_000,
                checkpoint_vector_bytes: *dice.pick(&[1000, 1 << 26]),
                requests: dice.chance(500),
            },
            large,
            ids: *dice.pick(&[4, 12, 40]),
            lives: dice.between(2, 5),
            explore: if large { 40 } else { 200 },
            forks: if large { 2 } else { 4 },
            second: promise == Promise::Strict && dice.chance(250),
            hours: *dice.pick(&[0, 300, 900]),
            jumps: dice.chance(400),
        }
    }
}

fn vector(dimension: usize, dice: &Dice) -> Vec<f32> {
    (0..dimension).map(|_| dice.below(32) as f32 - 15.5).collect()
}

fn id(dice: &Dice, ids: usize) -> Rc<str> {
    format!("r{}", dice.below(ids)).into()
}

fn meta(dice: &Dice) -> Meta {
    Meta { n: Some(dice.below(6) as u8), s: dice.chance(700).then(|| dice.below(3) as u8), u: None }
}

pub fn config(dice: &Dice, large: bool) -> Config {
    let index = *dice.pick(&[IndexKind::Flat, IndexKind::Hnsw, IndexKind::Auto]);
    let quantization = *dice.pick(&[Quantization::None, Quantization::Int8, Quantization::Binary]);
    let codes = quantization != Quantization::None && dice.chance(if large { 800 } else { 300 });
    let hnsw = match dice.chance(300) {
        true => HnswConfig::DEFAULT,
        false => HnswConfig {
            m: dice.between(2, 8) as u16,
            ef_construction: dice.between(8, 40) as u16,
            ef: dice.between(1, 60) as u16,
            seed: dice.below(5) as u32,
        },
    };
    Config {
        dimension: dice.between(1, if large { 3 } else { 6 }),
        metric: *dice.pick(&[Metric::Cosine, Metric::Dot, Metric::Euclidean]),
        index,
        quantization,
        memory: if codes { Memory::Codes } else { Memory::Full },
        hnsw,
        oversample: dice.chance(200).then(|| dice.between(1, 50) as u16),
        model: dice.chance(300).then(|| Tag { id: "m".to_owned(), version: dice.below(2).to_string() }),
    }
}

pub fn which(dice: &Dice, ids: usize) -> Which {
    match dice.below(4) {
        0 => Which::Equal(dice.below(6) as u8),
        1 if dice.chance(300) => Which::AtLeast(dice.between(2, 6) as u8),
        _ => Which::Ids((0..dice.between(1, 3)).map(|_| id(dice, ids)).collect()),
    }
}

/// So many rows, `first` and up, to fill a row group or two.
pub fn many(name: &'static str, dimension: usize, count: usize, dice: &Dice) -> Op {
    let row = |n: usize| (format!("r{n}").into(), vector(dimension, dice), meta(dice));
    Op::Upsert(name, (0..count).map(row).collect())
}

/// A write to one of the collections, now and then to one that is not there. With `rows_only` nothing but rows.
pub fn write(dice: &Dice, model: &Model, profile: &Profile, rows_only: bool) -> Op {
    let name = *dice.pick(&NAMES);
    let stored = model.0.get(name).map(|one| one.config.clone());
    let Some(stored) = stored.filter(|_| !dice.chance(15)) else {
        if rows_only {
            return Op::Delete(name, which(dice, profile.ids));
        }
        return Op::Create(name, config(dice, profile.large));
    };
    let ids = if profile.large && dice.chance(500) { 1100 } else { profile.ids };
    match dice.below(100) {
        0..50 => {
            let dimension = if dice.chance(10) { 7 } else { stored.dimension };
            let row = |_| (id(dice, ids), vector(dimension, dice), meta(dice));
            Op::Upsert(name, (0..dice.between(1, 5)).map(row).collect())
        }
        50..65 => {
            let patch = if dice.chance(500) { meta(dice) } else { Meta::default() };
            let patch = Meta { u: Some(dice.below(9) as u8), ..patch };
            Op::Update(name, which(dice, ids), patch, dice.chance(200))
        }
        65..88 => Op::Delete(name, which(dice, ids)),
        88..96 if !rows_only => {
            let changed = config(dice, profile.large);
            Op::Configure(name, Config { dimension: stored.dimension, model: stored.model, ..changed })
        }
        96.. if !rows_only && dice.chance(if profile.large { 100 } else { 500 }) => Op::Drop(name),
        _ => Op::Delete(name, which(dice, ids)),
    }
}

/// A collection that is there.
pub fn existing(dice: &Dice, model: &Model) -> Option<&'static str> {
    let names: Vec<&'static str> = model.0.keys().copied().collect();
    (!names.is_empty()).then(|| *dice.pick(&names))
}
