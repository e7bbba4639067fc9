//! What is derived from the vectors of a collection: codes, and the graph.

use super::choices::{IndexKind, Quantization};
use super::config::Config;
use super::rows::Collection;
use crate::error::Result;
use crate::index::codes::{Bits, Bytes, Codes};
use crate::index::cost::{Compared, graph_pays};
use crate::index::hnsw::{Graph, Params};
use crate::index::{Flat, LiveGraph, Space, Step};
use roaring::RoaringBitmap;

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
    pub fn adopt_graph(&mut self, graph: Option<Graph>) -> Result<()> {
        let mut live = match graph {
            Some(graph) => LiveGraph::of(graph),
            None if self.wants_graph() => LiveGraph::new(self.graph_params()),
            None => return Ok(()),
        };
        live.reserve(self.rows.len())?;
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
        Ok(())
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

    /// Does one step of work on the graph, which takes some tenths of a millisecond at most. Whether there was any.
    pub fn index_step(&mut self, thorough: bool) -> Result<bool> {
        if !self.wants_graph() {
            let had = self.graph.is_some();
            self.drop_graph();
            return Ok(had);
        }
        if self.graph.is_none() {
            self.adopt_graph(None)?;
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
                graph_pays(self.len(), compared(&self.config), hnsw.ef.into(), hnsw.m.into(), there)
            }
        }
    }

    /// Without a graph every slot without a row is free.
    pub(super) fn drop_graph(&mut self) {
        if self.graph.take().is_some() {
            self.free = RoaringBitmap::from_sorted_iter(0..self.rows.len() as u32).unwrap_or_default();
            self.free -= &self.live;
        }
    }

    /// Makes room for `slots` slots in all.
    pub(super) fn reserve_derived(&mut self, slots: usize) -> Result<()> {
        self.codes.reserve(slots)?;
        self.graph.as_mut().map_or(Ok(()), |graph| graph.reserve(slots))
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
        let graph_stays = derived.is_none()
            && (config.index, config.hnsw.m, config.hnsw.ef_construction, config.hnsw.seed)
                == (
                    self.config.index,
                    self.config.hnsw.m,
                    self.config.hnsw.ef_construction,
                    self.config.hnsw.seed,
                );
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
