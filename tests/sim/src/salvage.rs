//! Salvage of what does not open: once in quiet, to know what comes of it, and once among crashes and failures.

use crate::check::{Vectors, agree, find};
use crate::client::Db;
use crate::damage::Damaged;
use crate::dice::Dice;
use crate::env::SimEnv;
use crate::evidence::Evidence;
use crate::explore::{Tally, count, go_on};
use crate::faults::Rates;
use crate::kept::{Whole, modelled, never_invents};
use crate::medium::{Effect, Image, Medium, Promise};
use crate::model::Model;
use crate::run::finish;
use crate::storage::{SimStorage, Watch};
use lodestore::error::Kind;
use lodestore::format::snapshot::decode_snapshot;
use lodestore::store::{Database, Options};
use std::cell::RefCell;
use std::rc::Rc;

/// Crashes within crashes.
const DEPTH_MAX: usize = 2;

/// Attempts while things go wrong; after them nothing does.
const ATTEMPTS: usize = 5;

/// What is known of a damaged database.
pub struct Case<'a> {
    pub damaged: &'a Damaged,
    /// What stood in it before. A crash may have damaged it as well: then that is not known.
    pub whole: Option<&'a Whole<'a>>,
    /// Everything that was ever written, whatever became of it.
    pub written: &'a [Rc<Model>],
    pub tally: &'a Rc<Tally>,
    pub dice: &'a Dice,
}

type Files = Rc<RefCell<Medium>>;

fn files(image: Image) -> Files {
    Rc::new(RefCell::new(Medium::new(Promise::Strict, image)))
}

fn opened(medium: &Files, dice: &Dice) -> lodestore::Result<Db> {
    let storage = SimStorage::new(medium.clone(), Rates::default(), dice);
    finish(Database::open(storage, SimEnv::new(dice), Options::default()), || false).unwrap()
}

fn salvaged(storage: &SimStorage, dice: &Dice) -> Option<lodestore::Result<Db>> {
    let salvage = Database::salvage(storage.clone(), SimEnv::new(dice), Options::default());
    let done = finish(salvage, || storage.dead.get());
    storage.watch(None);
    done
}

/// What is stored is this, to whoever asks, and it opens by itself.
fn is_stored(db: &Db, medium: &Files, model: &Rc<Model>, dice: &Dice, when: &str) {
    let same = |db: &Db, when: &str| {
        let found = find(db, std::slice::from_ref(model), Vectors::Compare);
        found.unwrap_or_else(|what| panic!("salvaged, {when}: {what}"));
    };
    same(db, when);
    agree(db, model, dice, false);
    // By itself: who opens may begin a log.
    let alone = files(medium.borrow().live.clone());
    let again =
        opened(&alone, dice).unwrap_or_else(|cause| panic!("salvaged, {when}, opened again: {cause}"));
    same(&again, when);
}

impl Case<'_> {
    /// Salvages it, and looks at everything that has to hold.
    pub fn run(&self) {
        let found = Rc::new(self.damaged.image.clone());
        let medium = files(self.damaged.image.clone());
        let storage = SimStorage::new(medium.clone(), Rates::default(), self.dice);
        // Vectors that stay in storage are not looked at by opening.
        let opens = opened(&files(self.damaged.image.clone()), self.dice).is_ok();
        storage.watch((!opens).then(|| Rc::new(Evidence(found.clone())) as Rc<dyn Watch>));
        let db = match salvaged(&storage, self.dice).unwrap() {
            Ok(db) => db,
            Err(cause) => {
                return self.may_refuse(&medium.borrow(), &cause);
            }
        };
        let model = Rc::new(modelled(&db.state().unwrap()));
        never_invents(&model, self.written, "salvaged");
        let report = db.open_report().salvage.clone();
        match (&report, self.whole) {
            (Some(report), whole) => {
                count(&self.tally.salvages);
                if let Some(whole) = whole {
                    whole.is_explained(&db.state().unwrap(), report, &self.damaged.image);
                }
                let before = whole.map(|whole| whole.image);
                Evidence(found.clone()).is_kept(&medium.borrow().live, report, &self.damaged.names, before);
                let check = finish(db.check(), || false).unwrap().unwrap();
                // What is to be kept is for somebody to say anew.
                let fine = check.problems.iter().all(|one| one.code == "retention");
                assert!(fine, "salvaged, check: {:?}", check.problems);
            }
            (None, Some(whole)) => {
                let mut states = vec![Rc::new(modelled(whole.state))];
                if !whole.sound {
                    states.extend(whole.candidates.iter().cloned());
                }
                let same = find(&db, &states, Vectors::Compare);
                same.unwrap_or_else(|what| panic!("nothing to salvage: {what}"));
            }
            (None, None) => {}
        }
        is_stored(&db, &medium, &model, self.dice, "in quiet");
        if report.is_some() && !opens && self.dice.chance(500) {
            let (db, medium) = self.in_a_storm(&found, &model);
            is_stored(&db, &medium, &model, self.dice, "in a storm");
            if self.dice.chance(500) {
                go_on(&db, &medium, &model, self.dice, self.promise(), Some(self.damaged));
            }
        } else if report.is_some() && self.dice.chance(300) {
            go_on(&db, &medium, &model, self.dice, self.promise(), Some(self.damaged));
        }
    }

    /// What can be relied on: nothing, where the files that were damaged had no order.
    fn promise(&self) -> Promise {
        if self.whole.is_some_and(|whole| whole.sound) { Promise::Strict } else { Promise::Jumbled }
    }

    /// It is refused only where no row is to be had, and then nothing changes.
    fn may_refuse(&self, medium: &Medium, cause: &lodestore::Error) {
        assert!(matches!(cause.kind, Kind::Corrupt | Kind::Version), "a salvage fails: {cause}");
        assert!(medium.live.0 == self.damaged.image.0, "a salvage that is refused changes something");
        let Some(whole) = self.whole.filter(|whole| whole.sound && cause.kind == Kind::Corrupt) else {
            return;
        };
        // What an archive brought is as old as it was there.
        if !whole.history.imports().is_empty() {
            return;
        }
        // A snapshot that is whole has the rows that nobody wrote since.
        for (name, bytes) in &self.damaged.image.0 {
            let Some((_, manifest)) =
                name.starts_with("snapshot-").then(|| decode_snapshot(bytes).ok()).flatten()
            else {
                continue;
            };
            let mut is_whole = !self.damaged.names.contains(name);
            manifest.each_block(&mut |block| {
                let name = format!("blocks-{}", block.generation);
                is_whole &= !self.damaged.names.iter().any(|damaged| **damaged == *name);
            });
            let holds = |number: u32| manifest.collections.iter().any(|one| one.collection == number);
            let mut held = whole.state.all().filter(|one| holds(one.number)).flat_map(|one| {
                one.ids().filter_map(|(_, slot)| one.row(slot)).filter(|row| row.seq <= manifest.seq)
            });
            assert!(!is_whole || held.next().is_none(), "{name} has rows, and salvage refuses: {cause}");
        }
    }

    /// Again, with crashes and failures in between.
    fn in_a_storm(&self, found: &Rc<Image>, model: &Rc<Model>) -> (Db, Files) {
        let storm = Rc::new(Storm {
            evidence: Evidence(found.clone()),
            model: model.clone(),
            tally: self.tally.clone(),
            dice: self.dice.clone(),
        });
        let medium = files((**found).clone());
        let rates = match self.dice.below(5) {
            0 => Rates { refused: 60, short: 40, unanswered: 60, read: 5, ..Rates::default() },
            1 => Rates { full: 100, ..Rates::default() },
            2 => Rates { lost: 100, read: 5, ..Rates::default() },
            3 => Rates { crash: 150, ..Rates::default() },
            _ => Rates { crash: 50, refused: 20, unanswered: 20, lost: 20, full: 20, ..Rates::default() },
        };
        for attempt in 0.. {
            let rates = if attempt < ATTEMPTS { rates } else { Rates::default() };
            let storage = SimStorage::new(medium.clone(), rates, self.dice);
            storage.watch(Some(Rc::new(Again(storm.clone(), 0))));
            match salvaged(&storage, self.dice) {
                None => count(&self.tally.crashes),
                Some(Ok(db)) => {
                    storage.faults.stop();
                    return (db, medium);
                }
                Some(Err(cause)) => {
                    let fine =
                        storage.faults.are_on() && matches!(cause.kind, Kind::Unavailable | Kind::Quota);
                    assert!(fine, "a salvage in a storm: {cause}");
                    count(&self.tally.faults);
                }
            }
            storm.is_before_or_after(&medium.borrow().live);
        }
        unreachable!("an attempt at which nothing goes wrong is the last");
    }
}

/// A salvage of which it is known what comes of it.
struct Storm {
    evidence: Evidence,
    model: Rc<Model>,
    tally: Rc<Tally>,
    dice: Dice,
}

/// Watches one.
struct Again(Rc<Storm>, usize);

impl Watch for Again {
    fn before(&self, medium: &Medium, effect: &Effect) {
        self.0.evidence.before(medium, effect);
        if self.1 < DEPTH_MAX && self.0.dice.chance(if self.1 == 0 { 300 } else { 100 }) {
            self.0.again(medium.crashed(Some(effect), &self.0.dice), self.1 + 1);
        }
    }
}

impl Storm {
    /// Everything is as it was found, or what was salvaged is there.
    fn is_before_or_after(&self, image: &Image) -> bool {
        match opened(&files(image.clone()), &self.dice) {
            Ok(db) => {
                let found = find(&db, std::slice::from_ref(&self.model), Vectors::Compare);
                found.unwrap_or_else(|what| panic!("a salvage that was cut off opens: {what}"));
                true
            }
            Err(cause) => {
                assert_eq!(cause.kind, Kind::Corrupt, "a salvage that was cut off: {cause}");
                self.evidence.check(image, "a salvage that was cut off");
                false
            }
        }
    }

    /// After a crash it is done, or can be done again, and the same comes of it.
    fn again(self: &Rc<Self>, image: Image, depth: usize) {
        count(&self.tally.crashes);
        if self.is_before_or_after(&image) && self.dice.chance(700) {
            return;
        }
        let medium = files(image);
        let storage = SimStorage::new(medium.clone(), Rates::default(), &self.dice);
        storage.watch(Some(Rc::new(Again(self.clone(), depth))));
        let done = salvaged(&storage, &self.dice).unwrap();
        let db = done.unwrap_or_else(|cause| panic!("salvaged after a crash (level {depth}): {cause}"));
        let found = find(&db, std::slice::from_ref(&self.model), Vectors::Compare);
        found.unwrap_or_else(|what| panic!("salvaged after a crash (level {depth}): {what}"));
    }
}
