//! Which plan is chosen, and what `explain` says of it.

use super::support::{block_on, open};
use super::world::{METRICS, Points, QUANTIZATIONS, World, config, filter, queries, thin};
use lodestore::collection::{Config, Explain, IndexKind, Memory, Op, Plan, Quantization, Query};
use lodestore::index::Metric;
use lodestore::storage::MemoryStorage;

const ROWS: usize = 4_000;

/// A collection on which the graph pays, and some queries.
fn graphed(quantization: Quantization, metric: Metric) -> (World, Vec<Vec<f32>>) {
    let mut points = Points::new(11, 64, 10);
    let base = config(64, metric, IndexKind::Hnsw, quantization);
    let mut world = World::new(Config { hnsw: thin(4, 24), ..base });
    world.upsert(points.rows(0..ROWS));
    world.settle();
    (world, queries(&mut points, 6))
}

fn explained(world: &World, query: &Query<'_>) -> Explain {
    let (found, _) = world.check(query, &format!("{query:?}"));
    let explain = found.explain;
    let many = world.collection().query_many(query.vector, query).unwrap();
    assert_eq!(many, [found], "one of many is as one alone");
    assert_eq!(explain.rows, world.collection().len() as u64);
    assert_eq!(explain.matches, query.filter.map(|filter| world.collection().count(Some(filter))));
    let most = explain.matches.unwrap_or(explain.rows);
    let graph = matches!(explain.plan, Plan::Graph | Plan::FilteredGraph);
    assert_eq!(explain.ef.is_some(), graph, "{explain:?}");
    assert_eq!(explain.plan == Plan::FilteredGraph, graph && query.filter.is_some(), "{explain:?}");
    match explain.plan {
        Plan::Exact => assert_eq!((explain.compared, explain.rescored), (most, 0), "{explain:?}"),
        Plan::Codes => {
            assert_eq!(explain.compared, most, "{explain:?}");
            assert!(explain.rescored >= most.min(query.top_k as u64), "{explain:?}");
        }
        _ => {
            assert!(explain.rescored >= most.min(query.top_k as u64), "{explain:?}");
            assert!(explain.compared >= explain.rescored + explain.pending, "{explain:?}");
            assert!(explain.compared < explain.rows * 2, "{explain:?}");
        }
    }
    if query.exact {
        assert_eq!(explain.plan, Plan::Exact);
    }
    explain
}

#[test]
fn the_cheapest_plan_is_chosen_and_explained() {
    for quantization in QUANTIZATIONS {
        let (world, vectors) = graphed(quantization, Metric::Cosine);
        let vector = vectors[0].as_slice();
        // Bits need a beam as wide as the rows they compare again, so little is asked of them.
        let oversample = (quantization == Quantization::Binary).then_some(2);
        let query = Query { vector, top_k: 10, oversample, ..Query::default() };
        let plan = |query: &Query<'_>| explained(&world, query).plan;
        assert_eq!(plan(&query), Plan::Graph, "{quantization:?}");
        assert_eq!(plan(&Query { exact: true, ..query.clone() }), Plan::Exact);
        let scan = if quantization == Quantization::None { Plan::Exact } else { Plan::Codes };
        let share = |size: usize| filter(&format!("{{\"n\":{{\"$lt\":{size}}}}}"));
        let (most, few, five, none) = (share(ROWS - 1), share(ROWS / 50), share(5), share(0));
        assert_eq!(plan(&Query { filter: Some(&most), ..query.clone() }), Plan::FilteredGraph);
        assert_eq!(plan(&Query { filter: Some(&few), ..query.clone() }), scan, "{quantization:?}");
        assert_eq!(plan(&Query { filter: Some(&five), ..query.clone() }), Plan::Exact);
        assert_eq!(plan(&Query { filter: Some(&none), ..query.clone() }), Plan::Exact);
        assert_eq!(plan(&Query { filter: Some(&none), exact: true, ..query.clone() }), Plan::Exact);
        assert_eq!(plan(&Query { top_k: ROWS, ..query.clone() }), Plan::Exact);
        // A beam as wide as the graph is dearer than a scan.
        assert_eq!(plan(&Query { ef: Some(ROWS), ..query.clone() }), scan);
    }
}

#[test]
fn what_is_asked_for_is_heeded() {
    let (world, vectors) = graphed(Quantization::Int8, Metric::Euclidean);
    let query = Query { vector: &vectors[1], top_k: 3, ..Query::default() };
    let narrow = explained(&world, &Query { ef: Some(8), ..query.clone() });
    let wide = explained(&world, &Query { ef: Some(40), ..query.clone() });
    assert_eq!((narrow.ef, wide.ef), (Some(8), Some(40)));
    assert!(narrow.compared < wide.compared, "{narrow:?} {wide:?}");
    assert_eq!(explained(&world, &query).ef, Some(24), "as configured");
    assert_eq!(
        explained(&world, &Query { ef: Some(1), ..query.clone() }).ef,
        Some(3),
        "as many as are asked for"
    );
    // Unless somebody says how many, it may end when the rest will not do.
    assert!((8..=9).contains(&explained(&world, &query).rescored));
    for (oversample, rescored) in [(Some(1), 3), (Some(3), 9), (Some(6), 18), (Some(10), 30)] {
        let explain = explained(&world, &Query { oversample, ..query.clone() });
        assert_eq!((explain.plan, explain.rescored), (Plan::Graph, rescored), "{explain:?}");
    }
    let half = filter("{\"n\":{\"$lt\":2000}}");
    let filtered = explained(&world, &Query { filter: Some(&half), ef: Some(8), ..query.clone() });
    assert_eq!((filtered.plan, filtered.ef), (Plan::FilteredGraph, Some(24)), "8 x 2 x 1.5");

    let mut points = Points::new(11, 64, 10);
    let mut scanned = World::new(config(64, Metric::Dot, IndexKind::Flat, Quantization::Int8));
    scanned.upsert(points.rows(0..ROWS));
    assert!((8..=9).contains(&explained(&scanned, &query).rescored));
    for (oversample, rescored) in [(Some(1), 3), (Some(50), 150)] {
        let explain = explained(&scanned, &Query { oversample, ..query.clone() });
        assert_eq!((explain.plan, explain.rescored), (Plan::Codes, rescored), "{explain:?}");
    }
    let now = scanned.collection().config().clone();
    scanned.configure(Config { oversample: Some(7), ..now });
    assert_eq!(explained(&scanned, &query).rescored, 21);
}

/// Bits tell little: a beam that is narrower than what is compared again would make `oversample` an empty word.
#[test]
fn a_beam_over_bits_is_as_wide_as_what_is_compared_again() {
    let mut points = Points::new(5, 1024, 0);
    let base = config(1024, Metric::Cosine, IndexKind::Hnsw, Quantization::Binary);
    let mut world = World::new(Config { hnsw: thin(2, 16), oversample: Some(30), ..base });
    world.upsert(points.rows(0..3_000));
    world.settle();
    let vector = points.point(0);
    let query = Query { vector: &vector, top_k: 5, ..Query::default() };
    let explain = explained(&world, &query);
    assert_eq!((explain.plan, explain.ef, explain.rescored), (Plan::Graph, Some(150), 150), "{explain:?}");
    let told = explained(&world, &Query { ef: Some(20), ..query });
    assert_eq!((told.ef, told.rescored), (Some(20), 20), "unless told otherwise");
}

#[test]
fn many_queries_are_answered_as_one_by_one() {
    for quantization in QUANTIZATIONS {
        for metric in METRICS {
            let (world, vectors) = graphed(quantization, metric);
            let all: Vec<f32> = vectors.concat();
            let (most, few) = (filter("{\"n\":{\"$lt\":3900}}"), filter("{\"n\":{\"$lt\":100}}"));
            let mut plans = Vec::new();
            for some in [None, Some(&most), Some(&few)] {
                for (exact, min_score) in
                    [(false, None), (true, None), (false, Some(0.1)), (false, Some(-3.0))]
                {
                    // Few bits are asked for so many candidates that floats would cost no more.
                    let oversample = (quantization == Quantization::Binary).then_some(16);
                    let query =
                        Query { top_k: 7, filter: some, exact, min_score, oversample, ..Query::default() };
                    let many = world.collection().query_many(&all, &query).unwrap();
                    assert_eq!(many.len(), vectors.len());
                    for (found, vector) in many.iter().zip(&vectors) {
                        let query = Query { vector, ..query.clone() };
                        let (alone, _) =
                            world.check(&query, &format!("{quantization:?} {metric:?} {query:?}"));
                        assert_eq!(*found, alone);
                        assert!(alone.hits.iter().all(|hit| min_score.is_none_or(|min| hit.score >= min)));
                        plans.push(alone.explain.plan);
                    }
                }
            }
            assert!(plans.contains(&Plan::Exact), "{plans:?}");
            assert!(plans.contains(&Plan::Codes) || quantization == Quantization::None, "{plans:?}");
            assert!(plans.contains(&Plan::Graph) || quantization == Quantization::Binary, "{plans:?}");
            assert_eq!(
                world.collection().query_many(&[], &Query { top_k: 1, ..Query::default() }).unwrap(),
                []
            );
        }
    }
}

/// The nearest rows that match lie at the edge of what the beam reaches: what it finds there is not all there is.
#[test]
fn rows_at_the_edge_of_the_beam_are_not_taken_for_the_best() {
    for quantization in [Quantization::None, Quantization::Int8] {
        let (mut world, vectors) = graphed(quantization, Metric::Euclidean);
        let mut right = 0;
        for vector in &vectors {
            let order = world.ask(&Query { vector, top_k: ROWS, exact: true, ..Query::default() }).hits;
            let ids =
                order.iter().map(|hit| world.collection().row(hit.slot).unwrap().id.to_string()).collect();
            let metadata = (0..ROWS).map(|rank| format!("{{\"rank\":{rank}}}")).collect();
            world.apply(Op::SetMetadata { collection: 0, ids, metadata });
            // Half of the rows match, so the beam is 24 x 2 x 1.5 wide.
            let some = filter(&format!("{{\"rank\":{{\"$gte\":71,\"$lt\":{}}}}}", 71 + ROWS / 2));
            let query = Query { vector, top_k: 5, filter: Some(&some), ..Query::default() };
            let (found, some_right) = world.check(&query, "at the edge");
            right += some_right;
            let explain = found.explain;
            assert_eq!(explain.ef, None, "{explain:?}");
            assert!(explain.reason.contains("too few"), "{explain:?}");
            let near = filter(&format!("{{\"rank\":{{\"$lt\":{}}}}}", ROWS / 2));
            let explain = explained(&world, &Query { filter: Some(&near), ..query });
            assert_eq!((explain.plan, explain.ef), (Plan::FilteredGraph, Some(72)), "{explain:?}");
        }
        assert_eq!(right, 5 * vectors.len(), "{quantization:?}");
    }
}

/// Where vectors are in storage, no more of them are read than have to be.
#[test]
fn vectors_in_storage_are_read_for_the_best_only() {
    for (memory, plan) in [(Memory::Full, Plan::Exact), (Memory::Codes, Plan::Codes)] {
        let mut points = Points::new(43, 8, 0);
        let db = open(MemoryStorage::new()).unwrap();
        let base = config(8, Metric::Euclidean, IndexKind::Auto, Quantization::Int8);
        block_on(db.collection("c", Some(Config { memory, ..base }))).unwrap();
        block_on(db.upsert("c", points.rows(0..8_000))).unwrap();
        block_on(db.checkpoint()).unwrap();
        let vector = points.point(0);
        let some = filter("{\"n\":{\"$lt\":50}}");
        for filter in [None, Some(&some)] {
            let query = Query { vector: &vector, top_k: 10, filter, ..Query::default() };
            let found = db.state().unwrap().named("c").unwrap().query(&query).unwrap();
            assert_eq!((found.hits.len(), found.explain.plan), (10, plan), "{:?}", found.explain);
        }
    }
}
