//! Finding the nearest nodes: down through the upper layers to the nearest node of each, then with a beam.

use super::beam::{Edge, Near};
use super::graph::{Graph, NONE};
use super::scratch::Scratch;
use super::width::Width;
use crate::index::codes::Signs;
use crate::index::space::Space;

/// How a beam goes ahead.
#[derive(Clone, Copy)]
pub(super) struct Pace {
    /// How careful it is with judging neighbours by their signs, see [`super::sieve::Sieve::judge`].
    pub care: f64,
    /// Nodes that are expanded at a time. What several need from memory is waited for once, and signs are judged by a
    /// beam that is a little older.
    pub breadth: usize,
}

/// For queries, whose beam is narrow: each miss counts.
const ASKING: Pace = Pace { care: 6.0, breadth: 1 };

impl Graph {
    /// Finds about as many of the nearest nodes to `scratch.query` as `width` says, dead ones among them;
    /// [`Scratch::nearest`] has them then. Nothing is allocated once the scratch has seen a search as wide.
    pub fn search(&self, space: Space<'_>, scratch: &mut Scratch, width: Width) {
        self.search_from(space, scratch, width, NONE);
    }

    /// As [`Graph::search`], for a query that is the row in slot `home`.
    pub(super) fn search_from(&self, space: Space<'_>, scratch: &mut Scratch, width: Width, home: u32) {
        scratch.beam.begin(width);
        scratch.home = home;
        let Some((entry, top)) = self.entry() else { return };
        let nearest = self.descend(space, scratch, entry, top, 0);
        scratch.entries.clear();
        scratch.entries.push(nearest);
        // Every node can be reached from the entry, not from everywhere: so a beam as wide as the graph finds all of it.
        // A narrow one soon forgets a node that is far.
        if nearest.slot() != entry {
            let distance = space.distance(&scratch.query, entry, &mut scratch.distances);
            scratch.entries.push(Near::new(entry, distance, home));
        }
        self.search_layer(space, scratch, width, 0, ASKING);
    }

    /// From `entry` in layer `top` greedily down to the layer above `bottom`: the nearest node found.
    pub(super) fn descend(
        &self,
        space: Space<'_>,
        scratch: &mut Scratch,
        entry: u32,
        top: u8,
        bottom: u8,
    ) -> Near {
        let Scratch { query, marks, fresh, distances, compared, home, .. } = scratch;
        let distance = space.distance(query, entry, distances);
        let mut nearest = Near::new(entry, distance, *home);
        // What was met before, in whatever layer, is no nearer than the nearest.
        marks.begin(self.slots());
        marks.mark(entry);
        for layer in (bottom + 1..=top).rev() {
            loop {
                fresh.clear();
                fresh.extend(self.neighbours(nearest.slot(), layer).filter(|slot| marks.mark(*slot)));
                space.distances(query, fresh, distances);
                *compared += fresh.len() as u64;
                let found = fresh.iter().zip(distances.iter());
                let best = found.map(|(slot, distance)| Near::new(*slot, *distance, *home)).min();
                match best {
                    Some(best) if best < nearest => nearest = best,
                    _ => break,
                }
            }
        }
        nearest
    }

    /// The nearest nodes of a layer that are found from `scratch.entries`, into the beam.
    pub(super) fn search_layer(
        &self,
        space: Space<'_>,
        scratch: &mut Scratch,
        width: Width,
        layer: u8,
        pace: Pace,
    ) {
        let Scratch {
            query,
            marks,
            beam,
            fresh,
            unlike,
            sieve,
            edge,
            distances,
            entries,
            compared,
            home,
            ..
        } = scratch;
        marks.begin(self.slots());
        beam.begin(width);
        sieve.begin();
        for entry in entries.iter() {
            marks.mark(entry.slot());
            beam.offer(*entry);
        }
        let signs = space.codes.signs();
        let room = pace.breadth * self.room(layer);
        fresh.resize(room, NONE);
        unlike.resize(unlike.len().max(room), 0);
        let (mut touched, mut next_links) = (0, 0);
        loop {
            // Written by place and counted without a branch: whether a node was met before nobody can predict.
            let (mut met, mut expanded) = (0, 0);
            while expanded < pace.breadth
                && let Some(slot) = beam.expand()
            {
                expanded += 1;
                for link in self.links(slot, layer) {
                    if *link == NONE {
                        break;
                    }
                    if let Some(place) = fresh.get_mut(met) {
                        *place = *link;
                    }
                    met += usize::from(marks.mark(*link));
                }
            }
            if expanded == 0 {
                break;
            }
            if let Some(signs) = signs {
                let fresh = &mut fresh[..met];
                fresh.iter().for_each(|slot| touched ^= signs.touch(*slot));
                let judge = |edge: Edge| Some(sieve.judge(pace.care)?.limit(edge.worst, edge.spread));
                let limit = beam.edge().and_then(judge).unwrap_or(u32::MAX);
                met = sift(signs, &query.signs, fresh, unlike, limit);
            }
            // Asked for now, the links of the node that will probably be next arrive while distances are computed.
            if let Some(next) = beam.upcoming() {
                next_links ^= self.links(next, layer).first().copied().unwrap_or(0);
            }
            let fresh = &fresh[..met];
            space.distances(query, fresh, distances);
            *compared += met as u64;
            if signs.is_some() {
                unlike
                    .iter()
                    .zip(distances.iter())
                    .for_each(|(unlike, distance)| sieve.note(*unlike, *distance));
            }
            for (slot, distance) in fresh.iter().zip(distances.iter()) {
                beam.offer(Near::new(*slot, *distance, *home));
            }
        }
        *edge = beam.edge();
        std::hint::black_box((touched, next_links));
    }
}

/// Moves the slots with at most `limit` unlike signs to the front, with how many these are. Returns how many slots.
#[inline(always)]
fn sift(signs: &Signs, query: &[u64], slots: &mut [u32], unlike: &mut [u32], limit: u32) -> usize {
    let mut kept = 0;
    for at in 0..slots.len() {
        let slot = slots[at];
        let count = signs.unlike(query, slot);
        // Written by place and counted without a branch, as above.
        if let (Some(place), Some(signs)) = (slots.get_mut(kept), unlike.get_mut(kept)) {
            (*place, *signs) = (slot, count);
        }
        kept += usize::from(count <= limit);
    }
    kept
}
