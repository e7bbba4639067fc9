//! Taking deleted nodes out: every node that links to one is linked to the neighbours of that one instead, then the
//! deleted ones go. After Singh et al., "FreshDiskANN: A Fast and Accurate Graph-Based ANN Index for Streaming
//! Similarity Search", 2021 (algorithm 4), in short steps.

use super::beam::Near;
use super::graph::Graph;
use super::scratch::Scratch;
use super::select::choose;
use crate::index::space::Space;
use roaring::RoaringBitmap;

/// Slots that one step passes over where there is little to do at each: a step is short however large the graph is.
const SLOTS_A_STEP: u32 = 64;

/// A sweep that has begun. Until it ends nothing may be inserted; searches and deletes go on, and between any two steps
/// the graph can be stored.
#[derive(Clone, Debug, Default)]
pub struct Sweep {
    /// The nodes that go: those that were dead when it passed them.
    victims: RoaringBitmap,
    phase: Phase,
    /// The next slot to look at.
    next: u32,
    /// A node of the highest layer of those that stay.
    highest: Option<u32>,
}

/// Each goes over all slots. The entry stays to the end: until then it is of the highest layer, where searches begin.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Phase {
    /// Finds the victims.
    #[default]
    Gather,
    /// Links what stays, and the entry, to nothing but what stays.
    Mend,
    /// Only victims lead to victims: takes their links, so that nothing does.
    Unlink,
    /// Takes them out, and finds out where searches begin afterwards.
    Remove,
}

impl Sweep {
    /// Slots that are still to be looked at, about.
    pub fn remaining(&self, graph: &Graph) -> usize {
        let left = graph.slots().saturating_sub(self.next as usize);
        match self.phase {
            Phase::Gather => left / SLOTS_A_STEP as usize + graph.slots(),
            Phase::Mend => left,
            Phase::Unlink | Phase::Remove => left / SLOTS_A_STEP as usize,
        }
    }

    /// Looks at some slots. At the end the victims are gone, and their slots are free.
    pub fn step(
        &mut self,
        graph: &mut Graph,
        space: Space<'_>,
        scratch: &mut Scratch,
    ) -> Option<RoaringBitmap> {
        let slots = graph.slots() as u32;
        let stride = if self.phase == Phase::Mend { 1 } else { SLOTS_A_STEP };
        let end = self.next.saturating_add(stride).min(slots);
        let entry = graph.entry().map(|(entry, _)| entry);
        for slot in self.next..end {
            if !graph.contains(slot) {
                continue;
            }
            let goes = self.victims.contains(slot) && entry != Some(slot);
            match self.phase {
                Phase::Gather if !graph.is_alive(slot) => drop(self.victims.insert(slot)),
                Phase::Mend if !goes => self.mend_all(graph, space, scratch, slot),
                Phase::Unlink if goes => {
                    (0..=graph.level(slot))
                        .for_each(|layer| graph.set_links(slot, layer, std::iter::empty()));
                }
                Phase::Remove if goes => graph.remove_node(slot),
                Phase::Remove if !self.victims.contains(slot) => {
                    let highest = self.highest.filter(|highest| graph.level(*highest) > graph.level(slot));
                    self.highest = highest.or(Some(slot));
                }
                _ => {}
            }
        }
        self.next = end;
        if end < slots {
            return None;
        }
        self.next = 0;
        self.phase = match self.phase {
            Phase::Gather => Phase::Mend,
            Phase::Mend => Phase::Unlink,
            Phase::Unlink => Phase::Remove,
            Phase::Remove => {
                if let Some(entry) = entry.filter(|entry| self.victims.contains(*entry)) {
                    graph.remove_node(entry);
                    graph.begin_at(self.highest);
                }
                return Some(std::mem::take(&mut self.victims));
            }
        };
        None
    }

    fn mend_all(&self, graph: &mut Graph, space: Space<'_>, scratch: &mut Scratch, slot: u32) {
        for layer in 0..=graph.level(slot) {
            if graph.neighbours(slot, layer).any(|link| self.victims.contains(link)) {
                self.mend(graph, space, scratch, slot, layer);
            }
        }
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
        Near::sort(candidates);
        // What the last search learned was about another query, perhaps a user's: the graph must not depend on it.
        scratch.edge = None;
        choose(space, scratch, slot, graph.room(layer));
        graph.set_links(slot, layer, scratch.chosen.iter().map(|near| near.slot()));
    }
}
