//! Every node can be reached. Choosing links looks at one node at a time, so now and then it drops the last link to
//! another (with many equal vectors, to whole groups of them). This finds such nodes and links them again.
//!
//! The paths by which nodes were first met are a tree. Where a list of links is full, a link outside the tree makes
//! room: dropping it loses nothing, so one look is enough.

use super::graph::{Graph, NONE};
use super::scratch::Scratch;
use super::width::Width;
use crate::index::space::Space;

/// Nodes near a lost one that are asked for a link to it.
const HELPERS: usize = 32;
/// Slots of which one step asks whether they were met: a step is short however large the graph is.
const SLOTS_A_STEP: usize = 1024;
/// And so many slots are put on the list in one.
const SLOTS_AT_ONCE: usize = 64 * 1024;

/// A look at the whole graph, in steps. Anything that changes the graph makes it void.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    /// By slot: the node whose link led to it, the entry itself for the entry, or NONE.
    parents: Vec<u32>,
    /// Met, but not their neighbours yet.
    front: Vec<u32>,
    /// The next slot to be asked whether it was met.
    next: usize,
    /// A lost node, and the one that may take it if none above in the tree could.
    below: Option<(u32, u32)>,
    /// Nodes that had to be linked again.
    pub mended: u32,
}

impl Reach {
    /// Looks at one node, with a search for one at most. Whether all can be reached now.
    pub fn step(&mut self, graph: &mut Graph, space: Space<'_>, scratch: &mut Scratch) -> bool {
        let Some((entry, _)) = graph.entry() else { return true };
        if self.parents.len() < graph.slots() {
            let more = self.parents.len() + SLOTS_AT_ONCE;
            self.parents.resize(more.min(graph.slots()), NONE);
            return false;
        }
        self.meet(entry, entry);
        if let Some((slot, below)) = self.below.take() {
            self.put_below(graph, slot, below);
            return false;
        }
        if let Some(slot) = self.front.pop() {
            for link in graph.neighbours(slot, 0) {
                self.meet(link, slot);
            }
            return false;
        }
        let end = (self.next + SLOTS_A_STEP).min(graph.slots());
        let lost = (self.next..end).find(|slot| graph.contains(*slot as u32) && !self.met(*slot as u32));
        self.next = lost.map_or(end, |slot| slot + 1);
        if let Some(slot) = lost {
            self.adopt(graph, space, scratch, entry, slot as u32);
        }
        lost.is_none() && end == graph.slots()
    }

    fn parent(&self, slot: u32) -> u32 {
        self.parents.get(slot as usize).copied().unwrap_or(NONE)
    }

    fn met(&self, slot: u32) -> bool {
        self.parent(slot) != NONE
    }

    fn meet(&mut self, slot: u32, parent: u32) {
        if let Some(place) = self.parents.get_mut(slot as usize).filter(|place| **place == NONE) {
            *place = parent;
            self.front.push(slot);
        }
    }

    /// Has a node near `slot` link to it: one that has room, or else one that can do without another link.
    fn adopt(&mut self, graph: &mut Graph, space: Space<'_>, scratch: &mut Scratch, entry: u32, slot: u32) {
        self.mended += 1;
        space.ask_slot(&mut scratch.query, slot);
        let width = Width::fixed(graph.params().ef_construction.max(HELPERS));
        graph.search_from(space, scratch, width, slot);
        // A search comes down from upper layers, so it also finds nodes that are lost themselves: they would be no help.
        let near = scratch.nearest().map(|(near, _)| near).filter(|near| self.met(*near));
        let helpers: Vec<u32> = near.take(HELPERS).collect();
        let helper = helpers.iter().find(|helper| graph.push_link(**helper, 0, slot));
        let helper = helper.or_else(|| helpers.iter().find(|helper| self.replace(graph, **helper, slot)));
        match helper {
            Some(helper) => self.meet(slot, *helper),
            None => self.below = Some((slot, helpers.first().copied().unwrap_or(entry))),
        }
    }

    /// Has `helper` link to a lost node. Where it cannot, its links are all in the tree, so they lead down in it, and at
    /// its ends there is room.
    fn put_below(&mut self, graph: &mut Graph, slot: u32, helper: u32) {
        let linked = graph.push_link(helper, 0, slot) || self.replace(graph, helper, slot);
        match graph.neighbours(helper, 0).last().filter(|_| !linked) {
            Some(link) => self.below = Some((slot, link)),
            None => self.meet(slot, helper),
        }
    }

    /// Puts a link to `slot` in the place of one outside the tree. Whether there was one.
    fn replace(&self, graph: &mut Graph, helper: u32, slot: u32) -> bool {
        let Some(spare) = graph.neighbours(helper, 0).filter(|link| self.parent(*link) != helper).last()
        else {
            return false;
        };
        let links: Vec<u32> =
            graph.neighbours(helper, 0).map(|link| if link == spare { slot } else { link }).collect();
        graph.set_links(helper, 0, links.into_iter());
        true
    }
}
