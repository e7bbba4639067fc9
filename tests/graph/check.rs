//! What must hold of every graph.

use lodestore::index::hnsw::Graph;
use roaring::RoaringBitmap;

fn slots(graph: &Graph) -> impl Iterator<Item = u32> + '_ {
    (0..graph.slots() as u32).filter(|slot| graph.contains(*slot))
}

/// Links lead to other nodes of the same layer, each to another one, no more than there is room for; counts are right;
/// searches begin in the highest layer.
pub fn invariants(graph: &Graph) {
    links(graph);
    assert_eq!(graph.len(), slots(graph).count());
    assert_eq!(graph.is_empty(), graph.entry().is_none());
    let top = slots(graph).map(|slot| graph.level(slot)).max();
    assert_eq!(graph.entry().map(|(_, layer)| layer), top, "a search begins below the highest layer");
    if let Some((entry, layer)) = graph.entry() {
        assert!(graph.contains(entry));
        assert_eq!(layer, graph.level(entry));
    }
}

fn links(graph: &Graph) {
    for slot in slots(graph) {
        let level = graph.level(slot);
        for layer in 0..=level {
            let links: Vec<u32> = graph.neighbours(slot, layer).collect();
            assert!(links.len() <= graph.room(layer));
            for link in &links {
                assert!(*link != slot, "node {slot} links to itself");
                assert!(graph.contains(*link), "node {slot} links to {link}, which is no node");
                assert!(graph.level(*link) >= layer, "node {slot} links to {link} above its layers");
            }
            let different: RoaringBitmap = links.iter().copied().collect();
            assert_eq!(different.len(), links.len() as u64, "node {slot} has a link twice");
        }
        assert_eq!(graph.neighbours(slot, level + 1).count(), 0);
    }
    for slot in (0..graph.slots() as u32).filter(|slot| !graph.contains(*slot)) {
        assert_eq!(graph.neighbours(slot, 0).count(), 0, "slot {slot} has links and no node");
    }
}

/// What must hold of a graph that was loaded from damaged blocks and not refused: that it can be searched. A flipped bit
/// may give a node the same link twice, which costs a little and harms nothing.
pub fn sound(graph: &Graph) {
    for slot in slots(graph) {
        for layer in 0..=graph.level(slot) {
            assert!(graph.neighbours(slot, layer).count() <= graph.room(layer));
            for link in graph.neighbours(slot, layer) {
                assert!(
                    link != slot && graph.contains(link) && graph.level(link) >= layer,
                    "{slot} to {link}"
                );
            }
        }
    }
    assert_eq!(graph.len(), slots(graph).count());
    assert_eq!(graph.is_empty(), graph.entry().is_none());
    assert!(graph.entry().is_none_or(|(entry, _)| graph.contains(entry)));
}

/// The nodes are those of the model.
pub fn nodes(graph: &Graph, live: &RoaringBitmap, dead: &RoaringBitmap) {
    let alive: RoaringBitmap = slots(graph).filter(|slot| graph.is_alive(*slot)).collect();
    let gone: RoaringBitmap = slots(graph).filter(|slot| !graph.is_alive(*slot)).collect();
    assert_eq!((&alive, &gone), (live, dead));
    assert_eq!((graph.len() as u64, graph.dead() as u64), (live.len() + dead.len(), dead.len()));
}

/// The nodes that no path in layer 0 leads to from where searches begin.
pub fn unreached(graph: &Graph) -> Vec<u32> {
    let mut met = RoaringBitmap::new();
    let mut front: Vec<u32> = graph.entry().map(|(entry, _)| entry).into_iter().collect();
    met.extend(front.iter().copied());
    while let Some(slot) = front.pop() {
        front.extend(graph.neighbours(slot, 0).filter(|link| met.insert(*link)));
    }
    slots(graph).filter(|slot| !met.contains(*slot)).collect()
}
