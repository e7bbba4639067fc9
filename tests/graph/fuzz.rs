//! Random sequences of operations on small graphs, against a model of which slots are alive.

use lodestore::index::Metric;
use lodestore::index::codes::Codes;
use lodestore::index::hnsw::{Params, Reach, Sweep};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::check;
use crate::data::rng;
use crate::recall::METRICS;
use crate::stored::{Known, blocks, load};
use crate::world::{Kind, World};

const SEQUENCES: u64 = 300;
const STEPS: usize = 250;

/// What vectors of a sequence look like.
#[derive(Clone, Copy, Debug)]
enum Shape {
    Spread,
    /// Few different ones.
    Grid,
    /// As large and as small as floats get: distances overflow and are not numbers.
    Extreme,
}

#[derive(Debug, Default)]
struct Met {
    recall: f64,
    recalls: usize,
    sweeps: usize,
    kills_in_sweeps: usize,
    mended: u32,
    loads: usize,
}

struct Run {
    name: String,
    rng: ChaCha8Rng,
    shape: Shape,
    dimension: usize,
    world: World,
    sweep: Option<Sweep>,
    /// The blocks of the last snapshot.
    stored: Vec<Vec<u8>>,
}

impl Run {
    fn new(seed: u64) -> Run {
        let mut rng = rng(seed);
        let metric = METRICS[rng.random_range(0..3)];
        let kind = [Kind::Floats, Kind::Bytes, Kind::Bits][rng.random_range(0..3)];
        let shape = match (rng.random_range(0..4), metric) {
            (0, _) => Shape::Grid,
            (1, Metric::Dot | Metric::Euclidean) => Shape::Extreme,
            _ => Shape::Spread,
        };
        let dimension = [1, 3, 8, 20][rng.random_range(0..4)];
        let params = Params {
            m: rng.random_range(2..=9),
            ef_construction: rng.random_range(8..=40),
            seed: rng.random_range(0..9),
        };
        let name = format!("seed {seed}: {metric:?} {kind:?} {shape:?}, {dimension} components, {params:?}");
        let world = World::new(dimension, metric, kind, params);
        Run { name, rng, shape, dimension, world, sweep: None, stored: Vec::new() }
    }

    fn vector(&mut self) -> Vec<f32> {
        let mut vector: Vec<f32> = (0..self.dimension)
            .map(|_| match self.shape {
                Shape::Spread => self.rng.random_range(-1.0..1.0),
                Shape::Grid => self.rng.random_range(-1..=1) as f32,
                Shape::Extreme => {
                    [0.0, -0.0, 1e-45, 1.0, -3e18, 3e38, -3e38][self.rng.random_range(0..7usize)]
                }
            })
            .collect();
        if vector.iter().all(|component| *component == 0.0) {
            vector[0] = 1.0;
        }
        vector
    }

    fn any_live(&mut self) -> Option<u32> {
        let count = self.world.live.len() as u32;
        if count == 0 { None } else { self.world.live.select(self.rng.random_range(0..count)) }
    }

    /// What is true between any two operations.
    fn check(&self) {
        check::nodes(&self.world.graph, &self.world.live, &self.world.dead);
        check::invariants(&self.world.graph);
        // A block that is not written again is the one that was written last.
        let graph = &self.world.graph;
        for group in (0..graph.group_count()).filter(|group| !graph.dirty(*group)) {
            let same = self
                .stored
                .get(group)
                .is_some_and(|bytes| trimmed(bytes) == trimmed(&graph.group_bytes(group)));
            assert!(same, "group {group} changed and is not written again");
        }
    }

    fn step(&mut self, met: &mut Met) {
        match self.rng.random_range(0..100) {
            0..45 if self.sweep.is_none() => {
                let vector = self.vector();
                self.world.insert(&vector);
            }
            0..45 => self.sweep_some(met),
            45..65 => {
                if let Some(slot) = self.any_live() {
                    self.world.delete(slot);
                    met.kills_in_sweeps += usize::from(self.sweep.is_some());
                }
            }
            65..70 if self.sweep.is_none() => self.sweep = Some(Sweep::default()),
            65..70 => self.sweep_some(met),
            70..72 => self.sweep_to_its_end(met),
            72..80 if self.sweep.is_none() => {
                if let Some(slot) = self.any_live() {
                    let vector = self.vector();
                    self.world.update(slot, &vector);
                }
            }
            80..83 if self.sweep.is_none() => {
                // Given up half way, it leaves a graph that holds.
                let mut reach = Reach::default();
                let world = &mut self.world;
                (0..self.rng.random_range(0..40)).for_each(|_| {
                    reach.step(&mut world.graph, world.rows.space(), &mut world.scratch);
                });
            }
            83..86 if self.sweep.is_none() => {
                met.mended += self.world.reach();
                self.world.check_reached();
            }
            86..88 => {
                self.stored = blocks(&self.world.graph);
                self.world.graph.clean();
            }
            88..90 if !self.world.graph.is_empty() => {
                let mut loaded = load(Known::of(&self.world.graph), &blocks(&self.world.graph)).unwrap();
                self.world.dead.iter().for_each(|slot| loaded.kill(slot));
                self.stored = blocks(&loaded);
                self.world.graph = loaded;
                // A sweep that was under way has to begin again: the stored graph knows nothing of it.
                self.sweep = None;
                self.world.sweep_forgotten();
                met.loads += 1;
            }
            _ => {
                let (query, k, ef) =
                    (self.vector(), self.rng.random_range(1..8), self.rng.random_range(1..100));
                let found = self.world.search(&query, k, ef);
                assert!(found.len() <= k);
            }
        }
    }

    fn sweep_some(&mut self, met: &mut Met) {
        for _ in 0..self.rng.random_range(1..20) {
            let Some(sweep) = &mut self.sweep else { return };
            if self.world.sweep_step(sweep) {
                met.sweeps += 1;
                self.sweep = None;
            }
        }
    }

    fn sweep_to_its_end(&mut self, met: &mut Met) {
        while self.sweep.is_some() {
            self.sweep_some(met);
        }
    }
}

/// Without the slots at the end that have no node.
fn trimmed(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| *byte != 0xff).map_or(0, |last| last + 1);
    &bytes[..end]
}

#[test]
fn random_sequences() {
    let mut met = Met::default();
    for seed in 0..SEQUENCES {
        let mut run = Run::new(seed);
        let name = run.name.clone();
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for step in 0..STEPS {
                run.step(&mut met);
                if step % 5 == 0 {
                    run.check();
                }
            }
            run.sweep_to_its_end(&mut met);
            run.check();
            met.mended += run.world.reach();
            run.world.check_reached();
            if matches!(run.shape, Shape::Extreme) {
                return;
            }
            // As wide as the graph a beam finds all of it.
            let queries: Vec<_> = (0..5).map(|_| run.vector()).collect();
            for query in &queries {
                let (all, width) = (run.world.live.len() as usize, run.world.graph.len().max(1));
                assert_eq!(run.world.search(query, all, width).len(), all, "not every row was found");
            }
            if !run.world.live.is_empty() && !matches!(run.world.rows.codes, Codes::Bits(_)) {
                met.recall += run.world.recall(&queries, 30);
                met.recalls += 1;
            }
        }));
        assert!(outcome.is_ok(), "{name}");
    }
    assert!(met.recalls > 100 && met.recall / met.recalls as f64 > 0.95, "{met:?}");
    assert!(
        met.sweeps > 500 && met.kills_in_sweeps > 1_000 && met.loads > 500 && met.mended > 100,
        "{met:?}"
    );
}
