//! The storage that a simulated process sees.

use crate::dice::Dice;
use crate::faults::{Fate, Faults, Rates};
use crate::medium::{Effect, Medium};
use crate::mutant::Mutant;
use lodestore::error::{Error, Kind, Result};
use lodestore::storage::{FileInfo, ReadNow, Source, Storage};
use std::cell::{Cell, RefCell};
use std::future::pending;
use std::ops::Range;
use std::rc::Rc;

/// Told of every call that is about to change files, to see what a crash in it would leave.
pub trait Watch {
    fn before(&self, medium: &Medium, effect: &Effect);
}

/// One process's storage. Clones are the same one.
#[derive(Clone)]
pub struct SimStorage(Rc<Shared>);

pub struct Shared {
    pub medium: Rc<RefCell<Medium>>,
    pub faults: Faults,
    pub dead: Cell<bool>,
    watch: RefCell<Option<Rc<dyn Watch>>>,
    mutant: Option<Mutant>,
    trace: bool,
    dice: Dice,
}

impl std::ops::Deref for SimStorage {
    type Target = Shared;
    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl SimStorage {
    pub fn new(medium: Rc<RefCell<Medium>>, rates: Rates, dice: &Dice) -> SimStorage {
        SimStorage::with(medium, rates, dice, None, false)
    }

    pub fn with(
        medium: Rc<RefCell<Medium>>,
        rates: Rates,
        dice: &Dice,
        mutant: Option<Mutant>,
        trace: bool,
    ) -> SimStorage {
        SimStorage(Rc::new(Shared {
            medium,
            faults: Faults::new(rates, dice),
            dead: Cell::new(false),
            watch: RefCell::new(None),
            mutant,
            trace,
            dice: dice.clone(),
        }))
    }

    pub fn watch(&self, watch: Option<Rc<dyn Watch>>) {
        *self.0.watch.borrow_mut() = watch;
    }
}

impl Shared {
    fn find(&self, name: &str, range: Range<u64>) -> Result<Vec<u8>> {
        let medium = self.medium.borrow();
        let file = medium.live.0.get(name).ok_or_else(|| Error::invalid(format!("no file {name}")))?;
        let bytes = file.get(range.start as usize..range.end as usize);
        bytes.map(<[u8]>::to_vec).ok_or_else(|| Error::invalid(format!("past the end of {name}")))
    }

    fn check_read(&self) -> Result<()> {
        match self.faults.read() {
            Some(kind) => refusal(kind),
            None => Ok(()),
        }
    }

    /// The machine stops: nothing runs after it.
    async fn die<T>(&self) -> T {
        self.dead.set(true);
        pending().await
    }

    async fn change(&self, effect: Effect) -> Result<()> {
        let watch = self.watch.borrow().clone();
        if let Some(watch) = watch {
            watch.before(&self.medium.borrow(), &effect);
        }
        let fate = self.faults.fate(&effect);
        if self.trace {
            let (verb, at) = match &effect {
                Effect::Create(..) => ("create", 0),
                Effect::Append(_, at, _) => ("append", *at),
                Effect::Remove(_) => ("remove", 0),
            };
            eprintln!("      {verb} {} at {at}, {} bytes: {fate:?}", effect.name(), effect.len());
        }
        match fate {
            Fate::Well => {
                let arrived = self.mutant.map_or(effect.len(), |mutant| mutant.arrived(&effect, &self.dice));
                if arrived > 0 || effect.len() == 0 {
                    self.medium.borrow_mut().apply(&effect, arrived);
                }
            }
            Fate::Crash => {
                let image = self.medium.borrow().crashed(Some(&effect), &self.dice);
                self.medium.borrow_mut().restart(image);
                return self.die().await;
            }
            Fate::Refused(kind) => return refusal(kind),
            Fate::Short(arrived, kind) => {
                self.medium.borrow_mut().apply(&effect, arrived);
                return refusal(kind);
            }
            Fate::Unanswered(kind) => {
                self.medium.borrow_mut().apply(&effect, effect.len());
                return refusal(kind);
            }
        }
        Ok(())
    }
}

fn refusal<T>(kind: Kind) -> Result<T> {
    Err(Error::new(kind, "the host refused"))
}

fn conflict<T>() -> Result<T> {
    Err(Error::new(Kind::Conflict, "somebody else wrote here"))
}

impl Storage for SimStorage {
    async fn list(&self) -> Result<Vec<FileInfo>> {
        self.dice.yields().await;
        self.check_read()?;
        let medium = self.medium.borrow();
        let info = |(name, bytes): (&Rc<str>, &Rc<Vec<u8>>)| FileInfo {
            name: name.to_string(),
            length: bytes.len() as u64,
        };
        Ok(medium.live.0.iter().map(info).collect())
    }

    async fn read(&self, name: &str, range: Range<u64>) -> Result<Vec<u8>> {
        self.dice.yields().await;
        self.check_read()?;
        let mut bytes = self.find(name, range)?;
        if let Some(mutant) = self.mutant {
            mutant.read(&mut bytes, &self.dice);
        }
        Ok(bytes)
    }

    async fn create(&self, name: &str, source: &mut impl Source) -> Result<()> {
        let mut bytes = Vec::new();
        while let Some(piece) = source.next().await? {
            bytes.extend(piece);
            self.dice.yields().await;
        }
        if self.medium.borrow().live.0.contains_key(name) {
            return conflict();
        }
        let done = self.change(Effect::Create(name.into(), Rc::new(bytes))).await;
        self.dice.yields().await;
        done
    }

    async fn append(&self, name: &str, at: u64, bytes: &[u8]) -> Result<()> {
        self.dice.yields().await;
        let length = self.medium.borrow().live.0.get(name).map(|file| file.len() as u64);
        if length != Some(at) && !self.mutant.is_some_and(|mutant| mutant.appends_anywhere()) {
            return conflict();
        }
        let done = self.change(Effect::Append(name.into(), at, Rc::new(bytes.to_vec()))).await;
        self.dice.yields().await;
        done
    }

    async fn remove(&self, name: &str) -> Result<()> {
        self.dice.yields().await;
        let done = self.change(Effect::Remove(name.into())).await;
        self.dice.yields().await;
        done
    }

    fn reader(&self) -> Option<Rc<dyn ReadNow>> {
        Some(Rc::new(self.clone()))
    }
}

impl ReadNow for SimStorage {
    fn read_now(&self, name: &str, at: u64, out: &mut [u8]) -> Result<()> {
        self.check_read()?;
        out.copy_from_slice(&self.find(name, at..at + out.len() as u64)?);
        Ok(())
    }
}
