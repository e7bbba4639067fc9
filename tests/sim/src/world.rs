//! One seed: processes that live one after the other on the same files, until the last one ends.

use crate::archives::Archive;
use crate::check::{Vectors, agree, find};
use crate::choose::{self, Profile};
use crate::client::{Db, Pieces, Shared};
use crate::dice::Dice;
use crate::env::{Clock, SimEnv};
use crate::explore::{Explorer, Tally, count};
use crate::faults::Rates;
use crate::medium::{Image, Medium, Promise};
use crate::model::Model;
use crate::mutant::Mutant;
use crate::oracle::{Oracle, UNKNOWN_MAX};
use crate::run::{Task, finish, together};
use crate::storage::SimStorage;
use lodestore::error::Kind;
use lodestore::storage::Source;
use lodestore::store::{Database, Options};
use std::cell::RefCell;
use std::rc::Rc;

/// Archives that are kept at a time.
const ARCHIVES_MAX: usize = 6;

/// Attempts to open while things go wrong; after them nothing does.
const ATTEMPTS: usize = 6;

pub struct World {
    shared: Shared,
    profile: Profile,
    medium: Rc<RefCell<Medium>>,
    /// An archive and what is in it.
    archive: Option<(Vec<u8>, Rc<Model>)>,
    /// Those of version 4.
    archives: Vec<Archive>,
}

/// Runs one seed to its end. Panics where a check fails.
pub fn run(seed: u64, mutant: Option<Mutant>, trace: bool, tally: &Rc<Tally>) {
    let dice = Dice::new(seed);
    let profile = Profile::draw(&dice);
    let mut world = World {
        medium: Rc::new(RefCell::new(Medium::new(profile.promise, Image::default()))),
        shared: Shared {
            oracle: Rc::new(RefCell::new(Oracle::new())),
            tally: tally.clone(),
            dice,
            mutant,
            trace,
            alone: true,
            clock: Clock::at(1_700_000_000_000, profile.jumps),
            jumbled: profile.promise == Promise::Jumbled,
        },
        profile,
        archive: None,
        archives: Vec::new(),
    };
    world.shared.say(|| format!("{:?}", world.profile));
    for life in 0..world.profile.lives {
        world.shared.say(|| format!("life {life}"));
        if !world.live(life) {
            return;
        }
    }
    let Some((db, _)) = world.open(false) else { return };
    world.check(&db);
}

impl World {
    fn dice(&self) -> &Dice {
        &self.shared.dice
    }

    /// Opens what the last process left, through crashes and failures while opening. `None` where a medium without order
    /// lost so much that the database is refused.
    fn open(&self, faults: bool) -> Option<(Db, SimStorage)> {
        let jumbled = self.profile.promise == Promise::Jumbled;
        for attempt in 0.. {
            let rates = if faults && attempt < ATTEMPTS { self.profile.rates } else { Rates::default() };
            let Shared { mutant, trace, .. } = self.shared;
            let storage = SimStorage::with(self.medium.clone(), rates, self.dice(), mutant, trace);
            storage.watch(Some(Rc::new(Explorer {
                oracle: self.shared.oracle.clone(),
                tally: self.shared.tally.clone(),
                dice: self.dice().split(),
                rate: self.profile.explore,
                forks: self.profile.forks,
                clock: self.shared.clock.clone(),
            })));
            let env = self.shared.env();
            let opening = Database::open(storage.clone(), env, self.profile.options.clone());
            match finish(opening, || storage.dead.get()) {
                None => count(&self.shared.tally.crashes),
                Some(Ok(db)) => {
                    // Nothing is asked of a storage that may fail: that is for what comes then.
                    storage.faults.calm(|| self.take_up(&db, jumbled));
                    return Some((db, storage));
                }
                Some(Err(cause)) if jumbled && cause.kind == Kind::Corrupt => {
                    count(&self.shared.tally.refused);
                    return None;
                }
                Some(Err(cause)) => {
                    self.shared.say(|| format!("opening: {cause}"));
                    let fine =
                        storage.faults.are_on() && matches!(cause.kind, Kind::Unavailable | Kind::Quota);
                    assert!(fine, "it does not open: {cause}");
                    count(&self.shared.tally.faults);
                }
            }
        }
        None
    }

    /// What was found is what there is from here on. Nobody holds the oracle while a file may be written.
    fn take_up(&self, db: &Db, jumbled: bool) {
        let oracle = &self.shared.oracle;
        let strict = self.profile.promise == Promise::Strict;
        let candidates = oracle.borrow().candidates(strict, jumbled);
        let found = find(db, &candidates, Vectors::Compare);
        let model = found.unwrap_or_else(|what| panic!("opened: {what}"));
        let policy = db.retention();
        {
            let mut oracle = oracle.borrow_mut();
            oracle.found(model.clone(), db.state().unwrap().seq);
            assert!(!strict || oracle.policies.contains(&policy), "opened: {policy:?} is to be kept");
            if strict {
                oracle.policies = vec![policy];
            }
        }
        self.medium.borrow_mut().settle();
        agree(db, &model, self.dice(), true);
        if self.dice().chance(400) {
            self.check(db);
        }
        if strict && self.dice().chance(300) {
            self.shared.look(db);
        }
    }

    /// Everything that is stored is whole.
    fn check(&self, db: &Db) {
        let check = finish(db.check(), || false).unwrap();
        let check = check.unwrap_or_else(|cause| panic!("check: {cause}"));
        // Without order the snapshot before may name what was lost.
        let fine = self.profile.promise == Promise::Jumbled || check.problems.iter().all(|one| one.derived);
        assert!(fine, "check: {:?}", check.problems);
    }

    /// One process, from opening to its end. Whether there is another life after it.
    fn live(&mut self, life: usize) -> bool {
        let Some((db, storage)) = self.open(true) else { return false };
        if life == 0 && self.profile.large {
            self.fill(&db, &storage);
        }
        for _ in 0..self.dice().between(3, 14) {
            if storage.dead.get() || self.shared.oracle.borrow().unknown() > UNKNOWN_MAX {
                break;
            }
            if self.dice().chance(self.profile.hours) {
                self.shared.clock.advance(self.dice());
            }
            match self.dice().below(28) {
                20 => drop(finish(self.shared.set_policy(db.clone()), || storage.dead.get())),
                21 if self.profile.promise == Promise::Strict => self.shared.prune(&db, &storage),
                22 | 23 => self.backup(&db, &storage),
                24 | 25 if !self.archives.is_empty() => {
                    self.shared.restore(&db, &storage, &self.archives, &self.profile);
                }
                26 if self.profile.promise == Promise::Strict => {
                    finish(self.shared.restore_past(db.clone()), || storage.dead.get());
                }
                27 if self.profile.promise == Promise::Strict => {
                    let rows = self.shared.restore_rows(db.clone(), self.profile.ids);
                    finish(rows, || storage.dead.get());
                }
                0 => self.export(&db, &storage),
                1 | 2 if self.archive.is_none() => self.export(&db, &storage),
                1 | 2 => self.import(&db, &storage),
                3 if self.profile.second => {
                    self.second(db, storage);
                    return true;
                }
                _ => self.batch(&db, &storage, None),
            }
            self.compare(&db, &storage);
        }
        if storage.dead.get() {
            count(&self.shared.tally.crashes);
            return true;
        }
        if self.dice().chance(400) {
            finish(db.close(), || false);
        }
        // The end of a process takes nothing that was done; a power cut might.
        if self.dice().chance(500) {
            let image = self.medium.borrow().crashed(None, self.dice());
            self.medium.borrow_mut().restart(image);
            count(&self.shared.tally.crashes);
        }
        true
    }

    /// Some clients at once.
    fn batch(&self, db: &Db, storage: &SimStorage, export: Option<Task<'_>>) {
        let (shared, profile, dice) = (&self.shared, &self.profile, self.dice());
        let exports = export.is_some();
        let mut tasks: Vec<Task<'_>> = export.into_iter().collect();
        let model = shared.oracle.borrow().current().clone();
        let rebuilds = dice.chance(60);
        if rebuilds && let Some(name) = choose::existing(dice, &model) {
            tasks.push(Box::pin(shared.rebuild(db.clone(), name, choose::config(dice, profile.large))));
        }
        // A rebuild is done out of turn: where a suffix may be lost, the order of writes has to be known.
        let alone = rebuilds && profile.promise != Promise::Strict;
        for _ in 0..if alone { 0 } else { *dice.pick(&[1, 1, 2, 3]) } {
            let op = shared.choose(profile, rebuilds);
            tasks.push(Box::pin(shared.write(db.clone(), op)));
        }
        let checkpoints = if exports { dice.below(4) } else { usize::from(dice.chance(250)) };
        for _ in 0..checkpoints {
            tasks.push(Box::pin(shared.checkpoint(db.clone(), !exports && dice.chance(500))));
        }
        if dice.chance(300) {
            tasks.push(Box::pin(shared.index(db.clone())));
        }
        together(tasks, dice, || storage.dead.get());
        if !storage.dead.get() && dice.chance(100) {
            self.medium.borrow_mut().settle();
            shared.oracle.borrow_mut().secure();
        }
    }

    /// A handle that lives shows what was acknowledged, and nothing else.
    fn compare(&self, db: &Db, storage: &SimStorage) {
        if storage.dead.get() || !self.dice().chance(300) {
            return;
        }
        let model = self.shared.oracle.borrow().current().clone();
        storage.faults.calm(|| {
            let found = find(db, std::slice::from_ref(&model), Vectors::Compare);
            found.unwrap_or_else(|what| panic!("while it is open: {what}"));
            agree(db, &model, self.dice(), true);
            if self.profile.promise == Promise::Strict && self.dice().chance(200) {
                self.shared.look(db);
            }
        });
    }

    /// An archive of version 4, made while others write.
    fn backup(&mut self, db: &Db, storage: &SimStorage) {
        // Where a power cut takes what was acknowledged, an archive may know of writes that never were.
        if self.profile.promise != Promise::Strict {
            return;
        }
        if self.archives.len() >= ARCHIVES_MAX {
            self.archives.clear();
        }
        let Some(mut begun) = self.shared.backup(db, storage, &self.archives) else { return };
        let (bytes, dice) = (RefCell::new(None), self.dice().clone());
        let source = &mut begun.backup;
        self.batch(db, storage, Some(Box::pin(async { *bytes.borrow_mut() = drain(source, &dice).await })));
        if let Some(bytes) = bytes.into_inner() {
            self.archives.push(begun.end(bytes));
        }
    }

    /// More than a row group.
    fn fill(&self, db: &Db, storage: &SimStorage) {
        let dice = self.dice();
        let config = choose::config(dice, true);
        let rows = choose::many("c0", config.dimension, dice.between(1020, 1100), dice);
        let create = crate::model::Op::Create("c0", config);
        for op in [create, rows] {
            finish(self.shared.write(db.clone(), op), || storage.dead.get());
        }
    }

    /// An archive of now, drawn while others write, holds what there was.
    fn export(&mut self, db: &Db, storage: &SimStorage) {
        let Some(begun) = finish(db.export(), || storage.dead.get()) else { return };
        let Ok(mut export) = begun else { return };
        self.shared.oracle.borrow_mut().settled();
        let model = self.shared.oracle.borrow().current().clone();
        let total = export.total_bytes();
        let (bytes, dice) = (RefCell::new(None), self.dice().clone());
        self.batch(
            db,
            storage,
            Some(Box::pin(async { *bytes.borrow_mut() = drain(&mut export, &dice).await })),
        );
        drop(export);
        let Some(bytes) = bytes.into_inner() else { return };
        assert_eq!(bytes.len() as u64, total, "bytes of an archive");
        let fresh = Rc::new(RefCell::new(Medium::new(Promise::Strict, Image::default())));
        let fresh = SimStorage::new(fresh, Rates::default(), self.dice());
        let opening = Database::open(fresh, SimEnv::new(self.dice()), Options::default());
        let other = finish(opening, || false).unwrap().unwrap();
        let mut pieces = Pieces(bytes.chunks(500));
        let imported = finish(other.import(&mut pieces, Default::default()), || false).unwrap();
        imported.unwrap_or_else(|cause| panic!("an archive does not import: {cause}"));
        find(&other, std::slice::from_ref(&model), Vectors::Compare)
            .unwrap_or_else(|what| panic!("in an archive: {what}"));
        self.archive = Some((bytes, model));
    }

    /// An archive of some time ago, whole or damaged.
    fn import(&self, db: &Db, storage: &SimStorage) {
        let Some((bytes, model)) = &self.archive else { return };
        let mut bytes = bytes.clone();
        let whole = self.dice().chance(700);
        if !whole {
            let at = self.dice().below(bytes.len());
            match self.dice().below(3) {
                0 => bytes.truncate(at),
                1 => bytes.push(0),
                _ => bytes[at] ^= 1 << self.dice().below(8),
            }
        }
        // The switch is one call: now and then it is in the middle of a storm.
        let rates = storage.faults.rates.get();
        if rates.lost + rates.unanswered > 0 && self.dice().chance(500) {
            storage.faults.rates.set(Rates { lost: 250, ..rates });
        }
        let import = self.shared.import(db.clone(), bytes, Model::clone(model), whole);
        finish(import, || storage.dead.get());
        storage.faults.rates.set(rates);
    }

    /// Another context opens the same files and writes: of the two handles one is fenced off, and nothing that was
    /// acknowledged is lost. Neither makes a snapshot: a handle that was overtaken by one would go on in a log that does
    /// not count any more. To keep such a handle from writing is the task of the locks above the store.
    fn second(&self, first: Db, storage: SimStorage) {
        let dice = self.dice();
        storage.faults.stop();
        let shared = Shared { alone: false, ..self.shared.clone() };
        let write = |db: &Db| {
            let op = shared.choose(&self.profile, true);
            finish(shared.write(db.clone(), op), || false);
        };
        // So that what is unknown is known.
        finish(shared.checkpoint(first.clone(), false), || false);
        let Shared { mutant, trace, .. } = shared;
        let other = SimStorage::with(self.medium.clone(), Rates::default(), dice, mutant, trace);
        let opening = Database::open(other, shared.env(), self.profile.options.clone());
        let second = finish(opening, || false).unwrap();
        let second = second.unwrap_or_else(|cause| panic!("a second handle: {cause}"));
        shared.say(|| "a second handle".to_owned());
        for _ in 0..dice.between(1, 6) {
            let by = if dice.chance(500) { &first } else { &second };
            match dice.chance(800) {
                true => write(by),
                // Side by side, so that their calls come in any order.
                false => together(
                    vec![
                        Box::pin(shared.write(first.clone(), shared.choose(&self.profile, true))),
                        Box::pin(shared.write(second.clone(), shared.choose(&self.profile, true))),
                    ],
                    dice,
                    || false,
                ),
            }
        }
    }
}

/// Everything a source gives; `None` when the storage fails.
async fn drain(export: &mut impl Source, dice: &Dice) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    // Now and then others get far between two pieces.
    let slow = if dice.chance(500) { 60 } else { 0 };
    loop {
        for _ in 0..dice.between(0, slow) {
            dice.yields().await;
        }
        match export.next().await {
            Ok(Some(piece)) => bytes.extend(piece),
            Ok(None) => return Some(bytes),
            Err(cause) => {
                assert!(matches!(cause.kind, Kind::Unavailable | Kind::Quota), "an export: {cause}");
                return None;
            }
        }
    }
}
