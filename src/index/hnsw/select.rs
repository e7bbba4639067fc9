//! Which links a node keeps: the heuristic of the paper (algorithm 4, without keeping pruned connections). Going
//! outwards, a candidate is taken unless one that was taken is nearer to it than the node is. So links point in
//! all directions, and clusters stay connected.

use super::beam::Near;
use super::graph::Graph;
use super::scratch::Scratch;
use crate::index::space::Space;

/// How careful it is with judging candidates by their signs, see [`super::sieve::Sieve::judge`].
const CARE: f64 = 6.0;

/// Chooses up to `room` links of the node in slot `home` among `scratch.candidates`, which are sorted, into
/// `scratch.chosen`. Of what is equally far the nearer slot is nearer, see [`Near`]. The other candidates are lost.
///
/// Each that is chosen strikes out those that are nearer to it than to the node: it is asked once, about many. Which are
/// surely farther their signs tell, as far as the last search has learned.
pub(super) fn choose(space: Space<'_>, scratch: &mut Scratch, home: u32, room: usize) {
    let Scratch { other, candidates, chosen, slots, doubts, sieve, edge, distances, compared, .. } = scratch;
    chosen.clear();
    let judge = edge.and_then(|edge| Some((sieve.judge(CARE)?, edge.spread)));
    let mut rest = &mut candidates[..];
    while let Some((taken, others)) = rest.split_first_mut() {
        chosen.push(*taken);
        if chosen.len() >= room || others.is_empty() {
            break;
        }
        let taken = *taken;
        space.ask_slot(other, taken.slot());
        // To the front come those that are in doubt; `doubts` says which they are.
        slots.clear();
        doubts.clear();
        let signs = space.codes.signs().zip(judge);
        for (at, one) in others.iter().enumerate() {
            if let Some((signs, (judge, spread))) = signs {
                let far = one.distance();
                if signs.unlike(&other.signs, one.slot()) > judge.limit(far, far.abs().min(spread)) {
                    continue;
                }
            }
            doubts.push(at as u32);
            slots.push(one.slot());
        }
        space.distances(other, slots, distances);
        *compared += slots.len() as u64;
        for (at, distance) in doubts.iter().zip(distances.iter()) {
            let one = &mut others[*at as usize];
            let (far, gap) = (one.distance(), home.abs_diff(one.slot()));
            if *distance < far || (*distance == far && one.slot().abs_diff(taken.slot()) < gap) {
                *one = Near::STRUCK;
            }
        }
        let mut kept = 0;
        for at in 0..others.len() {
            let one = others[at];
            others[kept] = one;
            kept += usize::from(one != Near::STRUCK);
        }
        rest = &mut others[..kept];
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
        Near::sort(&mut scratch.candidates);
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
