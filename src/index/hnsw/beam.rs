//! The nearest nodes found so far, in order, and which of them were expanded.

use super::graph::NONE;
use super::width::Width;
use crate::sort::sort;

/// Bits of a slot in a [`Near`]; `limits::ROWS_MAX` is no more.
const SLOT_BITS: u32 = 24;

/// A node and its distance as one integer that orders by distance, then by slot. Bit 0 says that it was expanded.
///
/// Many equal rows are as far from everything as each other. If the lowest slots were the nearest of them to all, all
/// would link to those, which have no room for so many. So a row that is itself in the graph prefers, of what is equally
/// far, slots near its own: equal rows are then neighbours along a line, like other rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(transparent)]
pub struct Near(u64);

// SAFETY: it is a u64 and nothing else, and every u64 is one.
unsafe impl bytemuck::TransparentWrapper<u64> for Near {}

impl Near {
    /// No node.
    pub const STRUCK: Near = Near(u64::MAX);

    /// What is as far comes before it, whichever node it is.
    #[inline(always)]
    fn at_most(distance: f32) -> Near {
        Near(Near::new(0, distance, NONE).0 | u64::from(u32::MAX))
    }

    /// A node that was not expanded, so far from the row in slot `home`, or from a query where that is NONE.
    #[inline(always)]
    pub fn new(slot: u32, distance: f32, home: u32) -> Near {
        let tie = if home == NONE { 0 } else { u32::BITS - slot.abs_diff(home).leading_zeros() };
        // The order of floats as that of integers. Adding 0 turns -0 into 0; NaN comes last, which the largest bits do.
        let bits = if distance.is_nan() { u32::MAX >> 1 } else { (distance + 0.0).to_bits() };
        let ordered = if bits >> 31 == 0 { bits | 1 << 31 } else { !bits };
        Near(u64::from(ordered) << 32 | u64::from(tie << (SLOT_BITS + 1) | slot << 1))
    }

    /// The node.
    #[inline(always)]
    pub fn slot(self) -> u32 {
        self.0 as u32 >> 1 & ((1 << SLOT_BITS) - 1)
    }

    /// The nearest first.
    pub fn sort(all: &mut [Near]) {
        sort(bytemuck::TransparentWrapper::peel_slice_mut(all));
    }

    /// How far it is.
    #[inline(always)]
    pub fn distance(self) -> f32 {
        let ordered = (self.0 >> 32) as u32;
        f32::from_bits(if ordered >> 31 == 1 { ordered & !(1 << 31) } else { !ordered })
    }

    /// The same, as far from something, for another node.
    pub fn of(self, slot: u32) -> Near {
        Near(self.0 >> (SLOT_BITS + 1) << (SLOT_BITS + 1) | u64::from(slot) << 1)
    }

    #[inline(always)]
    fn expanded(self) -> bool {
        self.0 & 1 == 1
    }
}

/// Where a beam ends that is as wide as it wants to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Edge {
    /// How far it reaches.
    pub worst: f32,
    /// How much farther than the first.
    pub spread: f32,
}

/// At most so many of the nearest, in order.
#[derive(Debug)]
pub struct Beam {
    nearest: Vec<Near>,
    width: Width,
    /// What comes behind it is too far.
    limit: Near,
    /// All before this one are expanded.
    next: usize,
}

impl Default for Beam {
    fn default() -> Beam {
        Beam { nearest: Vec::new(), width: Width::fixed(1), limit: Near::STRUCK, next: 0 }
    }
}

impl Beam {
    /// Empties it, for as many as `width` says.
    pub fn begin(&mut self, width: Width) {
        self.nearest.clear();
        self.nearest.reserve(width.most() + 1);
        (self.width, self.limit, self.next) = (width, Near::STRUCK, 0);
    }

    /// Offers a node, which is offered once.
    #[inline(always)]
    pub fn offer(&mut self, node: Near) {
        if node > self.limit {
            return;
        }
        if self.nearest.len() >= self.width.most() {
            match self.nearest.last() {
                Some(last) if node < *last => self.nearest.pop(),
                _ => return,
            };
        }
        self.insert(node);
    }

    fn insert(&mut self, node: Near) {
        let (mut low, mut high) = (0, self.nearest.len());
        while low < high {
            let middle = (low + high) / 2;
            if self.nearest[middle] < node {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        self.nearest.insert(low, node);
        self.next = self.next.min(low);
    }

    /// How near a node has to be to be kept; `None` while there is room for any.
    #[inline(always)]
    pub fn edge(&self) -> Option<Edge> {
        let limit = self.limit()?;
        match &self.nearest[..] {
            [first, .., last] => {
                let full = self.nearest.len() >= self.width.most();
                let worst = if full { limit.min(last.distance()) } else { limit };
                Some(Edge { worst, spread: worst - first.distance() })
            }
            _ => None,
        }
    }

    /// How far it reaches, once that can be told. Not inlined: asked once or twice a step.
    #[inline(never)]
    fn limit(&self) -> Option<f32> {
        self.width.limit(|at| self.nearest.get(at).map(|near| near.distance()))
    }

    /// The nearest node that was not expanded; from now on it counts as expanded. The search is over when there is
    /// none within the width: whatever is farther than the whole beam leads to nothing nearer.
    #[inline(always)]
    pub fn expand(&mut self) -> Option<u32> {
        if let Some(limit) = self.limit() {
            self.limit = Near::at_most(limit);
        }
        while let Some(node) = self.nearest.get_mut(self.next) {
            if *node > self.limit {
                return None;
            }
            self.next += 1;
            if !node.expanded() {
                node.0 |= 1;
                return Some(node.slot());
            }
        }
        None
    }

    /// The node that [`Beam::expand`] would give now.
    #[inline(always)]
    pub fn upcoming(&self) -> Option<u32> {
        self.nearest.get(self.next).filter(|node| !node.expanded()).map(|node| node.slot())
    }

    /// The nearest, in order.
    pub fn nearest(&self) -> &[Near] {
        &self.nearest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_by_distance_then_slot() {
        let distances = [f32::NEG_INFINITY, -3.0, -0.0, 0.0, 1e-45, 2.0, f32::INFINITY, f32::NAN];
        for (a, b) in distances.iter().zip(&distances[1..]) {
            assert!(Near::new(9, *a, NONE) < Near::new(10, *b, NONE), "{a} {b}");
            assert_eq!(
                *a == *b || b.is_nan(),
                Near::new(10, *a, NONE).0 >> 32 == Near::new(9, *b, NONE).0 >> 32 || b.is_nan()
            );
        }
        let near = Near::new((1 << 24) - 1, -2.5, 0);
        assert_eq!((near.slot(), near.distance()), ((1 << 24) - 1, -2.5));
        assert_eq!((near.of(7).slot(), near.of(7).distance()), (7, -2.5));
    }

    #[test]
    fn keeps_the_nearest_and_expands_each_once() {
        let mut beam = Beam::default();
        beam.begin(Width::fixed(4));
        for (slot, distance) in [5.0, 1.0, 4.0, 2.0, 3.0, 9.0].into_iter().enumerate() {
            beam.offer(Near::new(slot as u32, distance, NONE));
        }
        let slots = |beam: &Beam| beam.nearest().iter().map(|near| near.slot()).collect::<Vec<_>>();
        assert_eq!(slots(&beam), [1, 3, 4, 2]);
        assert_eq!((beam.expand(), beam.upcoming(), beam.expand()), (Some(1), Some(3), Some(3)));
        beam.offer(Near::new(7, 0.5, NONE));
        assert_eq!(slots(&beam), [7, 1, 3, 4]);
        assert_eq!((beam.expand(), beam.expand(), beam.expand()), (Some(7), Some(4), None));
    }

    #[test]
    fn ends_where_nodes_are_too_far() {
        let mut beam = Beam::default();
        // At least three, then what is 1.18 times as far as the first at the most.
        beam.begin(Width::adaptive(6, 1));
        let offer = |beam: &mut Beam, nodes: &[(u32, f32)]| {
            nodes.iter().for_each(|(slot, distance)| beam.offer(Near::new(*slot, *distance, NONE)));
        };
        offer(&mut beam, &[(1, 1.0), (2, 9.0)]);
        assert_eq!((beam.expand(), beam.edge()), (Some(1), None));
        offer(&mut beam, &[(3, 3.0), (4, 4.0)]);
        assert_eq!((beam.expand(), beam.edge()), (Some(3), Some(Edge { worst: 4.0, spread: 3.0 })));
        offer(&mut beam, &[(5, 1.1), (6, 1.15), (7, 4.5)]);
        assert_eq!(beam.nearest().len(), 6, "what is too far is not kept");
        assert_eq!([beam.expand(), beam.expand()], [Some(5), Some(6)]);
        offer(&mut beam, &[(8, 2.0)]);
        assert_eq!((beam.nearest().len(), beam.expand()), (6, None), "the rest is too far");
    }
}
