//! What the store needs of its surroundings beside storage: clocks, randomness, a place to say how far it is,
//! and a way to let others run. What archives are compressed and encrypted with is beside it: [`Seal`].

use super::Seal;

/// Clocks, randomness and manners. Tests give fixed ones, so that a run can be repeated.
#[allow(async_fn_in_trait)] // one thread: no bound on the future is wanted
pub trait Env: Seal {
    /// Wall clock: milliseconds since 1970.
    fn now_ms(&self) -> u64;

    /// A clock that never runs backwards, in milliseconds, for measuring.
    fn monotonic_ms(&self) -> f64;

    /// Sixteen random bytes: the identity of a new database.
    fn random(&self) -> [u8; 16];

    /// How far a long piece of work is.
    fn progress(&self, phase: &str, done: u64, total: u64);

    /// Lets others run: called between slices of long work.
    async fn yield_now(&self);

    /// As [`Env::yield_now`], for work that nobody waits for: it does not keep a process from ending.
    async fn rest(&self) {
        self.yield_now().await;
    }
}
