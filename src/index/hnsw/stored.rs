//! The graph as blocks of a snapshot, one a row group, and back. See `format/FORMAT.md`, "Links".

use super::graph::{Graph, LEVEL_MAX, NONE, Params};
use crate::error::{Error, Result};
use crate::limits::GROUP_ROWS;
use std::ops::Range;

/// In the place of a level: the slot has no node.
const ABSENT: u8 = 0xff;

impl Graph {
    /// The payload of the block of a row group; empty where it has no nodes. It ends with its last node, so that slots
    /// that come behind it change nothing.
    pub fn group_bytes(&self, group: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut end = 0;
        for slot in self.group_slots(group) {
            if !self.contains(slot) {
                bytes.push(ABSENT);
                continue;
            }
            let level = self.level(slot);
            bytes.push(level);
            for layer in 0..=level {
                let count = self.neighbours(slot, layer).count();
                bytes.push(count as u8);
                self.neighbours(slot, layer).for_each(|link| bytes.extend_from_slice(&link.to_le_bytes()));
            }
            end = bytes.len();
        }
        bytes.truncate(end);
        bytes
    }

    /// Whether a row group has nodes.
    pub fn has_nodes(&self, group: usize) -> bool {
        self.group_slots(group).any(|slot| self.contains(slot))
    }

    /// Row groups.
    pub fn group_count(&self) -> usize {
        self.slots().div_ceil(GROUP_ROWS)
    }

    fn group_slots(&self, group: usize) -> Range<u32> {
        let first = (group * GROUP_ROWS).min(self.slots());
        first as u32..(first + GROUP_ROWS).min(self.slots()) as u32
    }

    /// Whether the links of a row group hold: each has to lead to another node of its layer.
    pub fn check_group(&self, group: usize) -> Result<()> {
        for slot in self.group_slots(group) {
            if !self.contains(slot) {
                continue;
            }
            for layer in 0..=self.level(slot) {
                for link in self.links(slot, layer) {
                    if *link == NONE {
                        break;
                    }
                    if *link == slot || !self.contains(*link) || self.level(*link) < layer {
                        return Err(damaged("a link leads to a node that is not there"));
                    }
                }
            }
        }
        Ok(())
    }
}

/// Makes a graph from the payloads of its blocks, and believes none of it before it is checked.
pub struct Loader {
    graph: Graph,
    /// Slots of the collection.
    slots: usize,
    /// The next row group to be loaded, and to be checked.
    loaded: usize,
    checked: usize,
}

impl Loader {
    /// For a collection of so many slots.
    pub fn new(params: Params, slots: usize) -> Result<Loader> {
        let mut graph = Graph::new(params);
        graph.reserve(slots)?;
        Ok(Loader { graph, slots, loaded: 0, checked: 0 })
    }

    /// Reads the block of a row group; they come in order, and those without nodes need not come.
    pub fn load_group(&mut self, group: usize, bytes: &[u8]) -> Result<()> {
        if group < self.loaded || group >= self.slots.div_ceil(GROUP_ROWS) {
            return Err(damaged("a block comes out of order"));
        }
        self.loaded = group + 1;
        let mut rest = bytes;
        for slot in self.graph.group_slots(group) {
            if rest.is_empty() {
                break;
            }
            let level = take(&mut rest)?;
            if level == ABSENT {
                continue;
            }
            if level > LEVEL_MAX {
                return Err(damaged("a node has a level beyond the bounds"));
            }
            self.graph.add_node(slot, level);
            for layer in 0..=level {
                let count = usize::from(take(&mut rest)?);
                let links = rest.split_at_checked(count * size_of::<u32>());
                let (links, behind) = links.ok_or_else(|| damaged("a block ends within a node"))?;
                rest = behind;
                self.load_links(slot, layer, links)?;
            }
        }
        if !rest.is_empty() {
            return Err(damaged("a block goes on behind its last node"));
        }
        Ok(())
    }

    fn load_links(&mut self, slot: u32, layer: u8, bytes: &[u8]) -> Result<()> {
        let (stored, _) = bytes.as_chunks::<4>();
        let places = self.graph.links_mut(slot, layer).get_mut(..stored.len());
        let places = places.ok_or_else(|| damaged("a node has too many links"))?;
        let mut highest = 0;
        for (place, link) in places.iter_mut().zip(stored) {
            *place = u32::from_le_bytes(*link);
            highest = highest.max(*place);
        }
        if highest as usize >= self.slots.max(1) {
            return Err(damaged("a link leads outside"));
        }
        Ok(())
    }

    /// Checks some nodes once all blocks are there; whether all are checked now.
    pub fn check(&mut self) -> Result<bool> {
        self.graph.check_group(self.checked)?;
        self.checked += 1;
        Ok(self.checked >= self.graph.group_count())
    }

    /// The whole graph, once it is checked. There have to be as many nodes as the manifest says, and searches have to
    /// begin at one of the highest, whose layer it says, too.
    pub fn finish(mut self, entry: Option<(u32, u8)>, nodes: usize) -> Result<Graph> {
        if self.checked < self.graph.group_count() {
            return Err(damaged("it was not checked"));
        }
        if self.graph.len() != nodes {
            return Err(damaged("nodes are missing").with(nodes, self.graph.len()));
        }
        let top = self.graph.entry().map(|(_, top)| top);
        let is_there = entry.is_none_or(|(slot, _)| self.graph.set_entry(slot));
        if !is_there || entry != self.graph.entry() || entry.map(|(_, top)| top) != top {
            return Err(damaged("a search would not begin at the highest node"));
        }
        self.graph.clean();
        Ok(self.graph)
    }
}

fn take(rest: &mut &[u8]) -> Result<u8> {
    let (first, behind) = rest.split_first().ok_or_else(|| damaged("a block ends within a node"))?;
    *rest = behind;
    Ok(*first)
}

fn damaged(what: &str) -> Error {
    Error::corrupt(format!("the stored graph does not hold: {what}"))
}
