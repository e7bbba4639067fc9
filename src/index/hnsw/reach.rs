//! Every node can be reached. Choosing links looks at one node at a time, so now and then it drops the last link to
//! another (with many equal vectors, to whole groups of them). This finds such nodes and links them again.

use super::graph::Graph;
use super::scratch::Scratch;
use crate::index::space::Space;
use roaring::RoaringBitmap;

/// Nodes near a lost one that are asked for a link to it.
const HELPERS: usize = 32;
/// Links that helpers gave up may have been the last to their nodes: then everything is looked at again, this often.
const ROUNDS: u32 = 8;

/// A look at the whole graph, in steps. Anything that changes the graph makes it void.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    met: RoaringBitmap,
    /// Met, but not their neighbours yet.
    front: Vec<u32>,
    begun: bool,
    /// The next slot to be asked whether it was met.
    next: u32,
    gave_up: bool,
    rounds: u32,
    /// Nodes that had to be linked again.
    pub mended: u32,
}

impl Reach {
    /// Looks at one node. Whether all can be reached now, or no more can be done.
    pub fn step(&mut self, graph: &mut Graph, space: Space<'_>, scratch: &mut Scratch) -> bool {
        let Some((entry, _)) = graph.entry() else { return true };
        if !self.begun {
            self.begun = true;
            self.meet(entry);
        }
        if let Some(slot) = self.front.pop() {
            for link in graph.neighbours(slot, 0) {
                self.meet(link);
            }
            return false;
        }
        let lost =
            (self.next..graph.slots() as u32).find(|slot| graph.contains(*slot) && !self.met.contains(*slot));
        if let Some(slot) = lost {
            self.next = slot + 1;
            self.adopt(graph, space, scratch, slot);
            self.meet(slot);
            return false;
        }
        if !self.gave_up || self.rounds >= ROUNDS {
            return true;
        }
        *self = Reach { rounds: self.rounds + 1, mended: self.mended, ..Reach::default() };
        false
    }

    fn meet(&mut self, slot: u32) {
        if self.met.insert(slot) {
            self.front.push(slot);
        }
    }

    /// Has a node near `slot` link to it: one that has room, or one that can do without another link.
    fn adopt(&mut self, graph: &mut Graph, space: Space<'_>, scratch: &mut Scratch, slot: u32) {
        self.mended += 1;
        space.ask_slot(&mut scratch.query, slot);
        let width = graph.params().ef_construction.max(HELPERS);
        graph.search(space, scratch, width);
        // What a search finds can be reached.
        let near = scratch.nearest().map(|(near, _)| near).filter(|near| *near != slot);
        let helpers: Vec<u32> = near.take(HELPERS).collect();
        if helpers.iter().any(|helper| graph.push_link(*helper, 0, slot)) {
            return;
        }
        for helper in &helpers {
            let others = helpers.iter().filter(|other| *other != helper);
            let spare = graph.neighbours(*helper, 0).filter(|link| {
                others.clone().any(|other| graph.neighbours(*other, 0).any(|theirs| theirs == *link))
            });
            if let Some(spare) = spare.last() {
                return replace(graph, *helper, spare, slot);
            }
        }
        if let Some(helper) = helpers.first()
            && let Some(last) = graph.neighbours(*helper, 0).last()
        {
            self.gave_up = true;
            replace(graph, *helper, last, slot);
        }
    }
}

fn replace(graph: &mut Graph, slot: u32, old: u32, new: u32) {
    let links: Vec<u32> =
        graph.neighbours(slot, 0).map(|link| if link == old { new } else { link }).collect();
    graph.set_links(slot, 0, links.into_iter());
}
