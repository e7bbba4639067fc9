//! Which links a node keeps: the heuristic of the paper (algorithm 4, without keeping pruned connections). Going
//! outwards, a candidate is taken unless one that was taken is nearer to it than the node is. So links point in
//! all directions, and clusters stay connected.

use super::beam::Near;
use super::graph::Graph;
use super::scratch::Scratch;
use crate::index::space::Space;

/// Chooses up to `room` links of the node in slot `home` among `scratch.candidates`, which are sorted, into
/// `scratch.chosen`. Of what is equally far the nearer slot is nearer, see [`Near`].
pub(super) fn choose(space: Space<'_>, scratch: &mut Scratch, home: u32, room: usize) {
    let Scratch { other, candidates, chosen, slots, distances, compared, .. } = scratch;
    chosen.clear();
    slots.clear();
    for candidate in candidates.iter() {
        if chosen.len() >= room {
            break;
        }
        let mut taken = true;
        if !chosen.is_empty() {
            space.ask_slot(other, candidate.slot());
            // Four at a time, nearest first: most candidates fall at the first few.
            for four in slots.chunks(4) {
                space.distances(other, four, distances);
                *compared += four.len() as u64;
                let (far, gap) = (candidate.distance(), home.abs_diff(candidate.slot()));
                let nearer = |(slot, distance): (&u32, &f32)| {
                    *distance < far || (*distance == far && slot.abs_diff(candidate.slot()) < gap)
                };
                if four.iter().zip(distances.iter()).any(nearer) {
                    taken = false;
                    break;
                }
            }
        }
        if taken {
            chosen.push(*candidate);
            slots.push(candidate.slot());
        }
    }
}

impl Graph {
    /// Adds `new` to the links of `slot`, from which it is as far as it says; a full list is chosen anew.
    pub(super) fn link_back(
        &mut self,
        space: Space<'_>,
        scratch: &mut Scratch,
        slot: u32,
        new: Near,
        layer: u8,
    ) {
        if self.push_link(slot, layer, new.slot()) {
            return;
        }
        self.candidates_of(space, scratch, slot, layer, |_| true);
        scratch.candidates.push(new);
        scratch.candidates.sort_unstable();
        choose(space, scratch, slot, self.room(layer));
        self.set_links(slot, layer, scratch.chosen.iter().map(|near| near.slot()));
    }

    /// The neighbours of `slot` that pass, with their distances, into `scratch.candidates`.
    pub(super) fn candidates_of(
        &self,
        space: Space<'_>,
        scratch: &mut Scratch,
        slot: u32,
        layer: u8,
        pass: impl Fn(u32) -> bool,
    ) {
        let Scratch { other, fresh, distances, candidates, compared, .. } = scratch;
        fresh.clear();
        fresh.extend(self.neighbours(slot, layer).filter(|link| pass(*link)));
        space.ask_slot(other, slot);
        space.distances(other, fresh, distances);
        *compared += fresh.len() as u64;
        candidates.clear();
        candidates.extend(
            fresh.iter().zip(distances.iter()).map(|(link, distance)| Near::new(*link, *distance, slot)),
        );
    }
}
