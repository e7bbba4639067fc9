//! Archives that JavaScript hands over piece by piece: to an import, a restore or a verification.

use super::convert::{self, background, promise};
use super::feed::Feed;
use crate::error::{Error, Result};
use js_sys::{Promise, Uint8Array};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// An archive that is coming in.
#[wasm_bindgen]
pub struct WasmIntake {
    feed: Feed,
    outcome: Rc<RefCell<Option<Result<JsValue>>>>,
}

impl WasmIntake {
    /// Runs `work`, which pulls the archive from the feed that it is given.
    pub(super) fn start<W: Future<Output = Result<JsValue>> + 'static>(
        work: impl FnOnce(Feed) -> W,
    ) -> WasmIntake {
        let (feed, outcome) = (Feed::default(), Rc::new(RefCell::new(None)));
        let (source, result) = (feed.clone(), outcome.clone());
        let work = work(feed.clone());
        background(async move {
            *result.borrow_mut() = Some(work.await);
            source.close();
        });
        WasmIntake { feed, outcome }
    }
}

#[wasm_bindgen]
impl WasmIntake {
    /// Hands over the next bytes of the archive; rejects when they do not verify. True when no more are wanted.
    pub fn write(&self, bytes: Uint8Array) -> Promise {
        let (feed, outcome, bytes) = (self.feed.clone(), self.outcome.clone(), convert::bytes(&bytes));
        promise(async move {
            feed.push(bytes?).await;
            match outcome.borrow().as_ref() {
                Some(Err(cause)) => Err(cause.clone()),
                Some(Ok(_)) => Ok(JsValue::TRUE),
                None => Ok(JsValue::FALSE),
            }
        })
    }

    /// Says that nothing comes any more, and waits for the outcome.
    pub fn finish(&self) -> Promise {
        self.feed.end();
        let (feed, outcome) = (self.feed.clone(), self.outcome.clone());
        promise(async move {
            feed.closed().await;
            let outcome = outcome.borrow_mut().take();
            outcome.unwrap_or_else(|| Err(Error::invalid("finish() was called twice")))
        })
    }

    /// Gives up: nothing changed.
    pub fn abort(&self) -> Promise {
        self.feed.abort();
        let feed = self.feed.clone();
        promise(async move {
            feed.closed().await;
            Ok(JsValue::UNDEFINED)
        })
    }
}
