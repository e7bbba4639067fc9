//! Nodes and their links.

use crate::error::Result;
use crate::index::codes::Arena;
use crate::limits::GROUP_ROWS;
use crate::room;

/// Where a list of links ends before its room does. No slot is this high.
pub const NONE: u32 = u32::MAX;
/// Highest layer. With m = 2 a graph of 2^24 nodes reaches it with a chance of some percent, and is none the worse.
pub const LEVEL_MAX: u8 = 15;

/// State of a slot without a node.
const ABSENT: u8 = 0xff;
/// Beside the level: the row is gone.
const DEAD: u8 = 0x80;

/// What a graph is built with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Params {
    /// Links of a new node in each layer; layer 0 has room for twice as many, the others for as many.
    pub m: usize,
    /// Width of the beam that looks for them.
    pub ef_construction: usize,
    /// What the levels of nodes are drawn from.
    pub seed: u32,
}

/// The graph over the slots of one collection.
#[derive(Clone, Debug)]
pub struct Graph {
    pub(super) params: Params,
    /// By slot: ABSENT, or the highest layer of its node, and whether that is DEAD.
    states: Vec<u8>,
    /// Links in layer 0, nearest or not, NONE behind them.
    base: Arena<u32>,
    /// By slot: its place in `upper`, or NONE.
    upper_at: Vec<u32>,
    /// Links in the layers above, `m` each, one layer after another.
    upper: Vec<Vec<u32>>,
    /// Places in `upper` that are free.
    upper_free: Vec<u32>,
    /// A node of the highest layer.
    entry: Option<u32>,
    nodes: usize,
    dead: usize,
    /// Row groups whose links differ from the last snapshot.
    dirty: Vec<bool>,
    /// Nodes that came since the last snapshot.
    added: usize,
    /// Whether all nodes that the last snapshot has are here; false where none has any.
    kept: bool,
}

impl Graph {
    /// Without nodes.
    pub fn new(params: Params) -> Graph {
        Graph {
            params,
            states: Vec::new(),
            base: Arena::new(2 * params.m, NONE),
            upper_at: Vec::new(),
            upper: Vec::new(),
            upper_free: Vec::new(),
            entry: None,
            nodes: 0,
            dead: 0,
            dirty: Vec::new(),
            added: 0,
            kept: false,
        }
    }

    /// What it is built with.
    pub fn params(&self) -> Params {
        self.params
    }

    /// Nodes, dead ones included.
    pub fn len(&self) -> usize {
        self.nodes
    }

    /// Whether it has no nodes.
    pub fn is_empty(&self) -> bool {
        self.nodes == 0
    }

    /// Nodes whose rows are gone.
    pub fn dead(&self) -> usize {
        self.dead
    }

    /// Slots that may have a node.
    pub fn slots(&self) -> usize {
        self.states.len()
    }

    /// Whether the slot has a node, dead or alive.
    #[inline]
    pub fn contains(&self, slot: u32) -> bool {
        self.states.get(slot as usize).is_some_and(|state| *state != ABSENT)
    }

    /// Whether the slot has a node whose row is there.
    #[inline]
    pub fn is_alive(&self, slot: u32) -> bool {
        self.states.get(slot as usize).is_some_and(|state| state & DEAD == 0)
    }

    /// The highest layer of a node.
    pub fn level(&self, slot: u32) -> u8 {
        self.states.get(slot as usize).map_or(0, |state| state & LEVEL_MAX)
    }

    /// Where a search begins: a node of the highest layer, and that layer.
    pub fn entry(&self) -> Option<(u32, u8)> {
        self.entry.map(|slot| (slot, self.level(slot)))
    }

    /// The links of a node in a layer, NONE behind them; empty where it has none.
    #[inline(always)]
    pub(super) fn links(&self, slot: u32, layer: u8) -> &[u32] {
        if layer == 0 {
            return self.base.get(slot);
        }
        let m = self.params.m;
        let start = (usize::from(layer) - 1) * m;
        let place = self.upper_at.get(slot as usize).and_then(|at| self.upper.get(*at as usize));
        place.and_then(|links| links.get(start..start + m)).unwrap_or_default()
    }

    /// The neighbours of a node in a layer.
    #[inline]
    pub fn neighbours(&self, slot: u32, layer: u8) -> impl Iterator<Item = u32> + '_ {
        self.links(slot, layer).iter().copied().take_while(|link| *link != NONE)
    }

    pub(super) fn links_mut(&mut self, slot: u32, layer: u8) -> &mut [u32] {
        let group = slot as usize / GROUP_ROWS;
        if let Some(dirty) = self.dirty.get_mut(group) {
            *dirty = true;
        }
        if layer == 0 {
            return self.base.get_mut(slot);
        }
        let m = self.params.m;
        let start = (usize::from(layer) - 1) * m;
        let place = self.upper_at.get(slot as usize).and_then(|at| self.upper.get_mut(*at as usize));
        place.and_then(|links| links.get_mut(start..start + m)).unwrap_or_default()
    }

    /// Links a node has room for in a layer.
    pub fn room(&self, layer: u8) -> usize {
        if layer == 0 { 2 * self.params.m } else { self.params.m }
    }

    /// Replaces the links of a node in a layer.
    pub(super) fn set_links(&mut self, slot: u32, layer: u8, mut links: impl Iterator<Item = u32>) {
        for place in self.links_mut(slot, layer) {
            *place = links.next().unwrap_or(NONE);
        }
    }

    /// Adds a link where there is room. Whether there was.
    pub(super) fn push_link(&mut self, slot: u32, layer: u8, link: u32) -> bool {
        match self.links_mut(slot, layer).iter_mut().find(|place| **place == NONE) {
            Some(place) => {
                *place = link;
                true
            }
            None => false,
        }
    }

    /// Makes room for `slots` slots in all.
    pub fn reserve(&mut self, slots: usize) -> Result<()> {
        self.base.reserve(slots)?;
        if self.states.len() < slots {
            room::extend(&mut self.upper_at, slots, NONE)?;
            room::extend(&mut self.states, slots, ABSENT)?;
            self.dirty.resize(slots.div_ceil(GROUP_ROWS), true);
        }
        Ok(())
    }

    /// Puts a node without links into a slot; room was reserved.
    pub(super) fn add_node(&mut self, slot: u32, level: u8) {
        let Some(state) = self.states.get_mut(slot as usize).filter(|state| **state == ABSENT) else {
            return;
        };
        *state = level;
        self.nodes += 1;
        self.added += 1;
        if level > 0 {
            let links = vec![NONE; usize::from(level) * self.params.m];
            let place = self.upper_free.pop().unwrap_or(self.upper.len() as u32);
            match self.upper.get_mut(place as usize) {
                Some(free) => *free = links,
                None => self.upper.push(links),
            }
            if let Some(at) = self.upper_at.get_mut(slot as usize) {
                *at = place;
            }
        }
        self.set_links(slot, 0, std::iter::empty());
        if self.entry().is_none_or(|(_, top)| level > top) {
            self.entry = Some(slot);
        }
    }

    /// Says that the row of a node is gone. Searches pass through the node until a sweep removes it.
    pub fn kill(&mut self, slot: u32) {
        if let Some(state) = self.states.get_mut(slot as usize).filter(|state| **state & DEAD == 0) {
            *state |= DEAD;
            self.dead += 1;
        }
    }

    /// Takes a node out. Nothing may link to it any more.
    pub(super) fn remove_node(&mut self, slot: u32) {
        if !self.contains(slot) {
            return;
        }
        self.set_links(slot, 0, std::iter::empty());
        self.kept = false;
        if let Some(state) = self.states.get_mut(slot as usize) {
            self.nodes -= 1;
            self.dead -= usize::from(*state & DEAD != 0);
            *state = ABSENT;
        }
        if let Some(at) = self.upper_at.get_mut(slot as usize).filter(|at| **at != NONE) {
            if let Some(links) = self.upper.get_mut(*at as usize) {
                *links = Vec::new();
            }
            self.upper_free.push(*at);
            *at = NONE;
        }
    }

    /// Begins searches at another node than before: one of the highest layer, where there is any node.
    pub(super) fn begin_at(&mut self, entry: Option<u32>) {
        self.entry = entry;
    }

    /// Sets the entry that was stored. `false` when no node is there.
    pub(super) fn set_entry(&mut self, slot: u32) -> bool {
        self.entry = Some(slot);
        self.contains(slot)
    }

    /// Whether the links of a row group differ from the last snapshot.
    pub fn dirty(&self, group: usize) -> bool {
        self.dirty.get(group).copied().unwrap_or(true)
    }

    /// Nodes that came since the last snapshot, where that one can stand for this graph: it has no node that is not
    /// here, too.
    pub fn added(&self) -> Option<usize> {
        self.kept.then_some(self.added)
    }

    /// Says that everything stands in a snapshot.
    pub fn clean(&mut self) {
        self.dirty.fill(false);
        (self.added, self.kept) = (0, true);
    }

    /// Bytes held.
    pub fn memory_bytes(&self) -> usize {
        let upper: usize = self.upper.iter().map(|links| links.capacity() * size_of::<u32>()).sum();
        let lists =
            (self.upper.capacity() * size_of::<Vec<u32>>()) + self.upper_at.capacity() * size_of::<u32>();
        self.states.capacity() + self.base.memory_bytes() + upper + lists
    }
}
