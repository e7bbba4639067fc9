//! What may go wrong in one call.

use crate::dice::Dice;
use crate::medium::Effect;
use lodestore::error::Kind;
use std::cell::Cell;

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fate {
    /// It does what it should.
    Well,
    /// The machine stops before, during or after it.
    Crash,
    /// It has no effect and fails.
    Refused(Kind),
    /// So many bytes arrive, and it fails: a short count, or a disk that fills up.
    Short(usize, Kind),
    /// It takes effect and fails all the same: the answer was lost.
    Unanswered(Kind),
}

/// How often what happens, in a thousand calls.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rates {
    pub crash: usize,
    pub refused: usize,
    pub short: usize,
    pub unanswered: usize,
    /// A connection goes: this call may have happened, and some after it fail, reads too.
    pub lost: usize,
    /// The disk is full for some calls: creates and appends fail, removals and reads do not.
    pub full: usize,
    pub read: usize,
}

/// The faults of one process.
pub struct Faults {
    pub rates: Cell<Rates>,
    dice: Dice,
    /// Calls for which the connection stays lost, or the disk full.
    lost: Cell<usize>,
    full: Cell<usize>,
}

impl Faults {
    pub fn new(rates: Rates, dice: &Dice) -> Faults {
        Faults { rates: Cell::new(rates), dice: dice.clone(), lost: Cell::new(0), full: Cell::new(0) }
    }

    /// What is asked meanwhile is asked of a storage in which nothing goes wrong.
    pub fn calm<T>(&self, ask: impl FnOnce() -> T) -> T {
        let before = (self.rates.replace(Rates::default()), self.lost.take(), self.full.take());
        let answer = ask();
        self.rates.set(before.0);
        self.lost.set(before.1);
        self.full.set(before.2);
        answer
    }

    /// Nothing goes wrong any more.
    pub fn stop(&self) {
        self.rates.set(Rates::default());
        self.lost.set(0);
        self.full.set(0);
    }

    pub fn are_on(&self) -> bool {
        let Rates { refused, short, unanswered, lost, full, read, .. } = self.rates.get();
        refused + short + unanswered + lost + full + read > 0
    }

    fn down(&self, count: &Cell<usize>) -> bool {
        let left = count.get();
        count.set(left.saturating_sub(1));
        left > 0
    }

    /// Whether a read fails.
    pub fn read(&self) -> Option<Kind> {
        let fails = self.down(&self.lost) || self.dice.chance(self.rates.get().read);
        fails.then_some(Kind::Unavailable)
    }

    /// What becomes of a call that changes files.
    pub fn fate(&self, effect: &Effect) -> Fate {
        let (rates, dice) = (self.rates.get(), &self.dice);
        if dice.chance(rates.crash) {
            return Fate::Crash;
        }
        if self.down(&self.lost) {
            return Fate::Refused(Kind::Unavailable);
        }
        let writes = !matches!(effect, Effect::Remove(_));
        if writes && self.down(&self.full) {
            return match dice.below(3) {
                0 => Fate::Short(dice.below(effect.len() + 1), Kind::Quota),
                _ => Fate::Refused(Kind::Quota),
            };
        }
        if dice.chance(rates.lost) {
            self.lost.set(dice.between(1, 12));
            return self.unknown(effect, Kind::Unavailable);
        }
        if writes && dice.chance(rates.full) {
            self.full.set(dice.between(1, 20));
            return Fate::Refused(Kind::Quota);
        }
        let kind = *dice.pick(&[Kind::Quota, Kind::Unavailable]);
        if dice.chance(rates.refused) {
            return Fate::Refused(kind);
        }
        if writes && dice.chance(rates.short) {
            return Fate::Short(dice.below(effect.len() + 1), kind);
        }
        if dice.chance(rates.unanswered) {
            return Fate::Unanswered(kind);
        }
        Fate::Well
    }

    fn unknown(&self, effect: &Effect, kind: Kind) -> Fate {
        match self.dice.below(3) {
            0 => Fate::Refused(kind),
            1 => Fate::Short(self.dice.below(effect.len() + 1), kind),
            _ => Fate::Unanswered(kind),
        }
    }
}
