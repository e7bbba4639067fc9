//! Where the time of an opening goes.

use super::env::Env;
use super::report::{OpenReport, Phase};

/// Measures phases, one behind the other.
pub struct Clock {
    last: f64,
}

impl Clock {
    /// The first phase begins.
    pub fn new(env: &impl Env) -> Clock {
        Clock { last: env.monotonic_ms() }
    }

    /// A phase ends, and the next begins.
    pub fn phase(&mut self, env: &impl Env, report: &mut OpenReport, name: &'static str) {
        let now = env.monotonic_ms();
        report.phases.push(Phase { name, ms: now - self.last });
        self.last = now;
    }
}
