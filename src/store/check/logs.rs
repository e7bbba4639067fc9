//! The logs after the oldest kept snapshot that has any: every frame is verified, and those after the newest are compared.

use super::super::chain::Logs;
use super::super::database::Inner;
use super::super::env::Env;
use super::super::log::{LogReader, Next};
use super::super::names::{self, Listing};
use super::report::Problem;
use super::seen::Seen;
use super::{ROWS_AT_ONCE, damage};
use crate::collection::{Op, State};
use crate::error::{Error, Result};
use crate::storage::Storage;

impl<S: Storage, E: Env> Inner<S, E> {
    pub(super) async fn check_logs(
        &self,
        listing: &Listing,
        kept: &[u64],
        seen: &mut Seen,
        go_on: &dyn Fn() -> Result<()>,
    ) -> Result<()> {
        let logs = Logs::read(&self.storage, listing).await?;
        // Behind older ones there may be none, if a retention policy says so.
        let oldest = kept.get(logs.connected(kept)).copied().unwrap_or(0);
        let mut links = logs.after(oldest, None);
        if let Err(cause) = links {
            let what = damage(cause)?;
            let bad = logs.each().filter_map(|(log, header, _)| Some((log, header.as_ref().err()?)));
            let mut problems: Vec<Problem> =
                bad.map(|(log, cause)| Problem::stored("log", &names::log(log), cause.to_string())).collect();
            if problems.is_empty() {
                problems.push(Problem { file: None, ..Problem::stored("log", "log", what) });
            }
            problems.into_iter().for_each(|problem| seen.report.add(problem));
            // What the newest snapshot needs may be there all the same.
            links = logs.after(seen.seq, None);
        }
        let Ok(links) = links else {
            seen.is_cut = true;
            return Ok(());
        };
        for link in links {
            let log = link.header.generation;
            if let Err(cause) = self.check_log(log, link.end, link.head, seen, go_on).await {
                let what = damage(cause)?;
                seen.report.add(Problem::stored("log", &names::log(log), what));
                // Writes in it that the newest snapshot covers are not missed.
                seen.is_cut |=
                    link.head || logs.header(log).is_some_and(|_| self.last_of(log, &logs) > seen.seq);
            }
        }
        Ok(())
    }

    /// The last write that a log can have.
    fn last_of(&self, log: u64, logs: &Logs) -> u64 {
        let next = logs.each().find(|(generation, ..)| *generation > log);
        next.and_then(|(_, header, _)| header.as_ref().ok()).map_or(u64::MAX, |header| header.seq - 1)
    }

    async fn check_log(
        &self,
        log: u64,
        end: u64,
        is_head: bool,
        seen: &mut Seen,
        go_on: &dyn Fn() -> Result<()>,
    ) -> Result<()> {
        let tail = self.disk.borrow().log;
        let end = if is_head { tail.length } else { end };
        let mut reader = LogReader::new(&self.storage, log, end);
        loop {
            match reader.next().await? {
                Next::Frame { seq, op, .. } => {
                    seen.report.frames += 1;
                    if seq == seen.seq + 1 && !seen.is_cut {
                        seen.seq = seq;
                        seen.apply(&self.state.borrow(), seq, op)?;
                    }
                    if seen.report.frames.is_multiple_of(ROWS_AT_ONCE) {
                        go_on()?;
                        self.env.yield_now().await;
                    }
                }
                Next::End => return Ok(()),
                Next::Torn => return Err(Error::corrupt("a frame that was acknowledged is cut short")),
                Next::Damaged(what) => return Err(Error::corrupt(what)),
            }
        }
    }
}

impl Seen {
    /// Takes note of a write after the newest snapshot.
    fn apply(&mut self, live: &State, seq: u64, op: Op) -> Result<()> {
        match op {
            Op::Create { collection, name, config, stages } => self.begin(collection, name, config, stages),
            Op::Drop { collection } => self.forget(collection),
            Op::Configure { collection, config } => {
                if let Some(seen) = self.get(collection) {
                    seen.config = config;
                }
            }
            Op::Switch { staged } => {
                let target = self.get(staged).and_then(|one| one.stages.take());
                let name = target.and_then(|target| self.get(target)).map(|one| one.name.clone());
                target.into_iter().for_each(|target| self.forget(target));
                if let Some((seen, name)) = self.get(staged).zip(name) {
                    seen.name = name;
                }
            }
            Op::Upsert { collection, rows } => {
                let (Some(live), Some(seen)) = (live.get(collection), self.get(collection)) else {
                    return Ok(());
                };
                let vectors = rows.vectors.chunks_exact(live.config().dimension);
                for ((id, vector), metadata) in rows.ids.iter().zip(vectors).zip(&rows.metadata) {
                    if let Some(slot) = seen.written(live, id, seq, metadata) {
                        let bits = bytemuck::cast_slice::<f32, u32>;
                        seen.vector(slot, bits(&live.vector(slot)?) == bits(vector));
                    }
                }
            }
            Op::SetMetadata { collection, ids, metadata } => {
                let (Some(live), Some(seen)) = (live.get(collection), self.get(collection)) else {
                    return Ok(());
                };
                for (id, metadata) in ids.iter().zip(&metadata) {
                    seen.written(live, id, seq, metadata);
                }
            }
            Op::Delete { collection, ids } => {
                let (Some(live), Some(seen)) = (live.get(collection), self.get(collection)) else {
                    return Ok(());
                };
                ids.iter().for_each(|id| seen.deleted(live, id, seq));
            }
        }
        Ok(())
    }
}
