//! Clocks that jump, and yields.

use crate::dice::Dice;
use lodestore::store::Env;
use std::cell::Cell;

#[derive(Clone)]
pub struct SimEnv {
    dice: Dice,
    wall: Cell<u64>,
    passed: Cell<f64>,
}

impl SimEnv {
    pub fn new(dice: &Dice) -> SimEnv {
        SimEnv { dice: dice.clone(), wall: Cell::new(1_700_000_000_000), passed: Cell::new(0.0) }
    }
}

impl Env for SimEnv {
    /// Mostly forward; set back, or far ahead, now and then.
    fn now_ms(&self) -> u64 {
        let now = self.wall.get();
        let then = match self.dice.below(40) {
            0 => now - self.dice.below(1_000_000_000) as u64,
            1 => now + self.dice.below(1_000_000_000) as u64,
            _ => now + self.dice.below(50) as u64,
        };
        self.wall.set(then);
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
