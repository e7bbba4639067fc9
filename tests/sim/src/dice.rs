//! Where every choice of a run comes from: clones share one stream, so that a seed is one run.

use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

#[derive(Clone)]
pub struct Dice(Rc<Cell<u64>>);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice(Rc::new(Cell::new(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5DEE_CE66_D1CE_4E5B)))
    }

    /// Dice of their own, so that what is done with them leaves these as they are but for one throw.
    pub fn split(&self) -> Dice {
        Dice(Rc::new(Cell::new(self.next())))
    }

    /// Splitmix64.
    pub fn next(&self) -> u64 {
        let state = self.0.get().wrapping_add(0x9E37_79B9_7F4A_7C15);
        self.0.set(state);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// 0 to `below` - 1; 0 for 0.
    pub fn below(&self, below: usize) -> usize {
        (self.next() % below.max(1) as u64) as usize
    }

    /// One of `from` to `to`, both included.
    pub fn between(&self, from: usize, to: usize) -> usize {
        from + self.below(to + 1 - from)
    }

    /// True so many times in a thousand.
    pub fn chance(&self, in_thousand: usize) -> bool {
        self.below(1000) < in_thousand
    }

    pub fn pick<'a, T>(&self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// Lets others run, some times or not at all.
    pub async fn yields(&self) {
        let mut left = [0, 0, 1, 1, 2][self.below(5)];
        poll_fn(|context| {
            if left > 0 {
                left -= 1;
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            Poll::Ready(())
        })
        .await;
    }
}
