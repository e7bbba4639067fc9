//! What the database was behind each write, by sequence numbers, as far as that is known.

use crate::model::Model;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Numbers between two that are known were given to what nobody sees: parts of a rebuild, or what was left out.
#[derive(Clone)]
pub struct Timeline {
    known: BTreeMap<u64, Rc<Model>>,
    /// First and last of writes whose order was not said.
    vague: Vec<(u64, u64)>,
    /// The last write of which anything is known.
    last: u64,
}

impl Timeline {
    pub fn new() -> Timeline {
        Timeline { known: BTreeMap::from([(0, Rc::default())]), vague: Vec::new(), last: 0 }
    }

    /// What it was behind this write; `None` where it is one of those that were ever asked for.
    pub fn at(&self, seq: u64) -> Option<&Rc<Model>> {
        let is_vague = seq > self.last || self.vague.iter().any(|(from, to)| (*from..=*to).contains(&seq));
        self.known.range(..=seq).next_back().map(|(_, model)| model).filter(|_| !is_vague)
    }

    /// A write that was acknowledged. `exact` where it has this very number, and not one up to it. In the order of
    /// the model: one that comes later and has a lower number was done at the same time.
    pub fn add(&mut self, seq: u64, exact: bool, model: &Rc<Model>) {
        let before = self.known.range(..=u64::MAX).next_back().map_or(0, |(seq, _)| *seq);
        if !exact {
            self.vague.push((self.last.saturating_add(1).min(seq), seq));
        } else if before > seq {
            self.vague.push((seq, before));
        }
        self.known.insert(seq.max(before), model.clone());
        self.last = self.last.max(seq);
    }

    /// A process found the database so, and goes on behind this write.
    pub fn found(&mut self, seq: u64, model: &Rc<Model>) {
        drop(self.known.split_off(&(seq + 1)));
        self.vague.retain(|(from, _)| *from <= seq);
        if seq > self.last + 1 {
            self.vague.push((self.last + 1, seq - 1));
        }
        if seq != self.last || self.at(seq).is_none() {
            self.vague.iter_mut().for_each(|(_, to)| *to = seq.saturating_sub(1).min(*to));
            self.known.insert(seq, model.clone());
        }
        self.last = seq;
    }
}
