//! A graph in use: what is still to be done to it, in steps short enough to stop between any two of them.
//!
//! Writes only note what changed. Steps, taken in the background, put new rows into the graph, take dead nodes out
//! once they are many, and see to it that every node can be reached. A search covers what is noted and not yet
//! done: the caller scans [`LiveGraph::pending`], and dead nodes are left out of what it finds.

use super::hnsw::{Graph, Params, Reach, Scratch, Sweep, Width};
use super::space::Space;
use crate::error::Result;
use crate::room::ask;
use roaring::RoaringBitmap;
use std::cell::{RefCell, RefMut};

/// Of the nodes, one in this many may be dead before a sweep begins by itself.
const DEAD_SHARE: usize = 5;
/// When one in this many is dead a sweep does not wait for new rows: under a writer that never pauses there always are
/// some, and each change of a row takes a slot that only a sweep gives back.
const DEAD_SHARE_MAX: usize = 2;
/// Nodes are looked for that cannot be reached when one in this many is new since the last look.
const LOOK_SHARE: usize = 32;
/// A sweep looks at this many slots in one step, at most: most need nothing.
const SWEEP_STRIDE: usize = 8;
/// As many nodes are looked at in one step on the way to those that cannot be reached, at most.
const REACH_STRIDE: usize = 64;
/// A step ends before those when it compared so many: about as many as putting in a row takes.
const STEP_COMPARED: u64 = 2_000;

/// Bytes that a step takes beside the links of a node, about: whatever it does, and for each slot.
const ROOM_OF_STEP: (usize, usize) = (256 * 1024, 12);

/// What a step did.
#[derive(Debug)]
pub enum Step {
    /// There was nothing to do.
    Idle,
    /// A part of the work.
    Worked,
    /// A sweep ended: no node is in these slots any more.
    Freed(RoaringBitmap),
}

/// Work that goes over all nodes.
#[derive(Debug)]
enum Pass {
    None,
    Sweep(Sweep),
    Reach(Box<Reach>),
}

/// The graph of one collection.
pub struct LiveGraph {
    graph: Graph,
    /// Live rows without a node.
    pending: RoaringBitmap,
    pass: Pass,
    /// Nodes that came since it was known that all can be reached.
    unchecked: usize,
    scratch: RefCell<Scratch>,
}

impl LiveGraph {
    /// Without nodes; these are the slots of the live rows.
    pub fn new(params: Params, pending: RoaringBitmap) -> LiveGraph {
        LiveGraph { pending, ..LiveGraph::stored(Graph::new(params), 0) }
    }

    /// With the nodes of a stored graph, of which it was not known of this many whether they can be reached.
    pub fn stored(graph: Graph, unchecked: usize) -> LiveGraph {
        LiveGraph {
            graph,
            pending: RoaringBitmap::new(),
            pass: Pass::None,
            unchecked,
            scratch: RefCell::default(),
        }
    }

    /// The graph itself.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Nodes of which it is not known whether they can be reached.
    pub fn unchecked(&self) -> usize {
        self.unchecked
    }

    /// Says that everything stands in a snapshot.
    pub fn clean(&mut self) {
        self.graph.clean();
    }

    /// Live rows that the graph does not have yet.
    pub fn pending(&self) -> &RoaringBitmap {
        &self.pending
    }

    /// Notes a row that came, in a slot without a node.
    pub fn add(&mut self, slot: u32) {
        self.pending.insert(slot);
    }

    /// Notes that a row went. Whether its slot can be used again at once; if not, a sweep will say so.
    pub fn remove(&mut self, slot: u32) -> bool {
        self.pending.remove(slot);
        self.graph.kill(slot);
        !self.graph.contains(slot)
    }

    /// The steps that are left, about. With `thorough` also those that can wait.
    pub fn steps_left(&self, thorough: bool) -> u64 {
        let pass = match &self.pass {
            Pass::None => 0,
            Pass::Sweep(sweep) => sweep.remaining(&self.graph) / SWEEP_STRIDE + 1,
            Pass::Reach(_) => 1,
        };
        let sweep = if self.sweep_due(thorough) { self.graph.len() / SWEEP_STRIDE + 1 } else { 0 };
        let looking = matches!(self.pass, Pass::Reach(_));
        let look = usize::from(!looking && self.look_due(thorough));
        self.pending.len() + (pass + sweep + look) as u64
    }

    fn sweep_due(&self, thorough: bool) -> bool {
        let dead = self.graph.dead();
        matches!(self.pass, Pass::None | Pass::Reach(_))
            && (dead * DEAD_SHARE > self.graph.len() || (thorough && dead > 0))
    }

    fn look_due(&self, thorough: bool) -> bool {
        self.unchecked * LOOK_SHARE > self.graph.len() || (thorough && self.unchecked > 0)
    }

    /// Does a little of what is to be done: one row put into the graph, or some nodes looked at.
    pub fn step(&mut self, space: Space<'_>, thorough: bool) -> Result<Step> {
        let (sweep_due, look_due) = (self.sweep_due(thorough), self.look_due(thorough));
        let next = self.pending.min();
        self.graph.reserve(next.map_or(0, |slot| slot as usize + 1))?;
        ask(ROOM_OF_STEP.0 + ROOM_OF_STEP.1 * self.graph.slots())?;
        let scratch = self.scratch.get_mut();
        scratch.compared = 0;
        if let Pass::Sweep(sweep) = &mut self.pass {
            for _ in 0..SWEEP_STRIDE {
                if let Some(freed) = sweep.step(&mut self.graph, space, scratch) {
                    self.pass = Pass::None;
                    self.unchecked += freed.len() as usize;
                    return Ok(Step::Freed(freed));
                }
                if scratch.compared > STEP_COMPARED {
                    break;
                }
            }
            return Ok(Step::Worked);
        }
        let crowded = self.graph.dead() * DEAD_SHARE_MAX > self.graph.len();
        if let Some(slot) = next.filter(|_| !crowded) {
            self.pass = Pass::None;
            self.graph.insert(space, scratch, slot)?;
            self.pending.remove(slot);
            self.unchecked += 1;
            return Ok(Step::Worked);
        }
        if sweep_due {
            self.pass = Pass::Sweep(Sweep::default());
            return Ok(Step::Worked);
        }
        if matches!(self.pass, Pass::None) && look_due {
            self.pass = Pass::Reach(Box::default());
        }
        if let Pass::Reach(reach) = &mut self.pass {
            for _ in 0..REACH_STRIDE {
                if reach.step(&mut self.graph, space, scratch) {
                    self.pass = Pass::None;
                    self.unchecked = 0;
                    break;
                }
                if scratch.compared > STEP_COMPARED {
                    break;
                }
            }
            return Ok(Step::Worked);
        }
        Ok(Step::Idle)
    }

    /// Distances that the last step, or search, computed.
    pub fn compared(&self) -> u64 {
        self.scratch.try_borrow().map_or(0, |scratch| scratch.compared)
    }

    /// Finds about as many of the nearest nodes to `vector` as `width` says, dead ones among them. `None` while another search of the same
    /// graph has not ended, which one thread cannot do.
    pub fn search(&self, space: Space<'_>, vector: &[f32], width: Width) -> Option<RefMut<'_, Scratch>> {
        let mut scratch = self.scratch.try_borrow_mut().ok()?;
        scratch.compared = 0;
        space.ask(&mut scratch.query, vector, true);
        self.graph.search(space, &mut scratch, width);
        Some(scratch)
    }

    /// Bytes held.
    pub fn memory_bytes(&self) -> usize {
        self.graph.memory_bytes() + self.scratch.try_borrow().map_or(0, |scratch| scratch.memory_bytes())
    }
}
