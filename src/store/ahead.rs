//! Reading ahead: while one run of blocks is verified and decoded, the host fetches the next.

use super::blocks::Run;
use crate::error::Result;
use crate::storage::Storage;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

type Reading<'a> = Pin<Box<dyn Future<Output = Result<Vec<u8>>> + 'a>>;

/// Runs in order, the next one always on its way. Holds two runs at most.
pub struct Ahead<'a, S> {
    storage: &'a S,
    runs: std::slice::Iter<'a, Run>,
    coming: Option<(&'a Run, Reading<'a>)>,
    /// What the coming read gave when it was begun, if it was ready at once.
    early: Option<Result<Vec<u8>>>,
}

impl<'a, S: Storage> Ahead<'a, S> {
    /// Nothing is read before the first `next`.
    pub fn new(storage: &'a S, runs: &'a [Run]) -> Ahead<'a, S> {
        Ahead { storage, runs: runs.iter(), coming: None, early: None }
    }

    /// The next run and its bytes.
    pub async fn next(&mut self) -> Result<Option<(&'a Run, Vec<u8>)>> {
        if self.coming.is_none() {
            self.begin().await;
        }
        let Some((run, reading)) = self.coming.take() else { return Ok(None) };
        let bytes = match self.early.take() {
            Some(early) => early,
            None => reading.await,
        }?;
        self.begin().await;
        Ok(Some((run, bytes)))
    }

    /// Begins the next read. A future does nothing before it is polled, so it is polled once.
    async fn begin(&mut self) {
        let Some(run) = self.runs.next() else { return };
        let storage = self.storage;
        let mut reading: Reading<'a> = Box::pin(async move { run.read(storage).await });
        let first = poll_fn(|context| Poll::Ready(reading.as_mut().poll(context))).await;
        self.early = match first {
            Poll::Ready(result) => Some(result),
            Poll::Pending => None,
        };
        self.coming = Some((run, reading));
    }
}
