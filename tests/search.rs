//! Queries against the exact oracle: whatever the index, the codes, the filter and the state of the graph, there
//! are min(k, m) hits with the scores of a float comparison, in order, and nearly all of the best among them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test that fails panics

#[path = "search/churn.rs"]
mod churn;
#[path = "search/moves.rs"]
mod moves;
#[path = "search/plans.rs"]
mod plans;
mod support;
#[path = "search/world.rs"]
mod world;

use lodestore::collection::{Config, HnswConfig, IndexKind, Plan, Quantization, Query};
use lodestore::index::Metric;
use world::{METRICS, Points, QUANTIZATIONS, World, config, filter, queries};

const ROWS: usize = 6_000;
const DIMENSION: usize = 64;

/// Recall that is asked of defaults. Bits of 64 components tell little, which `least` says honestly.
fn least(quantization: Quantization) -> f64 {
    if quantization == Quantization::Binary { 0.8 } else { 0.95 }
}

/// Every filter size that could be special, without and with a beam wide enough for the graph.
fn check_all(world: &World, vectors: &[Vec<f32>], what: &str) -> Vec<Plan> {
    let mut plans = Vec::new();
    let quantization = world.collection().config().quantization;
    let k = 10;
    let rows = world.collection().len();
    let mut sizes = vec![0, 1, k - 1, k, k + 1, rows / 1000, rows / 100, rows / 10, rows / 2];
    sizes.extend([rows - rows / 100, rows]);
    for size in sizes {
        let some = filter(&format!("{{\"n\":{{\"$lt\":{size}}}}}"));
        let query = Query { top_k: k, filter: Some(&some), ..Query::default() };
        let what = format!("{what}, {size} match");
        let recall = world.recall(vectors, &query, &what);
        assert!(size == 0 || recall >= least(quantization), "{what}: recall {recall}");
        plans.push(world.ask(&Query { vector: &vectors[0], ..query }).explain.plan);
    }
    let query = Query { top_k: k, ..Query::default() };
    let recall = world.recall(vectors, &query, what);
    assert!(recall >= least(quantization), "{what}: recall {recall}");
    plans.push(world.ask(&Query { vector: &vectors[0], ..query }).explain.plan);
    for top_k in [1, 100, rows + 1] {
        let what = format!("{what}, top {top_k}");
        let recall = world.recall(&vectors[..3], &Query { top_k, ..Query::default() }, &what);
        assert!(top_k == 1 || recall >= least(quantization), "{what}: recall {recall}");
    }
    plans
}

fn check_index(index: IndexKind, quantization: Quantization) {
    for (at, metric) in METRICS.into_iter().enumerate() {
        for clusters in [0, 12] {
            // Graphs take long to build: each metric and each kind of data, but not each with each.
            if index == IndexKind::Hnsw && (at + quantization as usize) % 2 == usize::from(clusters > 0) {
                continue;
            }
            let what = format!("{index:?} {quantization:?} {metric:?} {clusters} clusters");
            let mut points = Points::new(7, DIMENSION, clusters);
            let mut world = World::new(config(DIMENSION, metric, index, quantization));
            world.upsert(points.rows(0..ROWS));
            world.settle();
            let vectors = queries(&mut points, 12);
            let plans = check_all(&world, &vectors, &what);
            if index == IndexKind::Hnsw && quantization != Quantization::Binary {
                assert!(plans.contains(&Plan::Graph), "{what}: {plans:?}");
            }
        }
    }
}

#[test]
fn flat_collections_answer_like_the_oracle() {
    QUANTIZATIONS.into_iter().for_each(|one| check_index(IndexKind::Flat, one));
    QUANTIZATIONS.into_iter().for_each(|one| check_index(IndexKind::Auto, one));
}

#[test]
fn graphs_of_floats_answer_like_the_oracle() {
    check_index(IndexKind::Hnsw, Quantization::None);
}

#[test]
fn graphs_of_bytes_answer_like_the_oracle() {
    check_index(IndexKind::Hnsw, Quantization::Int8);
}

#[test]
fn graphs_of_bits_answer_like_the_oracle() {
    check_index(IndexKind::Hnsw, Quantization::Binary);
}

/// Rows of one cluster match, or all but one cluster, and the query is anywhere.
#[test]
fn filters_that_go_with_the_vectors_keep_their_recall() {
    for quantization in [Quantization::None, Quantization::Int8] {
        let mut points = Points::new(3, DIMENSION, 3);
        let hnsw = HnswConfig { ef_construction: 100, ..world::thin(8, 24) };
        let base = config(DIMENSION, Metric::Euclidean, IndexKind::Hnsw, quantization);
        let mut world = World::new(Config { hnsw, ..base });
        world.upsert(points.rows(0..ROWS));
        world.settle();
        let mut graphs = 0;
        for cluster in 0..3 {
            for text in [format!("{{\"c\":{cluster}}}"), format!("{{\"c\":{{\"$ne\":{cluster}}}}}")] {
                let some = filter(&text);
                for top_k in [1, 10, 50] {
                    let query = Query { top_k, filter: Some(&some), ..Query::default() };
                    // One query in each cluster, the one that matches and those far from it.
                    let vectors: Vec<Vec<f32>> = (0..20).map(|n| points.point(n)).collect();
                    let what = format!("{quantization:?} {text} top {top_k}");
                    let recall = world.recall(&vectors, &query, &what);
                    assert!(recall >= 0.95, "{what}: recall {recall}");
                    for vector in &vectors {
                        let plan = world.ask(&Query { vector, ..query.clone() }).explain.plan;
                        graphs += u32::from(plan == Plan::FilteredGraph);
                    }
                }
            }
        }
        assert!(graphs > 20, "{quantization:?}: the graph is searched with filters: {graphs}");
    }
}
