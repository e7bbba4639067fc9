//! What is derived from the vectors of a collection: codes, and the graph.

use super::choices::{IndexKind, Quantization};
use super::config::{Config, HnswConfig};
use super::rows::Collection;
use super::search::Query;
use crate::error::Result;
use crate::index::codes::{Bits, Bytes, Codes, close};
use crate::index::cost::{Compared, graph_pays};
use crate::index::hnsw::Params;
use crate::index::{Flat, LiveGraph, Space, Step};
use crate::room::ask;
use roaring::RoaringBitmap;

/// `auto` asks what a query for so many results would cost.
const USUAL_RESULTS: usize = 10;

/// Bytes that a set of slots takes however few it has, about.
const ROOM_OF_SET: usize = 16 * 1024;

/// Codes as configured, of no rows yet.
pub(super) fn empty_codes(config: &Config) -> Codes {
    match config.quantization {
        Quantization::None => Codes::None,
        Quantization::Int8 => Codes::Bytes(Bytes::new(config.dimension, config.metric)),
        Quantization::Binary => Codes::Bits(Bits::new(config.dimension)),
    }
}

/// What a comparison costs in the graph, or in a scan where there are codes.
pub(super) fn compared(config: &Config) -> Compared {
    match config.quantization {
        Quantization::None => Compared::floats(config.dimension),
        Quantization::Int8 => Compared::bytes(config.dimension),
        Quantization::Binary => Compared::bits(config.dimension),
    }
}

impl Collection {
    /// The rows as points.
    pub fn space(&self) -> Space<'_> {
        Space { vectors: &self.vectors, flat: &self.flat, codes: &self.codes }
    }

    /// The codes.
    pub fn codes(&self) -> &Codes {
        &self.codes
    }

    /// The graph, where there is one.
    pub fn graph(&self) -> Option<&LiveGraph> {
        self.graph.as_ref()
    }

    /// What the graph is built with.
    pub fn graph_params(&self) -> Params {
        let hnsw = &self.config.hnsw;
        Params { m: hnsw.m.into(), ef_construction: hnsw.ef_construction.into(), seed: hnsw.seed }
    }

    /// Takes a graph that was stored with these rows; its nodes and the rows are compared. Without one, a graph is
    /// built where the configuration asks for it.
    pub fn adopt_graph(&mut self, graph: Option<LiveGraph>) {
        let mut live = match graph {
            Some(live) => live,
            None => {
                let wanted = self.wants_graph();
                self.graph = wanted.then(|| LiveGraph::new(self.graph_params(), self.live.clone()));
                return;
            }
        };
        for slot in 0..self.rows.len() as u32 {
            match (live.graph().contains(slot), self.live.contains(slot)) {
                (true, false) => {
                    live.remove(slot);
                    self.free.remove(slot);
                }
                (false, true) => live.add(slot),
                _ => {}
            }
        }
        self.graph = Some(live);
    }

    /// Says that the graph stands in a snapshot.
    pub fn clean_graph(&mut self) {
        if let Some(graph) = &mut self.graph {
            graph.clean();
        }
    }

    /// What does not hold between the graph and the rows, if anything: every row is a node or waits to be one, no
    /// other node is alive, no slot of a node is free, and links lead to nodes.
    pub fn graph_disagrees(&self) -> Option<String> {
        let live = self.graph.as_ref()?;
        let graph = live.graph();
        for slot in 0..graph.slots().max(self.rows.len()) as u32 {
            let (has_row, waits) = (self.live.contains(slot), live.pending().contains(slot));
            let holds = graph.is_alive(slot) == (has_row && !waits)
                && (has_row || !waits)
                && !(graph.contains(slot) && (waits || self.free.contains(slot)));
            if !holds {
                return Some(format!("node and row of slot {slot} contradict each other"));
            }
        }
        (0..graph.group_count())
            .find_map(|group| graph.check_group(group).err())
            .map(|cause| cause.to_string())
    }

    /// Whether the codes of a row group, or what a scan of floats keeps, are not those of its vectors. Another build
    /// rounds a little differently, and that is no difference.
    pub fn codes_disagree(&self, group: usize) -> Result<bool> {
        let mut scratch = Vec::new();
        let vectors = self.vectors.group_in(group, &mut scratch)?;
        let mut fresh = empty_codes(&self.config);
        fresh.reserve(1)?;
        for (slot, vector) in self.group_slots(group).zip(vectors.chunks_exact(self.config.dimension)) {
            if self.live.contains(slot) {
                let inverse = self.flat.inverse_of(vector);
                fresh.set(0, vector, inverse);
                if !close(inverse, self.flat.inverse(slot)) || !self.codes.agrees(slot, &fresh) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Makes what is kept of the vectors again.
    pub fn recode(&mut self) -> Result<()> {
        let config = self.config.clone();
        (self.flat, self.codes) = self.under(&config)?;
        self.touch_codes();
        Ok(())
    }

    /// Drops a graph that does not hold. Another is built where the configuration asks for one.
    pub fn forget_graph(&mut self) {
        self.drop_graph();
    }

    /// Rows that are to come into a graph, which may not have been begun.
    pub fn rows_without_node(&self) -> u64 {
        match &self.graph {
            Some(live) => live.pending().len(),
            None if self.wants_graph() => self.len() as u64,
            None => 0,
        }
    }

    /// Steps of work on the graph that are left, about. With `thorough` also those that can wait.
    pub fn index_steps_left(&self, thorough: bool) -> u64 {
        match &self.graph {
            Some(graph) if self.wants_graph() => graph.steps_left(thorough),
            Some(_) => 1,
            None if self.wants_graph() => self.len() as u64,
            None => 0,
        }
    }

    /// Does one step of work on the graph, which takes some tenths of a millisecond: putting in a row, or as much as
    /// that. Whether there was any.
    pub fn index_step(&mut self, thorough: bool) -> Result<bool> {
        if !self.wants_graph() {
            let had = self.graph.is_some();
            self.drop_graph();
            return Ok(had);
        }
        if self.graph.is_none() {
            // The set of its rows: two bytes a slot or less.
            ask(ROOM_OF_SET + 2 * self.rows.len())?;
            self.adopt_graph(None);
        }
        let Some(graph) = &mut self.graph else { return Ok(false) };
        let space = Space { vectors: &self.vectors, flat: &self.flat, codes: &self.codes };
        match graph.step(space, thorough)? {
            Step::Idle => return Ok(false),
            Step::Worked => {}
            Step::Freed(slots) => self.free |= slots,
        }
        Ok(true)
    }

    fn wants_graph(&self) -> bool {
        match self.config.index {
            IndexKind::Flat => false,
            IndexKind::Hnsw => true,
            IndexKind::Auto => {
                let hnsw = &self.config.hnsw;
                let there = self.graph.is_some();
                let ef = self.ef_for(&Query::default(), USUAL_RESULTS);
                graph_pays(self.len(), compared(&self.config), ef, hnsw.m.into(), there)
            }
        }
    }

    /// Without a graph every slot without a row is free.
    pub(super) fn drop_graph(&mut self) {
        if self.graph.take().is_some() {
            self.free = RoaringBitmap::new();
            for (slot, row) in self.rows.iter().enumerate() {
                if row.is_none() {
                    self.free.insert(slot as u32);
                }
            }
        }
    }

    /// Makes room for `slots` slots in all. The graph gets its own when a row comes into it.
    pub(super) fn reserve_derived(&mut self, slots: usize) -> Result<()> {
        self.flat.reserve(slots)?;
        self.codes.reserve(slots)
    }

    /// Whether the row in a slot can take another vector where it is: a node of the graph stays what it is linked for.
    pub(super) fn can_overwrite(&self, slot: u32) -> bool {
        self.graph.as_ref().is_none_or(|graph| !graph.graph().contains(slot))
    }

    /// Notes the vector that was just written to a slot.
    pub(super) fn derive(&mut self, slot: u32, vector: &[f32]) {
        self.flat.insert(slot, vector);
        self.codes.set(slot, vector, self.flat.inverse(slot));
        if let Some(graph) = &mut self.graph {
            graph.add(slot);
        }
    }

    /// Notes that the row in a slot is gone: the slot is free, now or after a sweep.
    pub(super) fn underive(&mut self, slot: u32) {
        if self.graph.as_mut().is_none_or(|graph| graph.remove(slot)) {
            self.free.insert(slot);
        }
    }

    /// What is derived of the vectors under another configuration. `Invalid` when a row does not fit its metric. Row
    /// groups in storage are read one at a time.
    pub(super) fn under(&self, config: &Config) -> Result<(Flat, Codes)> {
        let (mut flat, mut codes) = (Flat::new(config.metric), empty_codes(config));
        codes.reserve(self.rows.len())?;
        let mut scratch = Vec::new();
        let mut slot = 0;
        for group in 0..self.vectors.group_count() {
            for vector in self.vectors.group_in(group, &mut scratch)?.chunks_exact(self.config.dimension) {
                if let Some(row) = self.row(slot) {
                    let inverse = config.metric.admit(vector).map_err(|cause| {
                        cause.about(format_args!("row '{:.80}' does not fit the new metric", row.id))
                    })?;
                    flat.insert_admitted(slot, inverse);
                    codes.set(slot, vector, inverse);
                }
                slot += 1;
            }
        }
        Ok((flat, codes))
    }

    /// Changes the configuration; `derived` is what [`Collection::under`] made for it where that is anything else.
    pub(super) fn configure(&mut self, config: Config, derived: Option<(Flat, Codes)>) {
        let built_with = |hnsw: &HnswConfig| (hnsw.m, hnsw.ef_construction, hnsw.seed);
        let graph_stays = derived.is_none()
            && config.index != IndexKind::Flat
            && built_with(&config.hnsw) == built_with(&self.config.hnsw);
        if let Some((flat, codes)) = derived {
            (self.flat, self.codes) = (flat, codes);
        }
        self.config = config;
        if !graph_stays {
            self.drop_graph();
        }
    }

    /// Bytes of codes and graph.
    pub fn derived_bytes(&self) -> usize {
        self.codes.memory_bytes() + self.graph.as_ref().map_or(0, LiveGraph::memory_bytes)
    }
}
