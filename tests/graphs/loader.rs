//! The blocks of a graph, taken apart: what verifies and is not a graph.

use super::support::block_on;
use super::{filled, hnsw, known, work};
use lodestore::error::Result;
use lodestore::index::Metric;
use lodestore::index::hnsw::{Graph, Loader};
use lodestore::storage::MemoryStorage;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const ROWS: usize = 1100;

/// Loads a graph over the same rows, and searches it.
fn load(groups: &[Vec<u8>], entry: u32, levels: u8, nodes: usize) -> Result<Graph> {
    let params = lodestore::index::hnsw::Params { m: 4, ef_construction: 30, seed: 7 };
    let mut loader = Loader::new(params, ROWS)?;
    for (group, bytes) in groups.iter().enumerate() {
        loader.load_group(group, bytes)?;
    }
    while !loader.check()? {}
    loader.finish(entry, levels, nodes)
}

#[test]
fn whatever_the_blocks_hold_it_is_a_graph_or_refused() {
    let db = filled(MemoryStorage::new(), hnsw(Metric::Cosine), ROWS);
    work(&db, usize::MAX);
    block_on(db.checkpoint()).unwrap();
    let (groups, entry, ..) = known(&db);
    let (entry, top) = entry.unwrap();
    assert!(groups.len() == 2 && top > 1);
    let same = load(&groups, entry, top + 1, ROWS).unwrap();
    assert_eq!(groups, [same.group_bytes(0), same.group_bytes(1)]);

    let refused = |groups: &[Vec<u8>], entry, levels, nodes| load(groups, entry, levels, nodes).is_err();
    assert!(refused(&groups, entry, top, ROWS) && refused(&groups, entry, top + 2, ROWS), "levels");
    assert!(
        refused(&groups, ROWS as u32, top + 1, ROWS) && refused(&groups, u32::MAX, top + 1, ROWS),
        "entry"
    );
    assert!(
        refused(&groups, entry, top + 1, ROWS - 1) && refused(&groups, entry, top + 1, ROWS + 1),
        "nodes"
    );
    let nowhere = |at: usize, byte: u8| {
        let mut groups = groups.clone();
        groups[0][at] = byte;
        load(&groups, entry, top + 1, ROWS).map(drop).unwrap_err().message.clone()
    };
    // Level, number of links, first link.
    assert!(nowhere(0, 16).contains("level") && nowhere(0, 0x80).contains("level"));
    assert!(nowhere(1, 9).contains("too many links"));
    assert!(nowhere(5, 1).contains("outside"));
    let mut itself = groups.clone();
    itself[0][2..6].copy_from_slice(&0u32.to_le_bytes());
    assert!(load(&itself, entry, top + 1, ROWS).is_err(), "a link to its own node");
    assert!(refused(&[groups[0].clone()], entry, top + 1, ROWS), "a group is missing");
    let three = [groups[0].clone(), groups[1].clone(), Vec::new()];
    assert!(refused(&three, entry, top + 1, ROWS), "a group too many");
    for cut in 0..groups[1].len() {
        let short = [groups[0].clone(), groups[1][..cut].to_vec()];
        assert!(refused(&short, entry, top + 1, ROWS), "cut to {cut}");
    }

    // The space of the rows, to search in whatever is taken for a graph.
    let state = db.state().unwrap();
    let collection = state.named("c").unwrap();
    let mut scratch = lodestore::index::hnsw::Scratch::default();
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let (mut taken, mut refused) = (0, 0);
    for _ in 0..3000 {
        let mut groups = groups.clone();
        for _ in 0..rng.random_range(1..3) {
            let group = &mut groups[rng.random_range(0..2)];
            let at = rng.random_range(0..group.len());
            group[at] = if rng.random() { rng.random_range(0..6) } else { rng.random() };
        }
        match load(&groups, entry, top + 1, ROWS) {
            Ok(graph) => {
                taken += 1;
                let space = collection.space();
                space.ask_slot(&mut scratch.query, rng.random_range(0..ROWS as u32));
                graph.search(space, &mut scratch, 50);
                assert!(scratch.nearest().all(|(slot, _)| graph.contains(slot)));
            }
            Err(_) => refused += 1,
        }
    }
    assert!(taken > 100 && refused > 1000, "{taken} {refused}");
}
