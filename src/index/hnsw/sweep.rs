//! Taking deleted nodes out: every node that links to one is linked to the neighbours of that one instead, then the
//! deleted ones go. After Singh et al., "FreshDiskANN: A Fast and Accurate Graph-Based ANN Index for Streaming
//! Similarity Search", 2021 (algorithm 4), in steps of one node.

use super::beam::Near;
use super::graph::Graph;
use super::scratch::Scratch;
use super::select::choose;
use crate::index::space::Space;
use roaring::RoaringBitmap;

/// A sweep that has begun. Until it ends nothing may be inserted; searches and deletes go on.
#[derive(Clone, Debug)]
pub struct Sweep {
    /// The nodes that go: those that were dead when it began.
    victims: RoaringBitmap,
    /// The next slot to look at.
    next: u32,
}

impl Sweep {
    /// Begins to take out all nodes that are dead now.
    pub fn begin(graph: &Graph) -> Sweep {
        let slots = 0..graph.slots() as u32;
        let victims: RoaringBitmap =
            slots.filter(|slot| graph.contains(*slot) && !graph.is_alive(*slot)).collect();
        Sweep { victims, next: 0 }
    }

    /// Nodes that are still to be looked at, about.
    pub fn remaining(&self, graph: &Graph) -> usize {
        graph.slots().saturating_sub(self.next as usize)
    }

    /// Looks at one slot. At the end the victims are gone, and their slots are free.
    pub fn step(
        &mut self,
        graph: &mut Graph,
        space: Space<'_>,
        scratch: &mut Scratch,
    ) -> Option<RoaringBitmap> {
        let slot = self.next;
        if slot as usize >= graph.slots() {
            self.victims.iter().for_each(|victim| graph.remove_node(victim));
            // Not before: in the middle of a sweep, too, searches begin in the highest layer, and the graph can be stored.
            if graph.entry().is_some_and(|(entry, _)| self.victims.contains(entry)) {
                graph.choose_entry();
            }
            return Some(std::mem::take(&mut self.victims));
        }
        self.next += 1;
        if graph.contains(slot) && !self.victims.contains(slot) {
            for layer in 0..=graph.level(slot) {
                if graph.neighbours(slot, layer).any(|link| self.victims.contains(link)) {
                    self.mend(graph, space, scratch, slot, layer);
                }
            }
        }
        None
    }

    fn mend(&self, graph: &mut Graph, space: Space<'_>, scratch: &mut Scratch, slot: u32, layer: u8) {
        let Scratch { marks, fresh, .. } = &mut *scratch;
        marks.begin(graph.slots());
        marks.mark(slot);
        fresh.clear();
        for link in graph.neighbours(slot, layer) {
            if !self.victims.contains(link) {
                if marks.mark(link) {
                    fresh.push(link);
                }
                continue;
            }
            let beyond = graph.neighbours(link, layer);
            fresh.extend(beyond.filter(|next| !self.victims.contains(*next) && marks.mark(*next)));
        }
        let Scratch { other, fresh, distances, candidates, compared, .. } = &mut *scratch;
        space.ask_slot(other, slot);
        space.distances(other, fresh, distances);
        *compared += fresh.len() as u64;
        candidates.clear();
        candidates.extend(
            fresh.iter().zip(distances.iter()).map(|(link, distance)| Near::new(*link, *distance, slot)),
        );
        candidates.sort_unstable();
        choose(space, scratch, slot, graph.room(layer));
        graph.set_links(slot, layer, scratch.chosen.iter().map(|near| near.slot()));
    }
}
