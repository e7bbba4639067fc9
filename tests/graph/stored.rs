//! The stored form: the same graph again, or a refusal.

use lodestore::Kind as ErrorKind;
use lodestore::Result;
use lodestore::index::Metric;
use lodestore::index::hnsw::{Graph, Loader, Params};
use rand::Rng;

use crate::check;
use crate::data::{rng, uniform};
use crate::world::{Kind, PARAMS, World};

/// The payloads of all blocks.
pub fn blocks(graph: &Graph) -> Vec<Vec<u8>> {
    (0..graph.group_count()).map(|group| graph.group_bytes(group)).collect()
}

/// What a store knows of a graph beside its blocks.
#[derive(Clone, Copy)]
pub struct Known {
    pub params: Params,
    pub slots: usize,
    pub entry: Option<(u32, u8)>,
    pub nodes: usize,
}

impl Known {
    pub fn of(graph: &Graph) -> Known {
        Known { params: graph.params(), slots: graph.slots(), entry: graph.entry(), nodes: graph.len() }
    }
}

pub fn load(known: Known, blocks: &[Vec<u8>]) -> Result<Graph> {
    let mut loader = Loader::new(known.params, known.slots)?;
    for (group, block) in blocks.iter().enumerate() {
        loader.load_group(group, block)?;
    }
    while !loader.check()? {}
    loader.finish(known.entry, known.nodes)
}

/// Some rows over two row groups, with deleted ones and free slots among them. Returns the graph's owner.
fn two_groups() -> World {
    let mut rng = rng(1);
    let params = Params { m: 4, ef_construction: 20, seed: 9 };
    let mut world = World::new(6, Metric::Euclidean, Kind::Bytes, params);
    // Slots that never had a node: rows that were deleted before their turn.
    for slot in 0..1_000 {
        world.rows.set(slot, &[0.0; 6]);
    }
    uniform(&mut rng, 60, 6).iter().for_each(|row| {
        world.insert(row);
    });
    [1_003, 1_030, 1_041].into_iter().for_each(|slot| world.delete(slot));
    world.sweep();
    world.reach();
    world.check_reached();
    world
}

#[test]
fn a_graph_comes_back_as_it_was() {
    let mut rng = rng(2);
    let (rows, queries) = (uniform(&mut rng, 2_500, 16), uniform(&mut rng, 30, 16));
    let mut world = World::of(&rows[..2_300], Metric::Cosine, Kind::Bytes, PARAMS);
    (0..400).for_each(|slot| world.delete(slot * 5));
    world.sweep();
    (0..100).for_each(|slot| world.delete(slot * 5 + 1));
    let (before, known) = (blocks(&world.graph), Known::of(&world.graph));
    let found: Vec<_> = queries.iter().map(|query| world.search(query, 10, 50)).collect();

    let mut loaded = load(known, &before).unwrap();
    assert!((0..loaded.group_count()).all(|group| !loaded.dirty(group)), "what was just read is stored");
    // Which rows are gone the rows say, not the graph.
    world.dead.iter().for_each(|slot| loaded.kill(slot));
    let built = std::mem::replace(&mut world.graph, loaded);
    world.check();
    assert_eq!(blocks(&world.graph), before);
    let again: Vec<_> = queries.iter().map(|query| world.search(query, 10, 50)).collect();
    assert_eq!(found, again);

    // And goes on as if nothing had been.
    let mut other = World {
        rows: world.rows.clone(),
        graph: built,
        ..World::new(16, Metric::Cosine, Kind::Bytes, PARAMS)
    };
    (other.live, other.dead, other.free) = (world.live.clone(), world.dead.clone(), world.free.clone());
    for each in [&mut world, &mut other] {
        rows[2_300..].iter().for_each(|row| {
            each.insert(row);
        });
        each.sweep();
        each.reach();
        each.check_reached();
    }
    assert_eq!(blocks(&world.graph), blocks(&other.graph));
}

#[test]
fn the_same_rows_make_the_same_graph() {
    let rows = uniform(&mut rng(3), 1_200, 16);
    let build = |seed: u32, rows: &[Vec<f32>]| {
        let mut world = World::of(rows, Metric::Euclidean, Kind::Bytes, Params { seed, ..PARAMS });
        (0..300).for_each(|slot| world.delete(slot * 3));
        world.sweep();
        rows[..200].iter().for_each(|row| {
            world.insert(row);
        });
        world.reach();
        blocks(&world.graph)
    };
    let first = build(1, &rows);
    assert_eq!(first, build(1, &rows));
    assert_ne!(first, build(2, &rows));
    let reversed: Vec<_> = rows.iter().rev().cloned().collect();
    assert_ne!(first, build(1, &reversed));
}

#[test]
fn what_searches_left_in_the_scratch_does_not_matter() {
    let rows = uniform(&mut rng(4), 600, 8);
    let plain = World::of(&rows, Metric::Dot, Kind::Floats, PARAMS);
    let mut searched = World::new(8, Metric::Dot, Kind::Floats, PARAMS);
    for (at, row) in rows.iter().enumerate() {
        searched.search(&rows[at * 7 % 600], 5, 1 + at % 90);
        searched.insert(row);
    }
    assert_eq!(blocks(&plain.graph), blocks(&searched.graph));
}

#[test]
fn an_empty_graph_has_a_stored_form() {
    let graph = Graph::new(PARAMS);
    let loaded = load(Known::of(&graph), &blocks(&graph)).unwrap();
    assert!(loaded.is_empty());
    check::invariants(&loaded);
}

/// Either it is refused as damaged, or what comes of it holds. Whether it was refused.
fn refused(known: Known, blocks: &[Vec<u8>], name: &str) -> bool {
    match load(known, blocks) {
        Err(error) => {
            assert_eq!(error.kind, ErrorKind::Corrupt, "{name}: {error}");
            true
        }
        Ok(graph) => {
            check::sound(&graph);
            false
        }
    }
}

#[test]
fn every_truncation_is_refused() {
    let world = two_groups();
    let (known, whole) = (Known::of(&world.graph), blocks(&world.graph));
    assert_eq!(whole.len(), 2);
    for group in 0..whole.len() {
        for length in 0..whole[group].len() {
            let mut cut = whole.clone();
            cut[group].truncate(length);
            assert!(refused(known, &cut, "truncated"), "group {group} cut to {length} bytes");
        }
        for byte in [0, 1, 0xff] {
            let mut longer = whole.clone();
            longer[group].push(byte);
            // A level, or a byte too many: where a slot could follow, it must not hide a node.
            refused(known, &longer, "longer");
        }
    }
    assert!(refused(known, &whole[..1], "a block is missing"));
    assert!(refused(known, &[whole[1].clone(), whole[0].clone()], "blocks changed places"));
}

#[test]
fn every_flipped_bit_is_refused_or_harmless() {
    let world = two_groups();
    let (known, whole) = (Known::of(&world.graph), blocks(&world.graph));
    let (mut flips, mut caught) = (0, 0);
    for group in 0..whole.len() {
        for bit in 0..whole[group].len() * 8 {
            let mut flipped = whole.clone();
            flipped[group][bit / 8] ^= 1 << (bit % 8);
            flips += 1;
            caught += usize::from(refused(known, &flipped, "flipped"));
        }
    }
    // A link to another node of the same layer is all that can pass.
    assert!(caught * 10 >= flips * 8, "{caught} of {flips}");
}

#[test]
fn what_a_manifest_says_is_checked() {
    let world = two_groups();
    let (known, whole) = (Known::of(&world.graph), blocks(&world.graph));
    assert!(!refused(known, &whole, "as it was"));
    for nodes in [0, known.nodes - 1, known.nodes + 1, usize::MAX] {
        assert!(refused(Known { nodes, ..known }, &whole, "another number of nodes"));
    }
    let (entry, top) = known.entry.unwrap();
    for slot in [0, 1_003, 1_060, u32::MAX] {
        assert!(refused(Known { entry: Some((slot, top)), ..known }, &whole, "an entry that is no node"));
    }
    for top in [top - 1, top + 1] {
        assert!(refused(Known { entry: Some((entry, top)), ..known }, &whole, "another layer"));
    }
    assert!(refused(Known { entry: None, ..known }, &whole, "no entry"));
    for slots in [0, 1, 1_000, 1_024, 1_050, 3_000] {
        assert!(refused(Known { slots, ..known }, &whole, "another number of slots") || slots > known.slots);
    }
    let narrow = Params { m: 2, ..known.params };
    assert!(refused(Known { params: narrow, ..known }, &whole, "built with more links"));
}

#[test]
fn noise_is_never_believed() {
    let mut rng = rng(5);
    let known = Known::of(&two_groups().graph);
    for _ in 0..3_000 {
        // Small numbers are what a block consists of.
        let most = [2u8, 5, 60, 255][rng.random_range(0..4)];
        let mut noise = || (0..rng.random_range(0..400)).map(|_| rng.random_range(0..=most)).collect();
        let noise = [noise(), noise()];
        assert!(refused(known, &noise, "noise"));
    }
}
