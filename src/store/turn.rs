//! A queue for those who want to write: first come, first served, one at a time.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::{Poll, Waker};

/// Grants one [`Guard`] at a time, in the order of asking.
#[derive(Default)]
pub struct Turn {
    line: RefCell<Line>,
}

#[derive(Default)]
struct Line {
    next_ticket: u64,
    /// Those who hold or wait, first the holder; a waker where somebody waits.
    tickets: VecDeque<(u64, Option<Waker>)>,
}

impl Turn {
    /// Waits for its turn. The place in the queue is taken when this is called, not when it is first polled.
    pub fn take(&self) -> impl Future<Output = Guard<'_>> {
        let ticket = {
            let mut line = self.line.borrow_mut();
            let ticket = line.next_ticket;
            line.next_ticket += 1;
            line.tickets.push_back((ticket, None));
            ticket
        };
        // The guard exists from here on, so that a caller that gives up leaves the queue.
        let mut guard = Some(Guard { turn: self, ticket });
        poll_fn(move |context| {
            let mut line = self.line.borrow_mut();
            if line.tickets.front().is_some_and(|(first, _)| *first == ticket) {
                drop(line);
                return guard.take().map_or(Poll::Pending, Poll::Ready);
            }
            if let Some((_, waker)) = line.tickets.iter_mut().find(|(waiting, _)| *waiting == ticket) {
                *waker = Some(context.waker().clone());
            }
            Poll::Pending
        })
    }
}

/// The right to write, until dropped.
pub struct Guard<'a> {
    turn: &'a Turn,
    ticket: u64,
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        let waker = {
            let mut line = self.turn.line.borrow_mut();
            line.tickets.retain(|(ticket, _)| *ticket != self.ticket);
            line.tickets.front_mut().and_then(|(_, waker)| waker.take())
        };
        // Woken outside the borrow: a waker may poll at once.
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}
