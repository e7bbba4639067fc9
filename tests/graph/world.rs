//! A collection as far as the graph knows one: rows, their codes, the graph over them, and which slots are alive.

use lodestore::index::codes::{Bits, Bytes, Codes};
use lodestore::index::hnsw::{Graph, Params, Reach, Scratch, Sweep, Width};
use lodestore::index::{Flat, Metric, Scored, Space};
use lodestore::vectors::Vectors;
use roaring::RoaringBitmap;

use crate::check;

/// What distances are computed from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    Floats,
    Bytes,
    Bits,
}

/// What most tests build with: the default but for the width of the beam, which costs time.
pub const PARAMS: Params = Params { m: 16, ef_construction: 100, seed: 1 };

/// The rows of a world.
#[derive(Clone)]
pub struct Rows {
    pub vectors: Vectors,
    pub flat: Flat,
    pub codes: Codes,
}

impl Rows {
    pub fn new(dimension: usize, metric: Metric, kind: Kind) -> Rows {
        let codes = match kind {
            Kind::Floats => Codes::None,
            Kind::Bytes => Codes::Bytes(Bytes::new(dimension, metric)),
            Kind::Bits => Codes::Bits(Bits::new(dimension)),
        };
        Rows { vectors: Vectors::new(dimension), flat: Flat::new(metric), codes }
    }

    pub fn set(&mut self, slot: u32, vector: &[f32]) {
        self.flat.metric().validate(vector).unwrap();
        self.vectors.set(slot, vector).unwrap();
        self.flat.insert(slot, vector);
        self.codes.reserve(slot as usize + 1).unwrap();
        self.codes.set(slot, vector, self.flat.inverse(slot));
    }

    pub fn space(&self) -> Space<'_> {
        Space { vectors: &self.vectors, flat: &self.flat, codes: &self.codes }
    }
}

/// Rows, the graph over them, and the model: which slots are alive, dead, or free.
pub struct World {
    pub rows: Rows,
    pub graph: Graph,
    pub scratch: Scratch,
    pub live: RoaringBitmap,
    pub dead: RoaringBitmap,
    pub free: RoaringBitmap,
    /// Slots whose nodes a sweep took, and that are free when it ends.
    pub taken: RoaringBitmap,
}

impl World {
    pub fn new(dimension: usize, metric: Metric, kind: Kind, params: Params) -> World {
        World {
            rows: Rows::new(dimension, metric, kind),
            graph: Graph::new(params),
            scratch: Scratch::default(),
            live: RoaringBitmap::new(),
            dead: RoaringBitmap::new(),
            free: RoaringBitmap::new(),
            taken: RoaringBitmap::new(),
        }
    }

    /// A world with these rows, in their order.
    pub fn of(rows: &[Vec<f32>], metric: Metric, kind: Kind, params: Params) -> World {
        let mut world = World::new(rows[0].len(), metric, kind, params);
        for row in rows {
            world.insert(row);
        }
        world
    }

    /// Puts a row into the lowest free slot, as a collection does.
    pub fn insert(&mut self, vector: &[f32]) -> u32 {
        let slot = self.free.min().unwrap_or(self.rows.vectors.len() as u32);
        self.free.remove(slot);
        self.rows.set(slot, vector);
        self.live.insert(slot);
        self.graph.insert(self.rows.space(), &mut self.scratch, slot).unwrap();
        slot
    }

    /// Deletes a row. Its slot is free after a sweep.
    pub fn delete(&mut self, slot: u32) {
        assert!(self.live.remove(slot));
        self.dead.insert(slot);
        self.graph.kill(slot);
    }

    /// Gives a row another vector: another slot, and the old one dies.
    pub fn update(&mut self, slot: u32, vector: &[f32]) -> u32 {
        let new = self.insert(vector);
        self.delete(slot);
        new
    }

    /// Looks at one more node of a sweep; at its end its slots are free.
    pub fn sweep_step(&mut self, sweep: &mut Sweep) -> bool {
        let gone = sweep.step(&mut self.graph, self.rows.space(), &mut self.scratch);
        // Nodes go some at a time; their slots are free when all of them are gone.
        let taken = self.dead.iter().filter(|slot| !self.graph.contains(*slot));
        self.taken |= taken.collect::<RoaringBitmap>();
        self.dead -= &self.taken;
        let Some(gone) = gone else { return false };
        assert_eq!(gone, self.taken, "a sweep says which it took");
        self.sweep_forgotten();
        true
    }

    /// Without a sweep, a slot without a node is free.
    pub fn sweep_forgotten(&mut self) {
        self.free |= std::mem::take(&mut self.taken);
    }

    /// Takes all dead nodes out.
    pub fn sweep(&mut self) {
        let mut sweep = Sweep::default();
        while !self.sweep_step(&mut sweep) {}
        assert_eq!((self.dead.len(), self.graph.dead()), (0, 0));
    }

    /// Lets every node be reached; gives how many had to be linked again.
    pub fn reach(&mut self) -> u32 {
        let mut reach = Reach::default();
        while !reach.step(&mut self.graph, self.rows.space(), &mut self.scratch) {}
        reach.mended
    }

    /// The best `k` live rows among the `ef` nodes that the graph finds, by their exact scores.
    pub fn search(&mut self, query: &[f32], k: usize, ef: usize) -> Vec<Scored> {
        self.search_within(query, k, Width::fixed(ef))
    }

    /// The same with a beam of any kind.
    pub fn search_within(&mut self, query: &[f32], k: usize, width: Width) -> Vec<Scored> {
        self.rows.space().ask(&mut self.scratch.query, query, true);
        self.graph.search(self.rows.space(), &mut self.scratch, width);
        let found: Vec<u32> = self.scratch.nearest().map(|(slot, _)| slot).collect();
        let set: RoaringBitmap = found.iter().copied().collect();
        assert_eq!(set.len(), found.len() as u64, "a node was found twice");
        assert!(found.len() <= width.most() && found.iter().all(|slot| self.graph.contains(*slot)));
        self.exact(query, k, Some(&set))
    }

    /// The best `k` live rows, of `among` or of all.
    pub fn exact(&self, query: &[f32], k: usize, among: Option<&RoaringBitmap>) -> Vec<Scored> {
        self.rows.flat.search(&self.rows.vectors, query, k, among, &self.live, None).unwrap()
    }

    /// The share of the best ten that the graph finds. A row that scores as well as the tenth best counts: which of
    /// several equals is found does not matter.
    pub fn recall(&mut self, queries: &[Vec<f32>], ef: usize) -> f64 {
        self.recall_within(queries, Width::fixed(ef))
    }

    /// The same with a beam of any kind.
    pub fn recall_within(&mut self, queries: &[Vec<f32>], width: Width) -> f64 {
        let (mut found, mut wanted) = (0, 0);
        for query in queries {
            let best = self.exact(query, 10, None);
            let Some(last) = best.last() else { continue };
            // The exact index may sum whole groups in another order than single rows.
            let floor = last.score - 1e-5 * (1.0 + last.score.abs());
            let hits = self.search_within(query, 10, width).iter().filter(|hit| hit.score >= floor).count();
            found += hits.min(best.len());
            wanted += best.len();
        }
        found as f64 / wanted.max(1) as f64
    }

    /// Everything that must hold, and that the graph has the nodes of the model.
    pub fn check(&self) {
        check::invariants(&self.graph);
        check::nodes(&self.graph, &self.live, &self.dead);
    }

    /// [`World::check`], and that all nodes can be reached.
    pub fn check_reached(&self) {
        self.check();
        let lost = check::unreached(&self.graph);
        assert!(lost.is_empty(), "{} of {} nodes cannot be reached", lost.len(), self.graph.len());
    }
}
