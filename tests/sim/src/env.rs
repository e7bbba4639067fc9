//! Clocks that jump, and yields.

use crate::dice::Dice;
use lodestore::store::Env;
use std::cell::Cell;
use std::rc::Rc;

/// What the clock on the wall shows; clones are the same one.
#[derive(Clone)]
pub struct Clock {
    pub ms: Rc<Cell<u64>>,
    /// Whether it is set back, or far ahead, now and then.
    pub jumps: bool,
}

impl Clock {
    pub fn at(ms: u64, jumps: bool) -> Clock {
        Clock { ms: Rc::new(Cell::new(ms)), jumps }
    }

    /// Hours or days later.
    pub fn advance(&self, dice: &Dice) {
        const HOUR: usize = 3_600_000;
        let longest = *dice.pick(&[HOUR, 12 * HOUR, 36 * HOUR, 9 * 24 * HOUR, 45 * 24 * HOUR]);
        self.ms.set(self.ms.get() + dice.below(longest) as u64);
    }
}

#[derive(Clone)]
pub struct SimEnv {
    dice: Dice,
    wall: Clock,
    passed: Cell<f64>,
}

impl SimEnv {
    pub fn new(dice: &Dice) -> SimEnv {
        SimEnv::on(dice, Clock::at(1_700_000_000_000, true))
    }

    pub fn on(dice: &Dice, wall: Clock) -> SimEnv {
        SimEnv { dice: dice.clone(), wall, passed: Cell::new(0.0) }
    }
}

impl Env for SimEnv {
    /// Mostly forward.
    fn now_ms(&self) -> u64 {
        let now = self.wall.ms.get();
        let then = match self.dice.below(if self.wall.jumps { 40 } else { 1 }) {
            _ if !self.wall.jumps => now + self.dice.below(50) as u64,
            0 => now - self.dice.below(1_000_000_000) as u64,
            1 => now + self.dice.below(1_000_000_000) as u64,
            _ => now + self.dice.below(50) as u64,
        };
        self.wall.ms.set(then);
        then
    }

    fn monotonic_ms(&self) -> f64 {
        self.passed.set(self.passed.get() + self.dice.below(6) as f64);
        self.passed.get()
    }

    fn random(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.dice.next().to_le_bytes());
        bytes[8..].copy_from_slice(&self.dice.next().to_le_bytes());
        bytes
    }

    fn progress(&self, phase: &str, done: u64, total: u64) {
        assert!(done <= total, "progress of {phase}: {done} of {total}");
    }

    async fn yield_now(&self) {
        self.dice.yields().await;
    }
}
