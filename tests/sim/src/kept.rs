//! What a salvage kept: nothing that was never written, and everything whose absence its report does not explain.

use crate::damage::generation as generation_of;
use crate::history::History;
use crate::medium::Image;
use crate::model::{Meta, Model, ModelCollection, ModelRow, rebuilt};
use lodestore::collection::{Collection, State};
use lodestore::format::block::{BLOCK_HEADER_BYTES, BlockHeader, RowsV1};
use lodestore::format::snapshot::{BlockRefV1, decode_snapshot};
use lodestore::store::SalvageReport;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// What was stored before the damage.
pub struct Whole<'a> {
    pub state: &'a State,
    pub image: &'a Image,
    pub history: History,
    /// What might as well have been found: with what failed, and with what was under way, or without.
    pub candidates: &'a [Rc<Model>],
    /// Files were there as they were written, all of them.
    pub sound: bool,
}

/// A name that lives as long as those that are written in the source.
fn interned(name: &str) -> &'static str {
    thread_local! {
        static NAMES: RefCell<BTreeSet<&'static str>> = const { RefCell::new(BTreeSet::new()) };
    }
    NAMES.with(|names| {
        let known = names.borrow().get(name).copied();
        known.unwrap_or_else(|| {
            let made: &'static str = Box::leak(name.to_owned().into_boxed_str());
            names.borrow_mut().insert(made);
            made
        })
    })
}

/// Metadata by its text.
fn meta(text: &str) -> Meta {
    let mut meta = Meta::default();
    for field in text[1..text.len() - 1].split(',').filter(|field| !field.is_empty()) {
        let digits: String = field[4..].chars().filter(char::is_ascii_digit).collect();
        let value = digits.parse().ok();
        match &field[1..2] {
            "n" => meta.n = value,
            "s" => meta.s = value,
            _ => meta.u = value,
        }
    }
    meta
}

/// What is stored now, as a model to compare with from here on.
pub fn modelled(state: &State) -> Model {
    let mut model = Model::default();
    for one in state.all().filter(|one| one.stages.is_none()) {
        let mut rows = BTreeMap::new();
        for (id, slot) in one.ids() {
            let metadata = one.row(slot).unwrap().metadata.to_string();
            let vector = one.vector(slot).unwrap_or_else(|cause| panic!("{id} after a salvage: {cause}"));
            let row = ModelRow { vector: vector.into_owned(), meta: meta(&metadata), metadata };
            rows.insert(id.clone(), Rc::new(row));
        }
        let made = ModelCollection { config: one.config().clone(), rows };
        let before = model.0.insert(interned(&one.name), Rc::new(made));
        assert!(before.is_none(), "salvaged: two collections of the name {}", one.name);
    }
    model
}

/// Every row is one that was written just so, under that id, in a collection of that name, by one write and those to its
/// metadata. One that was being rebuilt may have a name of its own.
pub fn never_invents(kept: &Model, written: &[Rc<Model>], when: &str) {
    for (name, one) in &kept.0 {
        let of = name.split('-').next().unwrap();
        let versions = || written.iter().filter_map(|model| model.0.get(of));
        for (id, row) in &one.rows {
            let known = |other: &Rc<ModelRow>| Rc::ptr_eq(other, row) || other == row;
            if versions().any(|version| version.rows.get(id).is_some_and(known)) {
                continue;
            }
            // By a rebuild: nobody saw it before the switch.
            let by_rebuild = row.vector == rebuilt(id, one.config.dimension)
                && versions().any(|one| one.rows.get(id).is_some_and(|other| other.metadata == row.metadata));
            let known: Vec<_> = versions().filter_map(|version| version.rows.get(id)).collect();
            assert!(
                by_rebuild,
                "{when}: {name}: {id} was never {:?} {}: {known:?}",
                row.vector, row.metadata
            );
        }
    }
}

/// Whether a write is among those that the report calls lost.
fn is_lost(report: &SalvageReport, seq: u64) -> bool {
    let in_range = |from: u64, to: Option<u64>| from <= seq && to.is_none_or(|to| seq <= to);
    report.more_lost > 0 || report.lost.iter().any(|lost| in_range(lost.from, lost.to))
}

fn same(a: &Collection, at: u32, b: &Collection, slot: u32) -> bool {
    let (Some(one), Some(other)) = (a.row(at), b.row(slot)) else { return false };
    one.metadata == other.metadata && a.vector(at).unwrap() == b.vector(slot).unwrap()
}

/// Whether a row is as another state has it, or there as little.
fn is_as_in(model: &Model, of: &Collection, id: &str, kept: Option<(&Collection, u32)>) -> bool {
    let row = model.0.get(of.name.as_str()).and_then(|one| one.rows.get(id));
    match (row, kept) {
        (Some(row), Some((one, slot))) => {
            let metadata = one.row(slot).map(|row| &*row.metadata);
            metadata == Some(&*row.metadata) && *one.vector(slot).unwrap() == *row.vector
        }
        (None, None) => true,
        _ => false,
    }
}

impl Whole<'_> {
    /// Everything that is not there, or not as it was, is told of: row by row, by the row group or by the writes.
    pub fn is_explained(&self, kept: &State, report: &SalvageReport, damaged: &Image) {
        let snapshot = report.snapshot.map(|generation| {
            let bytes =
                damaged.0.get(format!("snapshot-{generation}").as_str()).expect("the snapshot it used");
            decode_snapshot(bytes).expect("a snapshot that was used").1.seq
        });
        // Behind it is a hole: what an import brought in that is older than what is missing.
        let is_alone = report.snapshot.is_some_and(|chosen| self.is_alone(chosen, damaged));
        for one in self.state.all() {
            let there = kept.get(one.number);
            let config = there.is_none_or(|there| {
                let mut others = self.candidates.iter().filter_map(|other| other.0.get(one.name.as_str()));
                there.config() == one.config() || others.any(|other| *there.config() == other.config)
            });
            assert!(
                config || !report.lost.is_empty(),
                "salvaged: {} has another configuration: {report:?}",
                one.name
            );
            for (id, slot) in one.ids() {
                let kept = there.and_then(|there| Some((there, there.slot(id)?)));
                if kept.is_some_and(|(there, at)| same(there, at, one, slot)) {
                    continue;
                }
                let writes = self.history.of_row(one.number, id);
                let stored = one.row(slot).map(|row| row.seq);
                // Of a write that failed and that looks like one of those that are missing.
                let other = kept.and_then(|(there, at)| there.row(at)).map(|row| row.seq);
                let lost = writes.iter().copied().chain(stored).chain(other).any(|seq| is_lost(report, seq));
                let failed = || self.candidates.iter().any(|other| is_as_in(other, one, id, kept));
                let grouped = || kept.is_none() && self.is_in_group(one, id, report, snapshot);
                // Of a write that was pruned before the damage the history does not know that it made the row.
                let pruned = || self.loses_pruned(report) && !self.history.is_after(one.number, id, 0);
                let ended =
                    || kept.is_none() && !report.lost.is_empty() && self.history.is_failed(one.number, id);
                assert!(
                    lost || is_alone || grouped() || failed() || ended() || pruned(),
                    "salvaged: {}: {id} is missing or older, by {writes:?} {stored:?}: {report:?}",
                    one.name
                );
            }
        }
        assert!(
            !is_alone || !self.has_better(damaged),
            "salvaged from a snapshot that stands alone: {report:?}"
        );
        // Of writes whose logs were pruned before the damage the history knows nothing.
        let is_pruned = report.snapshot.is_some_and(|chosen| self.is_alone(chosen, self.image));
        self.is_accounted(kept, report, is_alone || is_pruned);
    }

    /// Whether some of what is lost was in no log before the damage.
    fn loses_pruned(&self, report: &SalvageReport) -> bool {
        report.lost.iter().any(|lost| {
            let to = lost.to.unwrap_or(self.state.seq).min(self.state.seq);
            (lost.from..=to).any(|seq| !self.history.knows(seq))
        })
    }

    /// Whether this snapshot is without the log behind it, and not the newest.
    fn is_alone(&self, generation: u64, damaged: &Image) -> bool {
        let mut all = damaged.0.keys().filter_map(|name| generation_of(name, "snapshot-"));
        let bytes = damaged.0.get(format!("snapshot-{generation}").as_str());
        let log = bytes.and_then(|bytes| decode_snapshot(bytes).ok()?.1.log).unwrap_or(generation + 1);
        all.any(|newer| newer > generation) && !damaged.0.contains_key(format!("log-{log}").as_str())
    }

    /// Whether another snapshot that can be read has a row, in a row group that verifies, that is as it was to the end.
    fn has_better(&self, damaged: &Image) -> bool {
        let verified = |block: &BlockRefV1| {
            let file = damaged.0.get(format!("blocks-{}", block.generation).as_str())?;
            let (header, payload) =
                file.get(block.offset as usize..)?.split_at_checked(BLOCK_HEADER_BYTES)?;
            let payload = payload.get(..block.length as usize)?;
            BlockHeader::decode(header).ok()?.verify(payload).ok()?;
            Some(payload)
        };
        damaged.0.iter().any(|(name, bytes)| {
            let generation = generation_of(name, "snapshot-");
            if generation.is_none_or(|generation| self.is_alone(generation, damaged)) {
                return false;
            }
            let Ok((_, manifest)) = decode_snapshot(bytes) else { return false };
            manifest.collections.iter().any(|one| {
                let Some(live) = self.state.get(one.collection) else { return false };
                one.groups.iter().any(|group| {
                    let rows = verified(&group.vectors).and_then(|_| verified(&group.rows));
                    let rows = rows.and_then(|rows| RowsV1::decode(rows).ok());
                    // Not what was deleted since, and is there again as something brought it back from the past.
                    let was_away =
                        |id: &str| self.history.ends(one.collection, id).any(|end| end > manifest.seq);
                    let stays = |(id, seq): (&&str, &u64)| {
                        live.slot(id).and_then(|slot| live.row(slot)).is_some_and(|row| row.seq == *seq)
                            && !was_away(id)
                    };
                    rows.is_some_and(|rows| rows.ids.iter().zip(&rows.seqs).any(stays))
                })
            })
        })
    }

    /// Whether the row stood in a row group that is gone.
    fn is_in_group(&self, one: &Collection, id: &str, report: &SalvageReport, snapshot: Option<u64>) -> bool {
        let Some(seq) = snapshot else { return false };
        let may_hold = |named: Option<u64>, ids: &[String]| match named == Some(ids.len() as u64) {
            true => ids.iter().any(|one| one == id),
            false => true,
        };
        !self.history.is_after(one.number, id, seq)
            && report
                .groups
                .iter()
                .any(|group| group.collection == one.name && may_hold(group.rows, &group.ids))
    }

    /// What is there besides was taken away by a write that is lost. What is called gone is not there.
    fn is_accounted(&self, kept: &State, report: &SalvageReport, is_alone: bool) {
        let imported = self.history.imports().iter().any(|seq| is_lost(report, *seq));
        // Of a write that was pruned before the damage nobody knows what it took away.
        let pruned = self.loses_pruned(report);
        for one in kept.all() {
            let before = self.state.get(one.number);
            // What was being built is let go by opening, unless it is not known what became of it.
            let staged = self.history.is_staged(one.number) && !report.lost.is_empty();
            // Where some of what was written is gone, what follows did not count, and is there for salvage to find.
            let loose = !self.sound || imported || pruned || staged || is_alone;
            for (id, slot) in one.ids() {
                let known = before.is_some_and(|before| before.slot(id).is_some())
                    || self
                        .candidates
                        .iter()
                        .any(|other| is_as_in(other, one, id, one.slot(id).map(|at| (one, at))));
                // Or by a write that failed and that looks like one of those that are missing.
                let by = one.row(slot).map(|row| row.seq);
                let ended = || self.history.ends(one.number, id).chain(by).any(|seq| is_lost(report, seq));
                assert!(known || loose || ended(), "salvaged: {}: {id} is there again: {report:?}", one.name);
            }
            let others = kept.all().filter(|other| other.name == one.name).count();
            for group in report.groups.iter().filter(|group| group.collection == one.name && others == 1) {
                let back = group.ids.iter().find(|id| one.slot(id).is_some());
                assert!(back.is_none() || loose, "salvaged: {back:?} is there and called gone");
            }
        }
        let rows = |name: &str| kept.find(name).map_or(0, |one| one.len() as u64);
        assert_eq!(report.collections.len(), kept.all().count(), "the collections in the report");
        for one in &report.collections {
            assert_eq!(one.rows, rows(&one.name), "rows of {} in the report", one.name);
        }
        assert!(report.lost.iter().all(|lost| lost.to.is_none_or(|to| to >= lost.from)), "{report:?}");
    }
}
