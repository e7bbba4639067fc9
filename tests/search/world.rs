//! A collection without a store, and rows to fill it with.

use lodestore::collection::{
    Collection, Config, Found, HnswConfig, IndexKind, Op, Quantization, Query, Rows, State,
};
use lodestore::index::Metric;
use lodestore::metadata::Filter;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

pub const METRICS: [Metric; 3] = [Metric::Cosine, Metric::Dot, Metric::Euclidean];
pub const QUANTIZATIONS: [Quantization; 3] = [Quantization::None, Quantization::Int8, Quantization::Binary];

/// Where vectors come from.
pub struct Points {
    pub rng: ChaCha8Rng,
    pub dimension: usize,
    /// None for points that are spread evenly.
    pub centres: Vec<Vec<f32>>,
    /// As in embeddings, few directions matter: points lie along these.
    axes: Vec<Vec<f32>>,
}

const AXES: usize = 10;

impl Points {
    pub fn new(seed: u64, dimension: usize, clusters: usize) -> Points {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut some = |count: usize| -> Vec<Vec<f32>> {
            (0..count).map(|_| (0..dimension).map(|_| rng.random_range(-1.0..1.0)).collect()).collect()
        };
        let (centres, axes) = (some(clusters), some(AXES));
        Points { rng, dimension, centres, axes }
    }

    /// A point of cluster n, or any where there are none.
    pub fn point(&mut self, n: usize) -> Vec<f32> {
        let spread = if self.centres.is_empty() { 1.0 } else { 0.3 };
        let mut point = vec![0.0; self.dimension];
        if !self.centres.is_empty() {
            point.copy_from_slice(&self.centres[n % self.centres.len()]);
        }
        for axis in &self.axes {
            // About a normal distribution.
            let along: f32 = (0..4).map(|_| self.rng.random_range(-spread..spread)).sum();
            point.iter_mut().zip(axis).for_each(|(x, axis)| *x += along * axis);
        }
        point.iter_mut().for_each(|x| *x += self.rng.random_range(-0.1..0.1));
        point
    }

    /// Rows `r<n>` with metadata `n` and the number `c` of their cluster.
    pub fn rows(&mut self, numbers: impl Iterator<Item = usize>) -> Rows {
        let mut rows = Rows { ids: Vec::new(), vectors: Vec::new(), metadata: Vec::new() };
        let clusters = self.centres.len().max(1);
        for n in numbers {
            rows.ids.push(format!("r{n}"));
            rows.vectors.extend(self.point(n));
            rows.metadata.push(format!("{{\"n\":{n},\"c\":{}}}", n % clusters));
        }
        rows
    }
}

/// One collection, numbered 0.
pub struct World {
    pub state: State,
}

impl World {
    pub fn new(config: Config) -> World {
        let mut world = World { state: State::new() };
        world.apply(Op::Create { collection: 0, name: "c".to_owned(), config, stages: None });
        world
    }

    pub fn apply(&mut self, op: Op) {
        let mut checked = self.state.check(op).unwrap();
        self.state.reserve(&mut checked).unwrap();
        let seq = self.state.seq + 1;
        self.state.apply(checked, seq);
    }

    pub fn upsert(&mut self, rows: Rows) {
        self.apply(Op::Upsert { collection: 0, rows });
    }

    pub fn delete(&mut self, numbers: impl Iterator<Item = usize>) {
        self.apply(Op::Delete { collection: 0, ids: numbers.map(|n| format!("r{n}")).collect() });
    }

    pub fn configure(&mut self, config: Config) {
        self.apply(Op::Configure { collection: 0, config });
    }

    pub fn collection(&self) -> &Collection {
        self.state.get(0).unwrap()
    }

    /// Up to so many steps of work on the graph; how many there were.
    pub fn steps(&mut self, most: usize, thorough: bool) -> usize {
        let collection = self.state.all_mut().next().unwrap();
        (0..most).take_while(|_| collection.index_step(thorough).unwrap()).count()
    }

    /// All work on the graph that is to be done.
    pub fn settle(&mut self) {
        let done = self.steps(10_000_000, true);
        assert!(done < 10_000_000, "the work on a graph ends");
        assert_eq!(self.collection().index_steps_left(true), 0);
    }

    pub fn ask(&self, query: &Query<'_>) -> Found {
        self.collection().query(query).unwrap()
    }

    /// What every answer has to be, whatever it was found with; gives how many of the best it found.
    pub fn check(&self, query: &Query<'_>, what: &str) -> (Found, usize) {
        let found = self.ask(query);
        let hits = &found.hits;
        let oracle = self.ask(&Query { exact: true, top_k: 10_000, ..query.clone() }).hits;
        assert!(oracle.len() < 10_000, "{what}: the oracle has all");
        let best = &oracle[..query.top_k.min(oracle.len())];
        // Where a least score is asked for a row above it may be missed, otherwise there are always enough.
        if query.min_score.is_none() {
            assert_eq!(hits.len(), best.len(), "{what}: {:?}", found.explain);
        }
        let ordered = |pair: &[lodestore::index::Scored]| {
            pair[0].score > pair[1].score || (pair[0].score == pair[1].score && pair[0].slot < pair[1].slot)
        };
        assert!(hits.windows(2).all(ordered), "{what}: best first, ties by slot");
        for hit in hits {
            let same = oracle.iter().find(|one| one.slot == hit.slot);
            let same = same.unwrap_or_else(|| panic!("{what}: slot {} does not match", hit.slot));
            // One row alone is summed in another order than four at once: the last bits may differ.
            let close = (same.score - hit.score).abs() <= 2e-5 * (1.0 + same.score.abs());
            assert!(close, "{what}: {} instead of {}", hit.score, same.score);
        }
        let right = best.iter().filter(|one| hits.iter().any(|hit| hit.slot == one.slot)).count();
        (found, right)
    }

    /// The share of the best that is found, over some queries.
    pub fn recall(&self, vectors: &[Vec<f32>], query: &Query<'_>, what: &str) -> f64 {
        let (mut right, mut all) = (0, 0);
        for vector in vectors {
            let query = Query { vector, ..query.clone() };
            right += self.check(&query, what).1;
            all += self.ask(&Query { exact: true, ..query }).hits.len();
        }
        right as f64 / all.max(1) as f64
    }
}

pub fn queries(points: &mut Points, count: usize) -> Vec<Vec<f32>> {
    (0..count).map(|n| points.point(n * 7)).collect()
}

pub fn config(dimension: usize, metric: Metric, index: IndexKind, quantization: Quantization) -> Config {
    Config { quantization, ..Config::new(dimension, metric, index) }
}

/// A graph that pays for fewer rows, and is built faster.
pub fn thin(m: u16, ef: u16) -> HnswConfig {
    HnswConfig { m, ef_construction: 40, ef, seed: 1 }
}

pub fn filter(text: &str) -> Filter {
    Filter::parse(text).unwrap()
}
