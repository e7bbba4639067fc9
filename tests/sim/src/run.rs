//! Running futures: one to its end, or many in an order that the dice choose.

use crate::dice::Dice;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

/// Polls after which something waits for what never comes.
const POLLS_MAX: u64 = 20_000_000;

pub type Task<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Runs a future to its end; `None` when the machine stopped meanwhile.
pub fn finish<F: Future>(future: F, stopped: impl Fn() -> bool) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..POLLS_MAX {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return Some(output);
        }
        if stopped() {
            return None;
        }
    }
    panic!("this waits for something that never comes");
}

/// Runs all of them, now this one and now that; ends early when the machine stops.
pub fn together(mut tasks: Vec<Task<'_>>, dice: &Dice, stopped: impl Fn() -> bool) {
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..POLLS_MAX {
        if tasks.is_empty() {
            return;
        }
        let at = dice.below(tasks.len());
        if tasks[at].as_mut().poll(&mut context).is_ready() {
            drop(tasks.swap_remove(at));
        }
        if stopped() {
            return;
        }
    }
    panic!("these wait for something that never comes");
}
