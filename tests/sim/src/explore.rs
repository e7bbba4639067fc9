//! Crashes on the side: at a call, what the files would be after a crash in it is opened and compared, and so is a
//! crash during that opening, while the process that made the call runs on.

use crate::check::{Vectors, agree, find};
use crate::damage::{Damaged, damage};
use crate::dice::Dice;
use crate::env::{Clock, SimEnv};
use crate::faults::Rates;
use crate::history::History;
use crate::kept::Whole;
use crate::medium::{Effect, Image, Medium, Promise};
use crate::model::Model;
use crate::oracle::Oracle;
use crate::past::look_back;
use crate::run::finish;
use crate::salvage::Case;
use crate::storage::{SimStorage, Watch};
use crate::timeline::Timeline;
use lodestore::collection::{Config, IndexKind, Rows, State};
use lodestore::error::Kind;
use lodestore::index::Metric;
use lodestore::store::{Database, Options, Problem, Retention};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// Crashes within crashes within crashes.
const DEPTH_MAX: usize = 3;

/// Salvaged of a thousand damaged ones that do not open.
const SALVAGED: usize = 300;

/// What was done, to be told at the end.
#[derive(Default)]
pub struct Tally {
    pub crashes: Cell<u64>,
    pub flips: Cell<u64>,
    /// Databases that were salvaged, each once.
    pub salvages: Cell<u64>,
    /// Damage that was found: after flips, and where a medium keeps no order.
    pub refused: Cell<u64>,
    /// Writes that were acknowledged.
    pub writes: Cell<u64>,
    /// Calls that failed so that somebody noticed.
    pub faults: Cell<u64>,
}

pub fn count(of: &Cell<u64>) {
    of.set(of.get() + 1);
}

pub struct Explorer {
    pub oracle: Rc<RefCell<Oracle>>,
    pub tally: Rc<Tally>,
    pub dice: Dice,
    /// How many of a thousand calls, and crashes at each.
    pub rate: usize,
    pub forks: usize,
    pub clock: Clock,
}

impl Watch for Explorer {
    fn before(&self, medium: &Medium, effect: &Effect) {
        if !self.dice.chance(self.rate) {
            return;
        }
        let promise = medium.promise;
        let oracle = self.oracle.borrow();
        let candidates = oracle.candidates(promise == Promise::Strict, promise == Promise::Jumbled);
        let (timeline, points) = (oracle.timeline().clone(), oracle.points);
        let policies = oracle.policies.clone();
        drop(oracle);
        let (oracle, tally) = (self.oracle.clone(), self.tally.clone());
        let (dice, now) = (self.dice.split(), self.clock.ms.get());
        let fork =
            Rc::new(Fork { candidates, timeline, points, policies, promise, oracle, tally, dice, now });
        for _ in 0..self.forks {
            fork.recover(medium.crashed(Some(effect), &fork.dice), 0);
        }
    }
}

/// What may be found after one crash.
struct Fork {
    candidates: Vec<Rc<Model>>,
    timeline: Rc<Timeline>,
    /// Restorable snapshots that have to be there, and what may be said of what is to be kept.
    points: usize,
    policies: Vec<Option<Retention>>,
    promise: Promise,
    oracle: Rc<RefCell<Oracle>>,
    tally: Rc<Tally>,
    dice: Dice,
    now: u64,
}

/// Watches an opening.
struct Again(Rc<Fork>, usize);

impl Watch for Again {
    fn before(&self, medium: &Medium, effect: &Effect) {
        for _ in 0..2 {
            self.0.recover(medium.crashed(Some(effect), &self.0.dice), self.1);
        }
    }
}

impl Fork {
    fn recover(self: &Rc<Self>, image: Image, depth: usize) {
        count(&self.tally.crashes);
        let dice = &self.dice;
        let damaged = (depth == 0 && dice.chance(150)).then(|| image.clone());
        // Whatever the medium promised, what is found when opening is safe; how strict it is from here on is its own.
        let medium = Rc::new(RefCell::new(Medium::new(Promise::Strict, image)));
        let storage = SimStorage::new(medium.clone(), Rates::default(), dice);
        if depth < DEPTH_MAX {
            storage.watch(Some(Rc::new(Again(self.clone(), depth + 1))));
        }
        let env = SimEnv::on(dice, Clock::at(self.now, true));
        let opened = finish(Database::open(storage.clone(), env, Options::default()), || false);
        storage.watch(None);
        let db = match opened.unwrap() {
            Ok(db) => db,
            Err(cause) if self.promise == Promise::Jumbled && cause.kind == Kind::Corrupt => {
                if let Some(image) = damaged.filter(|_| dice.chance(SALVAGED)) {
                    self.salvage(&Damaged { image: image.clone(), names: Vec::new() }, &image, None);
                }
                return count(&self.tally.refused);
            }
            Err(cause) => panic!("after a crash (level {depth}) it does not open: {cause}"),
        };
        let found = find(&db, &self.candidates, Vectors::Compare);
        let model = found.unwrap_or_else(|what| panic!("after a crash (level {depth}): {what}"));
        if self.promise == Promise::Strict {
            let policy = db.retention();
            assert!(
                self.policies.contains(&policy),
                "after a crash (level {depth}): {policy:?} is to be kept"
            );
        }
        // Where a suffix may be lost, opening gives its numbers to what it writes by itself.
        let looks = self.promise == Promise::Strict;
        if looks && dice.chance(if self.points > 0 { 300 } else { 40 }) {
            let others = || self.oracle.borrow().written();
            let points = look_back(&db, &self.timeline, &others, dice, 2);
            assert!(
                points >= self.points,
                "after a crash (level {depth}): {points} restorable snapshots instead of {}",
                self.points
            );
        }
        if let Some(image) = damaged {
            self.damage(&image, Some(&db.state().unwrap()));
        }
        if dice.chance(300) {
            agree(&db, &model, dice, false);
        }
        if dice.chance(50) {
            go_on(&db, &medium, &model, dice, self.promise, None);
        }
    }

    /// Some damage more: found or harmless. Now and then what does not open is salvaged.
    fn damage(&self, image: &Image, whole: Option<&State>) {
        let dice = &self.dice;
        let Some(damaged) = damage(image, dice) else { return };
        count(&self.tally.flips);
        let medium = Rc::new(RefCell::new(Medium::new(Promise::Strict, damaged.image.clone())));
        let storage = SimStorage::new(medium, Rates::default(), dice);
        let opened = finish(Database::open(storage, SimEnv::new(dice), Options::default()), || false);
        let refused = match opened.unwrap() {
            Ok(db) => {
                let found = find(&db, &self.candidates, Vectors::InMemory);
                found.unwrap_or_else(|what| panic!("after damage to {:?}: {what}", damaged.names));
                false
            }
            Err(cause) => {
                assert!(matches!(cause.kind, Kind::Corrupt | Kind::Version), "after damage: {cause}");
                count(&self.tally.refused);
                true
            }
        };
        if dice.chance(if refused { SALVAGED } else { SALVAGED / 10 }) {
            self.salvage(&damaged, image, whole);
        }
    }

    fn salvage(&self, damaged: &Damaged, image: &Image, whole: Option<&State>) {
        let (candidates, sound) = (&self.candidates[..], self.promise != Promise::Jumbled);
        let whole = whole.map(|state| Whole { state, image, history: History::of(image), candidates, sound });
        let written = self.oracle.borrow().written();
        let (whole, tally, dice) = (whole.as_ref(), &self.tally, &self.dice);
        Case { damaged, whole, written: &written, tally, dice }.run();
    }
}

/// What was opened after a crash can be written to, saved, checked and opened again. What was `damaged` before it was
/// salvaged may still be there where a crash came before it was removed and a policy keeps it, and a policy that cannot be read.
pub fn go_on(
    db: &Database<SimStorage, SimEnv>,
    medium: &Rc<RefCell<Medium>>,
    model: &Rc<Model>,
    dice: &Dice,
    promise: Promise,
    damaged: Option<&Damaged>,
) {
    let run = |what: &str, done: lodestore::Result<()>| {
        done.unwrap_or_else(|cause| panic!("going on after a crash, {what}: {cause}"));
    };
    let config = Config::new(2, Metric::Dot, IndexKind::Auto);
    let rows = Rows { ids: vec!["a".into()], vectors: vec![1.0, 2.0], metadata: vec!["{}".into()] };
    run("collection", finish(db.collection("again", Some(config)), || false).unwrap());
    run("upsert", finish(db.upsert("again", rows), || false).unwrap().map(drop));
    if dice.chance(500) {
        while db.index_step(None, true).unwrap() {}
    }
    run("checkpoint", finish(db.checkpoint(), || false).unwrap().map(drop));
    let check = finish(db.check(), || false).unwrap().unwrap();
    // Without order the snapshot before may name what was lost.
    let is_left = |file: &String| {
        let is_named = |damaged: &Damaged| damaged.names.iter().any(|name| **name == **file);
        damaged.is_some_and(|all| all.image.0.contains_key(file.as_str()) || is_named(all))
    };
    let is_fine = |one: &Problem| one.code == "retention" || one.file.as_ref().is_some_and(is_left);
    let fine = check.ok || damaged.is_some() && check.problems.iter().all(is_fine);
    assert!(fine || promise == Promise::Jumbled, "going on after a crash, check: {:?}", check.problems);
    run("drop", finish(db.drop_collection("again"), || false).unwrap().map(drop));
    let storage = SimStorage::new(medium.clone(), Rates::default(), dice);
    let opened = finish(Database::open(storage, SimEnv::new(dice), Options::default()), || false).unwrap();
    let again = opened.unwrap_or_else(|cause| panic!("going on after a crash, opened again: {cause}"));
    let found = find(&again, std::slice::from_ref(model), Vectors::Compare);
    found.unwrap_or_else(|what| panic!("going on after a crash: {what}"));
}
