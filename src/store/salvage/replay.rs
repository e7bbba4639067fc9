//! Logs as far as they verify, and which writes are missing between.

use super::super::env::Env;
use super::super::names;
use super::super::wire::op_from_wire;
use super::attempt::{Attempt, Work};
use super::frames::Frames;
use super::report::LostWrites;
use crate::collection::{Op, State};
use crate::error::{Error, Kind, Result};
use crate::format::frame::FRAME_HEADER_BYTES;
use crate::format::header::{FileHeader, HEADER_BYTES};
use crate::format::record::RecordV2;
use crate::format::snapshot::SnapshotV2;
use crate::storage::Storage;

impl<S: Storage, E: Env> Work<'_, S, E> {
    /// Applies every write after the snapshot that can be read.
    pub(super) async fn replay(&self, base: Option<&(u64, SnapshotV2)>, into: &mut Attempt) -> Result<()> {
        let first = base.map_or(0, |(generation, manifest)| manifest.log.unwrap_or(*generation));
        let based = base.map_or(0, |(generation, _)| *generation);
        let mut logs: Vec<(u64, Option<&FileHeader>, u64)> = self
            .logs
            .each()
            .map(|(generation, header, length)| (generation, header.as_ref().ok(), length))
            .filter(|(generation, header, _)| {
                let is_ours = header.is_none_or(|header| header.database == self.database);
                *generation >= first && is_ours && !self.begun.contains(generation)
            })
            .collect();
        // One that a later one passes over, as it continues an older one: it was not there when that was begun, or did not
        // count, and says what became of other writes.
        let continued: Vec<(u64, u64)> =
            logs.iter().filter_map(|(log, header, _)| Some((*log, (*header)?.previous?.0))).collect();
        logs.retain(|(log, ..)| continued.iter().all(|(later, before)| later <= log || before >= log));
        // The write that has to come next, and what is missing from it on.
        let mut expected = into.state.seq + 1;
        let start = expected;
        let missing = |log: u64, from: u64, reason: &str| LostWrites {
            log,
            from,
            reason: reason.to_owned(),
            ..LostWrites::default()
        };
        let mut gap: Option<LostWrites> = None;
        // Collections below this number are not those that later writes mean.
        let mut foreign = 0;
        // The first write after the last gap: what was written before it may have been written again in the gap.
        let mut since = 0;
        let mut whole: Option<u64> = None;
        for (at, &(generation, header, length)) in logs.iter().enumerate() {
            let name = names::log(generation);
            let next = logs.iter().skip(at + 1).find_map(|(_, header, _)| *header);
            // How much of it counts, and from where on its writes failed.
            let says = next.and_then(|next| next.previous).filter(|(log, _)| *log == generation);
            let says = says.map(|(_, end)| end);
            let end = says.map_or(length, |end| end.min(length));
            let mut failed_from = u64::MAX;
            for &(log, header, length) in logs.iter().skip(at + 1) {
                let first = match header {
                    Some(header) => Some(header.seq),
                    None => Frames::new(self, log, length).next().await?.map(|(_, frame)| frame.seq),
                };
                if let Some(first) = first {
                    failed_from = first;
                    break;
                }
            }
            // An import is in no log: where one may have come between, later writes are about other rows.
            let imported = self.imports.iter().any(|one| (based + 1..generation).contains(one));
            // Of a log that is gone only its length is known: no frame is shorter than 34 bytes. What failed in the log
            // before it looks as if it were what stood there.
            let is_gone = |log: u64| log >= first && logs.iter().all(|(one, ..)| *one != log);
            let gone = header.and_then(|header| header.previous.filter(|(log, _)| is_gone(*log)));
            let held = gone.map_or(0, |(_, end)| end.saturating_sub(HEADER_BYTES as u64) / 34);
            let from = expected.min(header.map_or(0, |header| header.seq.saturating_sub(held)).max(start));
            match header {
                None => into.damage(name.clone()),
                Some(header) if header.seq > from => {
                    let continues = header.previous.map(|(log, _)| log);
                    if imported || continues.is_some() && continues == whole {
                        foreign = into.state.next_collection;
                    }
                    let lost = gap.take();
                    let mut lost = lost.unwrap_or_else(|| {
                        missing(generation, from, "what comes before this log is missing")
                    });
                    lost.from = lost.from.min(from);
                    lost.to = Some(header.seq - 1);
                    into.report.lose(lost);
                    (expected, since) = (header.seq, header.seq);
                }
                Some(header) => {
                    // A write that failed may stand where the missing ones were counted from.
                    if let Some(mut lost) = gap.take().filter(|gap| gap.from < header.seq) {
                        lost.to = Some(header.seq - 1);
                        into.report.lose(lost);
                    }
                }
            }
            let mut is_whole = header.is_some();
            let mut is_told = is_whole;
            let mut frames = Frames::new(self, generation, end);
            let mut good = HEADER_BYTES as u64;
            // What its first frames, if they do not verify, may have written in place of writes that failed in the log
            // before it: nothing says where that one ended.
            let instead = |good: u64, bytes: u64, expected: u64| match header {
                None if good == HEADER_BYTES as u64 => expected.saturating_sub(1 + bytes / 34).max(start),
                _ => expected,
            };
            while let Some((at, frame)) = frames.next().await? {
                if at > good {
                    is_whole = false;
                    let from = instead(good, at - good, expected);
                    let lost = gap.get_or_insert_with(|| missing(generation, from, "frames do not verify"));
                    lost.bytes += at - good;
                }
                is_told = true;
                let payload = frames.payload(&frame);
                good = at + payload.len() as u64 + FRAME_HEADER_BYTES as u64;
                if frame.seq >= failed_from || frame.seq < expected {
                    continue;
                }
                if frame.seq > gap.as_ref().map_or(expected, |gap| gap.from) {
                    if imported || header.is_none() && at == HEADER_BYTES as u64 && whole.is_some() {
                        foreign = into.state.next_collection;
                    }
                    since = frame.seq;
                    let lost = gap.take();
                    let mut lost =
                        lost.unwrap_or_else(|| missing(generation, expected, "frames are missing"));
                    lost.to = Some(frame.seq - 1);
                    into.report.lose(lost);
                    is_whole = false;
                }
                gap = None;
                expected = frame.seq + 1;
                into.state.seq = frame.seq;
                if let Err(cause) = into.apply(frame.seq, payload, foreign, since) {
                    if !matches!(cause.kind, Kind::Corrupt | Kind::Invalid) {
                        return Err(cause);
                    }
                    let mut lost = missing(generation, frame.seq, "it does not fit what is there: ");
                    lost.reason.push_str(&cause.message);
                    lost.to = Some(frame.seq);
                    into.report.lose(lost);
                    is_whole = false;
                }
                into.frames += 1;
                if into.frames.is_multiple_of(256) {
                    self.env.yield_now().await;
                }
            }
            if good < end && says.is_none() && at + 1 == logs.len() && frames.is_torn(good).await? {
                into.torn = end - good;
            } else if good < end || says.is_some_and(|says| says > length) {
                is_whole = false;
                let from = instead(good, end - good.min(end), expected);
                let lost = gap.get_or_insert_with(|| missing(generation, from, "the end does not verify"));
                lost.bytes += end - good.min(end);
            }
            if !is_told {
                // The last writes before it may have failed, and there may be an import between.
                gap.get_or_insert_with(|| {
                    missing(generation, expected, "nothing says where this log begins")
                });
            }
            whole = is_whole.then_some(generation);
            if !is_whole {
                into.damage(name);
            }
        }
        let is_missing = |named: &u64| logs.last().is_none_or(|(newest, ..)| newest < named);
        if let Some(log) = self.named.filter(is_missing) {
            gap.get_or_insert_with(|| missing(log, expected, "this log is missing"));
        }
        if expected <= self.covered {
            let lost =
                gap.get_or_insert_with(|| missing(0, expected, "a snapshot that covers them cannot be used"));
            // Where more is missing than the snapshot covers, it is not known how much.
            let is_all = lost.bytes == 0 && lost.log == 0;
            lost.to = is_all.then_some(self.covered);
        }
        if let Some(gap) = gap {
            into.report.lose(gap);
        }
        Ok(())
    }
}

impl Attempt {
    /// Applies a frame that verified. `Corrupt` or `Invalid` where it does not fit what is there, or some of it.
    fn apply(&mut self, seq: u64, payload: &[u8], foreign: u32, since: u64) -> Result<()> {
        let (request, record) =
            RecordV2::decode(payload).ok_or_else(|| Error::corrupt("a frame verifies but is no record"))?;
        let mut op = op_from_wire(record)?;
        let mut left_out = false;
        match &mut op {
            // What was there under the name was dropped, or it could not have been made.
            Op::Create { name, stages: None, .. } => {
                if let Some(collection) = self.state.find(name).map(|one| one.number) {
                    let checked = self.state.check_stored(Op::Drop { collection })?;
                    self.state.apply(checked, seq);
                }
            }
            // What it is to replace is not there: it stays under a name of its own.
            Op::Create { collection, name, stages, .. } if stages.is_some_and(|of| of < foreign) => {
                (*name, *stages) = (self.own_name(name, *collection), None);
            }
            // Nothing stands in for one that itself stands in for another: that had taken its place.
            Op::Create { stages: Some(of), .. }
                if self.state.get(*of).is_some_and(|one| one.stages.is_some()) =>
            {
                let checked = self.state.check_stored(Op::Switch { staged: *of })?;
                self.state.apply(checked, seq);
            }
            // The rows of a row group that does not verify are not there any more.
            Op::Delete { collection, ids } => {
                let (number, state) = (*collection, &self.state);
                let (gone, mut back) = (std::mem::take(ids), 0);
                for id in gone {
                    if is_there(state, number, &id) {
                        ids.push(id);
                        continue;
                    }
                    // It would be gone by now all the same.
                    let groups = self.report.groups.iter_mut().filter(|group| group.number == number);
                    back += groups.map(|group| group.drop_ids(|known| known == id)).sum::<u64>();
                }
                self.found(number, back);
            }
            Op::SetMetadata { collection, ids, metadata } if ids.len() == metadata.len() => {
                let one = self.state.get(*collection);
                let pairs = std::mem::take(ids).into_iter().zip(std::mem::take(metadata));
                // Beside the vector of a version that a missing write replaced, it would be a row that nobody wrote.
                let mut is_meant = |id: &str| {
                    let row = one.and_then(|one| one.row(one.slot(id)?));
                    left_out |= row.is_some_and(|row| row.seq < since);
                    row.is_some_and(|row| row.seq >= since)
                };
                (*ids, *metadata) = pairs.filter(|(id, _)| is_meant(id)).unzip();
            }
            _ => {}
        }
        if number(&op) < foreign {
            return Err(Error::corrupt("it was made after an import that is missing"));
        }
        let mut checked = self.state.check_stored(op)?;
        self.state.reserve(&mut checked)?;
        self.state.apply(checked, seq);
        self.requests.add(seq, request);
        match left_out {
            true => Err(Error::corrupt("missing writes may have replaced rows whose metadata it changed")),
            false => Ok(()),
        }
    }
}

fn is_there(state: &State, collection: u32, id: &str) -> bool {
    state.get(collection).is_some_and(|one| one.slot(id).is_some())
}

fn number(op: &Op) -> u32 {
    match op {
        Op::Create { collection, .. }
        | Op::Drop { collection }
        | Op::Upsert { collection, .. }
        | Op::SetMetadata { collection, .. }
        | Op::Delete { collection, .. }
        | Op::Configure { collection, .. }
        | Op::Switch { staged: collection } => *collection,
    }
}
