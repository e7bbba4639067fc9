//! Bytes that JavaScript pushes, as a source that the store pulls.

use crate::error::{Error, Kind, Result};
use crate::storage::Source;
use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

/// Between who pushes and who pulls: at most one piece lies here.
#[derive(Clone, Default)]
pub struct Feed(Rc<RefCell<Middle>>);

#[derive(Default)]
struct Middle {
    piece: Option<Vec<u8>>,
    ended: bool,
    aborted: bool,
    /// Nobody pulls any more.
    closed: bool,
    wakers: Vec<Waker>,
}

impl Middle {
    fn wake(&mut self) -> Vec<Waker> {
        std::mem::take(&mut self.wakers)
    }
}

impl Feed {
    /// Hands over a piece; resolves when there is room for the next, or nobody pulls any more.
    pub async fn push(&self, bytes: Vec<u8>) {
        self.wait_for(|middle| middle.piece.is_none() || middle.closed).await;
        self.change(|middle| {
            if !middle.closed {
                middle.piece = Some(bytes);
            }
        });
        self.wait_for(|middle| middle.piece.is_none() || middle.closed).await;
    }

    /// Nothing comes any more.
    pub fn end(&self) {
        self.change(|middle| middle.ended = true);
    }

    /// Who pushes gives up.
    pub fn abort(&self) {
        self.change(|middle| middle.aborted = true);
    }

    /// Nobody pulls any more.
    pub fn close(&self) {
        self.change(|middle| middle.closed = true);
    }

    /// Waits until nobody pulls any more.
    pub async fn closed(&self) {
        self.wait_for(|middle| middle.closed).await;
    }

    fn change(&self, change: impl FnOnce(&mut Middle)) {
        let wakers = {
            let mut middle = self.0.borrow_mut();
            change(&mut middle);
            middle.wake()
        };
        wakers.into_iter().for_each(Waker::wake);
    }

    async fn wait_for(&self, ready: impl Fn(&Middle) -> bool) {
        poll_fn(|context| {
            let mut middle = self.0.borrow_mut();
            if ready(&middle) {
                return Poll::Ready(());
            }
            middle.wakers.push(context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

impl Source for Feed {
    async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        self.wait_for(|middle| middle.piece.is_some() || middle.ended || middle.aborted).await;
        let (piece, aborted) = {
            let mut middle = self.0.borrow_mut();
            (middle.piece.take(), middle.aborted)
        };
        if aborted {
            return Err(Error::new(Kind::Unavailable, "the import was aborted: nothing changed"));
        }
        // Room for the next piece.
        self.change(|_| ());
        Ok(piece)
    }
}
