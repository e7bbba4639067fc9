//! Beside an independent graph: `instant-distance`, which is built once and compares floats.

use std::sync::atomic::{AtomicU64, Ordering};

use instant_distance::{Builder, Point, Search};
use lodestore::index::Metric;
use lodestore::index::hnsw::Params;
use lodestore::kernel;
use roaring::RoaringBitmap;

use crate::data::{rng, uniform};
use crate::world::{Kind, World};

/// Distances that the reference computed.
static COMPARED: AtomicU64 = AtomicU64::new(0);

#[derive(Clone)]
struct Row(Vec<f32>);

impl Point for Row {
    fn distance(&self, other: &Row) -> f32 {
        COMPARED.fetch_add(1, Ordering::Relaxed);
        kernel::l2_squared(&self.0, &other.0)
    }
}

/// As many links as instant-distance has, which cannot be set.
const PARAMS: Params = Params { m: 32, ef_construction: 100, seed: 1 };

/// Recall at ten and how many distances that took, by the reference with a beam of 24.
fn reference(world: &World, rows: &[Vec<f32>], queries: &[Vec<f32>]) -> (f64, u64) {
    let builder = Builder::default().seed(1).ef_construction(PARAMS.ef_construction).ef_search(24);
    let (graph, ids) = builder.build_hnsw(rows.iter().cloned().map(Row).collect());
    let mut slots = vec![0; rows.len()];
    ids.iter().enumerate().for_each(|(slot, id)| slots[id.into_inner() as usize] = slot as u32);
    let (mut search, mut found) = (Search::default(), 0);
    COMPARED.store(0, Ordering::Relaxed);
    for query in queries {
        let best: RoaringBitmap = world.exact(query, 10, None).iter().map(|hit| hit.slot).collect();
        let hits = graph.search(&Row(query.clone()), &mut search).take(10);
        found += hits.filter(|hit| best.contains(slots[hit.pid.into_inner() as usize])).count();
    }
    (found as f64 / (10 * queries.len()) as f64, COMPARED.load(Ordering::Relaxed))
}

/// Beams are not alike: the reference fills every list of links, and so compares more for each node of its beam. What
/// is compared here is what is found at the price of as many distances.
fn compare(rows: &[Vec<f32>], queries: &[Vec<f32>]) {
    let mut world = World::of(rows, Metric::Euclidean, Kind::Floats, PARAMS);
    let (theirs, price) = reference(&world, rows, queries);
    assert!(theirs > 0.8, "the reference is used as it should be: {theirs}");
    for kind in [Kind::Floats, Kind::Bytes] {
        if kind == Kind::Bytes {
            world = World::of(rows, Metric::Euclidean, kind, PARAMS);
        }
        world.reach();
        let mut ours = 0.0;
        for ef in [24, 28, 32, 40, 48, 64] {
            world.scratch.compared = 0;
            let recall = world.recall(queries, ef);
            if world.scratch.compared > price {
                break;
            }
            ours = recall;
        }
        assert!(ours >= theirs - 0.01, "{kind:?}: {ours} is less than {theirs} for {price} distances");
    }
}

#[test]
fn finds_as_much_as_an_independent_graph() {
    let mut rng = rng(1);
    compare(&uniform(&mut rng, 2_000, 32), &uniform(&mut rng, 60, 32));
}
