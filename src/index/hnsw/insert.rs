//! Adding a node (algorithm 1 of the paper).

use super::graph::{Graph, LEVEL_MAX};
use super::scratch::Scratch;
use super::search::Pace;
use super::select::choose;
use super::width::Width;
use crate::error::Result;
use crate::index::space::Space;

/// The beam is wide, and few of those at its edge become links: with no benefit at all the graph finds as much.
const BUILDING: Pace = Pace { care: 4.0, breadth: 2 };

impl Graph {
    /// Adds a node for the row in `slot`, whose vector or codes are in the space. What is there already stays.
    pub fn insert(&mut self, space: Space<'_>, scratch: &mut Scratch, slot: u32) -> Result<()> {
        self.reserve(slot as usize + 1)?;
        if self.contains(slot) {
            return Ok(());
        }
        let level = self.draw_level(slot);
        let before = self.entry();
        self.add_node(slot, level);
        let Some((entry, top)) = before else { return Ok(()) };
        space.ask_slot(&mut scratch.query, slot);
        scratch.home = slot;
        let nearest = self.descend(space, scratch, entry, top, level.min(top));
        scratch.entries.clear();
        scratch.entries.push(nearest);
        let ef = self.params.ef_construction;
        let width = if space.has_lengths() { Width::building(ef) } else { Width::fixed(ef) };
        for layer in (0..=level.min(top)).rev() {
            self.search_layer(space, scratch, width, layer, BUILDING);
            self.link(space, scratch, slot, layer);
        }
        Ok(())
    }

    /// Links a new node with what the beam found in a layer; the beam is where the next layer begins.
    fn link(&mut self, space: Space<'_>, scratch: &mut Scratch, slot: u32, layer: u8) {
        let Scratch { beam, entries, candidates, .. } = &mut *scratch;
        entries.clear();
        entries.extend(beam.nearest().iter().map(|near| near.of(near.slot())));
        candidates.clear();
        // Links to dead nodes would have to be mended soon. Where all are dead they are better than none.
        candidates.extend(entries.iter().filter(|near| self.is_alive(near.slot())));
        if candidates.is_empty() {
            candidates.extend_from_slice(entries);
        }
        choose(space, scratch, slot, self.params.m);
        self.set_links(slot, layer, scratch.chosen.iter().map(|near| near.slot()));
        // Linking back chooses again: the two lists change places so that neither is allocated anew.
        std::mem::swap(&mut scratch.chosen, &mut scratch.linked);
        for at in 0..scratch.linked.len() {
            let near = scratch.linked[at];
            self.link_back(space, scratch, near.slot(), near.of(slot), layer);
        }
    }

    /// The highest layer of a node: one in m nodes reaches layer 1, one in m of those layer 2, and so on. Drawn from
    /// the seed and the slot, so that the same rows make the same graph.
    fn draw_level(&self, slot: u32) -> u8 {
        let mut state = u64::from(self.params.seed) << 32 | u64::from(slot);
        for level in 0..LEVEL_MAX {
            // splitmix64 (Steele, Lea and Flood, 2014)
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
            if (mixed >> 32) % self.params.m as u64 != 0 {
                return level;
            }
        }
        LEVEL_MAX
    }
}
