//! What was seen in storage so far, as far as comparing needs it: a few bits for each row.

use super::report::{CheckReport, Problem};
use crate::collection::{Collection, Config, State};
use crate::limits::GROUP_ROWS;
use crate::sorted::SortedMap;
use roaring::RoaringBitmap;

/// What was seen.
#[derive(Default)]
pub(super) struct Seen {
    pub report: CheckReport,
    pub collections: Vec<SeenCollection>,
    /// The last write that was seen.
    pub seq: u64,
    /// Storage could not be read on from there: later writes are in memory only.
    pub is_cut: bool,
    /// Row groups, by collection, whose blocks do not verify.
    pub damaged: Vec<(u32, usize)>,
}

/// A collection as storage has it.
pub(super) struct SeenCollection {
    pub number: u32,
    pub name: String,
    pub config: Config,
    pub stages: Option<u32>,
    /// Slots in memory whose row stands in storage just so.
    pub rows: RoaringBitmap,
    /// Slots in memory whose vector does.
    pub vectors: RoaringBitmap,
    /// Ids, as a number each, that are not in memory: a later write has to delete them.
    pub owed: SortedMap<u64, u64>,
}

/// An id as a number: two that share one are not to be expected.
fn short(id: &str) -> u64 {
    id.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

fn set(slots: &mut RoaringBitmap, slot: u32, holds: bool) {
    if holds {
        slots.insert(slot);
    } else {
        slots.remove(slot);
    }
}

impl Seen {
    pub fn get(&mut self, number: u32) -> Option<&mut SeenCollection> {
        self.collections.iter_mut().find(|one| one.number == number)
    }

    pub fn begin(&mut self, number: u32, name: String, config: Config, stages: Option<u32>) {
        self.collections.push(SeenCollection {
            number,
            name,
            config,
            stages,
            rows: RoaringBitmap::new(),
            vectors: RoaringBitmap::new(),
            owed: SortedMap::new(),
        });
    }

    pub fn forget(&mut self, number: u32) {
        self.collections.retain(|one| one.number != number);
    }

    /// What is in storage and not in memory, or the other way round, beside rows.
    pub fn compare_whole(&mut self, live: &State) {
        if self.is_cut {
            return;
        }
        if self.seq != live.seq {
            let what = format!("storage ends at write {}, memory at {}", self.seq, live.seq);
            self.report.add(Problem::of("collection", "", what));
        }
        for seen in &self.collections {
            let what = match live.get(seen.number) {
                None => "it is in storage and not in memory",
                Some(one)
                    if (&one.name, one.config(), one.stages) != (&seen.name, &seen.config, seen.stages) =>
                {
                    "storage and memory differ in its configuration or name"
                }
                Some(_) if !seen.owed.is_empty() => "storage has rows that are not in memory",
                Some(_) => continue,
            };
            self.report.add(Problem::of("collection", &seen.name, what.to_owned()));
        }
        for one in live.all().filter(|one| self.collections.iter().all(|seen| seen.number != one.number)) {
            self.report.add(Problem::of(
                "collection",
                &one.name,
                "it is in memory and not in storage".to_owned(),
            ));
        }
    }
}

impl SeenCollection {
    /// A row that stood in `slot` at the snapshot.
    pub fn row(&mut self, live: &Collection, slot: u32, id: &str, seq: u64, metadata: &str) {
        let Some(now) = live.slot(id) else {
            self.owed.insert(short(id), 0);
            return;
        };
        let holds = |row: &crate::collection::Row| row.seq == seq && *row.metadata == *metadata;
        if now == slot && live.row(slot).is_some_and(holds) {
            self.rows.insert(slot);
        }
    }

    /// A row that write `seq` put in or changed.
    pub fn written(&mut self, live: &Collection, id: &str, seq: u64, metadata: &str) -> Option<u32> {
        let Some(slot) = live.slot(id) else {
            self.owed.insert(short(id), 0);
            return None;
        };
        if let Some(row) = live.row(slot).filter(|row| row.seq <= seq) {
            set(&mut self.rows, slot, row.seq == seq && *row.metadata == *metadata);
        }
        Some(slot)
    }

    /// Says whether the vector in a slot is the one that was written last.
    pub fn vector(&mut self, slot: u32, same: bool) {
        set(&mut self.vectors, slot, same);
    }

    /// A row that write `seq` deleted.
    pub fn deleted(&mut self, live: &Collection, id: &str, seq: u64) {
        self.owed.remove(short(id));
        if let Some(slot) = live.slot(id)
            && live.row(slot).is_some_and(|row| row.seq < seq)
        {
            self.rows.remove(slot);
        }
    }

    /// A row group of which nothing can be said: its problem is told of already.
    pub fn excuse(&mut self, group: usize) {
        let slots = (group * GROUP_ROWS) as u32..((group + 1) * GROUP_ROWS) as u32;
        self.rows.insert_range(slots.clone());
        self.vectors.insert_range(slots);
    }
}
