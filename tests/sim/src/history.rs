//! What the logs say of each row before anything is damaged: which writes made it what it is, and which took it away.

use crate::damage::generation;
use crate::medium::Image;
use lodestore::format::frame::{FRAME_HEADER_BYTES, Found, find_frame};
use lodestore::format::header::{FileHeader, FileKind, HEADER_BYTES};
use lodestore::format::record::RecordV2;
use lodestore::format::snapshot::decode_snapshot;
use std::collections::{BTreeMap, BTreeSet};

type Key = (u32, String);

/// By number of the collection, and id.
#[derive(Default)]
pub struct History {
    /// The last write of the whole row, if it is in a log.
    whole: BTreeMap<Key, u64>,
    /// What was written to it since, or at all.
    changed: BTreeMap<Key, Vec<u64>>,
    /// What took rows away, each and whole collections.
    deleted: BTreeMap<Key, u64>,
    ended: BTreeMap<u32, u64>,
    staged: BTreeMap<u32, u32>,
    /// Archives that were imported: these are in no log.
    imported: Vec<u64>,
    /// What is in a log.
    seen: BTreeSet<u64>,
    /// What failed and stands in a log all the same, behind its end.
    failed: BTreeSet<Key>,
    failed_of: BTreeSet<u32>,
    /// Collections that were not there for others to see.
    hidden: BTreeSet<u32>,
}

impl History {
    pub fn of(image: &Image) -> History {
        let mut history = History::default();
        let mut logs: Vec<(FileHeader, &[u8])> = Vec::new();
        for (name, bytes) in &image.0 {
            if generation(name, "snapshot-").is_some()
                && let Ok((_, manifest)) = decode_snapshot(bytes)
            {
                history.imported.extend(manifest.log.is_none().then_some(manifest.seq));
                let staged =
                    manifest.collections.iter().filter_map(|one| Some((one.collection, one.stages?)));
                staged.for_each(|(number, of)| history.stage(number, of));
            }
            if generation(name, "log-").is_some()
                && let Ok(header) = FileHeader::decode(FileKind::Log, bytes)
            {
                logs.push((header, bytes));
            }
        }
        logs.sort_by_key(|(header, _)| header.generation);
        for (at, (header, bytes)) in logs.iter().enumerate() {
            let next = logs.get(at + 1).map(|(next, _)| next);
            let end = next.and_then(|next| next.previous).filter(|(log, _)| *log == header.generation);
            let end = end.map_or(bytes.len(), |(_, end)| (end as usize).min(bytes.len()));
            let failed = next.map_or(u64::MAX, |next| next.seq);
            let mut rest = bytes.get(HEADER_BYTES..end).unwrap_or_default();
            while let Found::Frame(frame, payload) = find_frame(rest) {
                rest = &rest[FRAME_HEADER_BYTES + payload.len()..];
                if frame.seq < failed
                    && let Some((_, record)) = RecordV2::decode(payload)
                {
                    history.add(frame.seq, &record);
                }
            }
            // Behind them, as it may be about a collection that one of them began.
            let behind = bytes.get(end..).unwrap_or_default();
            if let Found::Frame(_, payload) = find_frame(behind)
                && let Some((_, record)) = RecordV2::decode(payload)
            {
                history.fail(&record);
            }
        }
        history
    }

    fn stage(&mut self, number: u32, of: u32) {
        self.staged.insert(number, of);
        self.hidden.insert(number);
    }

    fn fail(&mut self, record: &RecordV2<'_>) {
        match record {
            RecordV2::Delete { collection, ids } => {
                self.failed.extend(ids.iter().map(|id| (*collection, (*id).to_owned())));
            }
            RecordV2::Drop { collection } => drop(self.failed_of.insert(*collection)),
            RecordV2::Switch { staged } => self.failed_of.extend(self.staged.get(staged)),
            _ => {}
        }
    }

    /// Whether a write that failed, and stands where one that is lost stood, took the row away.
    pub fn is_failed(&self, collection: u32, id: &str) -> bool {
        self.failed_of.contains(&collection) || self.failed.contains(&(collection, id.to_owned()))
    }

    fn add(&mut self, seq: u64, record: &RecordV2<'_>) {
        self.seen.insert(seq);
        match record {
            RecordV2::Create { collection, stages: Some(of), .. } => {
                self.stage(*collection, *of);
            }
            RecordV2::Drop { collection } => drop(self.ended.insert(*collection, seq)),
            RecordV2::Switch { staged } => {
                if let Some(of) = self.staged.get(staged) {
                    self.ended.insert(*of, seq);
                }
            }
            RecordV2::Upsert { collection, ids, .. } => {
                for id in ids {
                    let key = (*collection, (*id).to_owned());
                    self.changed.insert(key.clone(), vec![seq]);
                    self.deleted.remove(&key);
                    self.whole.insert(key, seq);
                }
            }
            RecordV2::SetMetadata { collection, ids, .. } => {
                for id in ids {
                    self.changed.entry((*collection, (*id).to_owned())).or_default().push(seq);
                }
            }
            RecordV2::Delete { collection, ids } => {
                for id in ids {
                    self.deleted.insert((*collection, (*id).to_owned()), seq);
                }
            }
            RecordV2::Create { .. } | RecordV2::Configure { .. } => {}
        }
    }

    /// Every write that the row is made of, as far as it is in a log or was an import.
    pub fn of_row(&self, collection: u32, id: &str) -> Vec<u64> {
        let key = (collection, id.to_owned());
        let mut writes = self.changed.get(&key).cloned().unwrap_or_default();
        let whole = self.whole.get(&key).copied().unwrap_or(0);
        writes.extend(self.imported.iter().filter(|seq| **seq > whole));
        writes
    }

    /// Whether a write is in a log: what one does that was pruned, nobody can say.
    pub fn knows(&self, seq: u64) -> bool {
        self.seen.contains(&seq)
    }

    /// Imports, which took away what there was.
    pub fn imports(&self) -> &[u64] {
        &self.imported
    }

    /// Whether the row as a whole was written in a log, after this write.
    pub fn is_after(&self, collection: u32, id: &str, seq: u64) -> bool {
        self.whole.get(&(collection, id.to_owned())).is_some_and(|whole| *whole > seq)
    }

    /// What took the row away: it, or its collection.
    pub fn ends(&self, collection: u32, id: &str) -> impl Iterator<Item = u64> {
        let row = self.deleted.get(&(collection, id.to_owned()));
        row.into_iter().chain(self.ended.get(&collection)).copied()
    }

    /// Whether it was being built in place of another, by what the logs say.
    pub fn is_staged(&self, collection: u32) -> bool {
        self.hidden.contains(&collection)
    }
}
