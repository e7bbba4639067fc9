//! The graph as blocks of a snapshot, one a row group, and back. See `format/FORMAT.md`, "Links".

use super::graph::{Graph, LEVEL_MAX, Params};
use crate::error::{Error, Result};
use crate::limits::GROUP_ROWS;

/// In the place of a level: the slot has no node.
const ABSENT: u8 = 0xff;

impl Graph {
    /// The payload of the block of a row group.
    pub fn group_bytes(&self, group: usize) -> Vec<u8> {
        let first = (group * GROUP_ROWS) as u32;
        let end = (first + GROUP_ROWS as u32).min(self.slots() as u32);
        let mut bytes = Vec::new();
        for slot in first..end {
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
        }
        bytes
    }

    /// Row groups that have a block.
    pub fn group_count(&self) -> usize {
        self.slots().div_ceil(GROUP_ROWS)
    }
}

/// Makes a graph from the payloads of its blocks, and believes none of it before it is checked.
pub struct Loader {
    graph: Graph,
    /// Slots of the collection.
    slots: usize,
    loaded: usize,
}

impl Loader {
    /// For a collection of so many slots.
    pub fn new(params: Params, slots: usize) -> Result<Loader> {
        let mut graph = Graph::new(params);
        graph.reserve(slots)?;
        Ok(Loader { graph, slots, loaded: 0 })
    }

    /// Reads the block of the next row group.
    pub fn load_group(&mut self, bytes: &[u8]) -> Result<()> {
        let end = (self.loaded + GROUP_ROWS).min(self.slots);
        let mut rest = bytes;
        for slot in self.loaded..end {
            let level = take(&mut rest)?;
            if level == ABSENT {
                continue;
            }
            if level > LEVEL_MAX {
                return Err(damaged("a node has a level beyond the bounds"));
            }
            self.graph.add_node(slot as u32, level);
            for layer in 0..=level {
                self.load_links(slot as u32, layer, &mut rest)?;
            }
        }
        if !rest.is_empty() {
            return Err(damaged("a block goes on behind its last node"));
        }
        self.loaded = end;
        Ok(())
    }

    fn load_links(&mut self, slot: u32, layer: u8, rest: &mut &[u8]) -> Result<()> {
        let count = usize::from(take(rest)?);
        let links = rest.split_at_checked(count * 4).filter(|_| count <= self.graph.room(layer));
        let (links, behind) = links.ok_or_else(|| damaged("a node has too many links"))?;
        *rest = behind;
        let (links, _) = links.as_chunks::<4>();
        let links = links.iter().map(|link| u32::from_le_bytes(*link));
        if links.clone().any(|link| link as usize >= self.slots || link == slot) {
            return Err(damaged("a link leads outside, or to its own node"));
        }
        self.graph.set_links(slot, layer, links);
        Ok(())
    }

    /// The whole graph, once all groups are there: every link has to lead to a node of its layer, and there have to
    /// be as many nodes as the manifest says.
    pub fn finish(mut self, entry: Option<u32>, nodes: usize) -> Result<Graph> {
        if self.loaded != self.slots || self.graph.len() != nodes {
            return Err(damaged("nodes are missing").with(nodes, self.graph.len()));
        }
        if !self.graph.set_entry(entry) {
            return Err(damaged("a search would begin at a node that does not exist"));
        }
        for slot in 0..self.slots as u32 {
            if !self.graph.contains(slot) {
                continue;
            }
            for layer in 0..=self.graph.level(slot) {
                let lost = |link: u32| !self.graph.contains(link) || self.graph.level(link) < layer;
                if self.graph.neighbours(slot, layer).any(lost) {
                    return Err(damaged("a link leads to a node that does not exist"));
                }
            }
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
