//! Seeds on all cores. A panic ends its seed and is told with the command that repeats it.

use crate::explore::Tally;
use std::cell::RefCell;
use std::ops::AddAssign;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
use std::rc::Rc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Crashes while recovering from crashes nest.
const STACK_BYTES: usize = 64 << 20;

/// What was done and what came of it.
#[derive(Default)]
pub struct Done {
    pub passed: u64,
    pub failed: u64,
    pub crashes: u64,
    pub flips: u64,
    pub salvages: u64,
    pub writes: u64,
    pub faults: u64,
    pub refused: u64,
    /// The command that repeats the first failure.
    pub first: Option<String>,
}

impl AddAssign for Done {
    fn add_assign(&mut self, other: Done) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.crashes += other.crashes;
        self.flips += other.flips;
        self.salvages += other.salvages;
        self.writes += other.writes;
        self.faults += other.faults;
        self.refused += other.refused;
        self.first = self.first.take().or(other.first);
    }
}

thread_local! {
    /// What the last panic of this thread said.
    static SAID: RefCell<String> = const { RefCell::new(String::new()) };
}

/// One seed: what was done, and what failed.
pub fn one(seed: u64, job: &impl Fn(u64, &Rc<Tally>)) -> (Done, Option<String>) {
    set_hook(Box::new(|panic| {
        let text = panic.payload_as_str().unwrap_or("a panic");
        let place = panic.location().map(|place| format!(" ({}:{})", place.file(), place.line()));
        SAID.with(|said| *said.borrow_mut() = format!("{text}{}", place.unwrap_or_default()));
    }));
    let tally = Rc::new(Tally::default());
    let outcome = catch_unwind(AssertUnwindSafe(|| job(seed, &tally)));
    let done = Done {
        passed: u64::from(outcome.is_ok()),
        failed: u64::from(outcome.is_err()),
        crashes: tally.crashes.get(),
        flips: tally.flips.get(),
        salvages: tally.salvages.get(),
        writes: tally.writes.get(),
        faults: tally.faults.get(),
        refused: tally.refused.get(),
        first: None,
    };
    (done, outcome.err().map(|_| SAID.with(|said| said.take())))
}

/// All seeds from `from` on.
pub fn all(
    from: u64,
    count: u64,
    job: &(impl Fn(u64, &Rc<Tally>) + Sync),
    replay: impl Fn(u64) -> String + Sync,
) -> Done {
    let (next, done) = (AtomicU64::new(from), Mutex::new(Done::default()));
    let worker = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= from + count {
                return;
            }
            let (mut one, failure) = one(seed, job);
            if let Some(what) = failure {
                println!("seed {seed}: {what:.2000}\n  {}", replay(seed));
                one.first = Some(replay(seed));
            }
            let Ok(mut done) = done.lock() else { return };
            *done += one;
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores.min(count as usize) {
            let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
            thread.spawn_scoped(scope, worker).expect("a thread starts");
        }
    });
    done.into_inner().unwrap_or_default()
}
