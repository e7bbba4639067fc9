//! Work on a graph in use is steps that are short however large the graph is, and between any two of them it can be
//! searched and stored. Counted is work and not time.

use lodestore::index::hnsw::{Params, Width};
use lodestore::index::{LiveGraph, Metric, Step};
use roaring::RoaringBitmap;

use crate::check;
use crate::data::{around, rng, shuffled, uniform};
use crate::stored::{Known, blocks, load};
use crate::world::{Kind, PARAMS, Rows};

const DIMENSION: usize = 16;
/// Distances that a step computes: some, and what is begun then is brought to its end.
const COMPARED_MAX: u64 = 6_000;
/// Nodes that a step takes out.
const REMOVED_MAX: usize = 1_024;

struct Work {
    rows: Rows,
    live: LiveGraph,
    /// Slots that have rows.
    present: RoaringBitmap,
    steps: usize,
}

impl Work {
    fn of(vectors: &[Vec<f32>], params: Params) -> Work {
        let mut rows = Rows::new(DIMENSION, Metric::Cosine, Kind::Bytes);
        for (slot, vector) in (0..).zip(vectors) {
            rows.set(slot, vector);
        }
        let present: RoaringBitmap = (0..vectors.len() as u32).collect();
        Work { rows, live: LiveGraph::new(params, present.clone()), present, steps: 0 }
    }

    fn delete(&mut self, slot: u32) {
        assert!(self.present.remove(slot));
        self.live.remove(slot);
    }

    /// Works to the end; each step is followed by `look`.
    fn finish(&mut self, mut look: impl FnMut(&Work)) -> RoaringBitmap {
        let mut freed = RoaringBitmap::new();
        loop {
            let before = self.live.graph().len();
            let step = self.live.step(self.rows.space(), true).unwrap();
            self.steps += 1;
            let compared = self.live.compared();
            assert!(compared <= COMPARED_MAX, "step {}: {compared} distances", self.steps);
            let removed = before.saturating_sub(self.live.graph().len());
            assert!(removed <= REMOVED_MAX, "step {}: {removed} nodes taken out", self.steps);
            match step {
                Step::Idle => return freed,
                Step::Worked => {}
                Step::Freed(slots) => freed |= slots,
            }
            look(self);
        }
    }

    /// How many of the ten best a search finds, over all queries.
    fn recall(&self, queries: &[Vec<f32>]) -> f64 {
        let mut found = 0;
        for query in queries {
            let best =
                self.rows.flat.search(&self.rows.vectors, query, 10, None, &self.present, None).unwrap();
            let scratch = self.live.search(self.rows.space(), query, Width::fixed(64)).unwrap();
            let graph = self.live.graph();
            let alive: Vec<u32> =
                scratch.nearest().map(|(slot, _)| slot).filter(|slot| graph.is_alive(*slot)).collect();
            found += best.iter().filter(|hit| alive.contains(&hit.slot)).count();
        }
        found as f64 / (10 * queries.len()) as f64
    }
}

#[test]
fn a_sweep_is_short_steps_and_the_graph_holds_between_them() {
    let mut rng = rng(11);
    let centres = uniform(&mut rng, 60, DIMENSION);
    let vectors = around(&mut rng, &centres, 80, 0.1);
    let vectors = shuffled(&mut rng, vectors);
    let queries = around(&mut rng, &centres, 1, 0.1);
    let mut work = Work::of(&vectors, PARAMS);
    work.finish(|_| {});
    assert!(work.recall(&queries) > 0.9);
    // The entry is among those that go.
    let entry = work.live.graph().entry().unwrap().0;
    let gone: RoaringBitmap = (0..vectors.len() as u32).filter(|slot| slot % 2 == entry % 2).collect();
    gone.iter().for_each(|slot| work.delete(slot));
    let (before, late) = (work.steps, (0..vectors.len() as u32).find(|slot| slot % 2 != entry % 2).unwrap());
    let mut removing = 0;
    let freed = work.finish(|work| {
        let graph = work.live.graph();
        let left = graph.len() as u64 - work.present.len();
        let halfway = (1..gone.len()).contains(&left);
        removing += usize::from(halfway);
        if halfway || work.steps % 40 == 0 {
            check::invariants(graph);
            let loaded = load(Known::of(graph), &blocks(graph)).unwrap();
            assert_eq!((loaded.len(), loaded.entry()), (graph.len(), graph.entry()));
            assert!(work.recall(&queries) > 0.9, "step {}: {}", work.steps, work.recall(&queries));
        }
    });
    assert!(removing > 2, "nodes went in more than one step: {removing}");
    assert!(work.steps - before > 600, "{} steps", work.steps - before);
    assert_eq!(freed, gone);
    assert!(check::unreached(work.live.graph()).is_empty());
    // What dies while a sweep is at it goes with the next one.
    work.delete(late);
    assert_eq!(work.finish(|_| {}), RoaringBitmap::from_iter([late]));
}

#[test]
fn a_sweep_of_everything_leaves_nothing() {
    let mut rng = rng(12);
    let mut work = Work::of(&uniform(&mut rng, 2_500, DIMENSION), PARAMS);
    work.finish(|_| {});
    (0..2_500).for_each(|slot| work.delete(slot));
    let freed = work.finish(|work| check::invariants(work.live.graph()));
    assert_eq!((freed.len(), work.live.graph().len(), work.live.graph().entry()), (2_500, 0, None));
}

/// With two links a node many are lost, and each costs a search.
#[test]
fn a_look_for_lost_nodes_is_short_steps() {
    let mut rng = rng(13);
    let vectors = uniform(&mut rng, 4_000, DIMENSION);
    let mut work = Work::of(&vectors, Params { m: 2, ef_construction: 100, seed: 1 });
    let mut lost = 0;
    work.finish(|work| {
        if work.live.pending().is_empty() && lost == 0 {
            lost = check::unreached(work.live.graph()).len();
        }
    });
    assert!(lost > 100, "too few were lost to show anything: {lost}");
    assert!(check::unreached(work.live.graph()).is_empty());
    check::invariants(work.live.graph());
}
