//! Rows that come, go and change while the graph is behind.

use super::support::{TestEnv, block_on, open};
use super::world::{Points, World, config, filter, queries, thin};
use lodestore::collection::{Checked, Config, IndexKind, Memory, Op, Plan, Quantization, Query};
use lodestore::index::Metric;
use lodestore::storage::MemoryStorage;
use lodestore::store::Database;

const ROWS: usize = 4_000;
const DIMENSION: usize = 64;

fn graph_of(quantization: Quantization) -> Config {
    Config { hnsw: thin(8, 32), ..config(DIMENSION, Metric::Cosine, IndexKind::Hnsw, quantization) }
}

/// Recall and counts, without a filter and with some.
fn check(world: &World, vectors: &[Vec<f32>], what: &str) -> Vec<Plan> {
    let mut plans = Vec::new();
    for text in ["", "{\"n\":{\"$lt\":3000}}", "{\"n\":{\"$gte\":3500}}", "{\"c\":3}", "{\"n\":77}"] {
        let some = (!text.is_empty()).then(|| filter(text));
        let query = Query { top_k: 10, filter: some.as_ref(), ..Query::default() };
        let what = format!("{what} {text}");
        let recall = world.recall(vectors, &query, &what);
        let all = world.collection().count(some.as_ref()) > 0;
        assert!(recall >= 0.95 || !all, "{what}: recall {recall}");
        plans.extend(vectors.iter().map(|vector| world.ask(&Query { vector, ..query.clone() }).explain.plan));
    }
    plans
}

#[test]
fn queries_are_right_while_the_graph_is_behind() {
    for quantization in [Quantization::None, Quantization::Int8] {
        let mut points = Points::new(17, DIMENSION, 8);
        let mut world = World::new(graph_of(quantization));
        let vectors = queries(&mut points, 10);
        let what = |moment: &str| format!("{quantization:?} {moment}");
        check(&world, &vectors, &what("empty"));
        world.upsert(points.rows(0..ROWS));
        check(&world, &vectors, &what("nothing in the graph"));
        for part in [1, ROWS / 2, ROWS / 3] {
            assert_eq!(world.steps(part, false), part);
            check(&world, &vectors, &what("half built"));
        }
        world.settle();
        let plans = check(&world, &vectors, &what("built"));
        assert!(plans.contains(&Plan::Graph) && plans.contains(&Plan::FilteredGraph), "{plans:?}");

        // Half of them go: every second one of each cluster but 3, and all of that.
        world.delete((0..ROWS).filter(|n| n % 8 == 3 || n / 8 % 2 == 0));
        check(&world, &vectors, &what("half are dead"));
        assert_eq!(world.steps(200, false), 200);
        check(&world, &vectors, &what("while it is swept"));
        world.upsert(points.rows((0..ROWS).filter(|n| n % 16 == 3)));
        check(&world, &vectors, &what("rows come back while it is swept"));
        world.settle();
        check(&world, &vectors, &what("swept"));

        world.apply(Op::Delete {
            collection: 0,
            ids: world.collection().ids().map(|(id, _)| id.to_string()).collect(),
        });
        check(&world, &vectors, &what("all gone"));
        assert_eq!(world.steps(1, false), 1);
        world.upsert(points.rows(0..ROWS / 4));
        check(&world, &vectors, &what("all gone but new ones"));
        world.settle();
        world.upsert(points.rows(0..ROWS));
        world.settle();
        assert!(world.collection().slot_count() <= ROWS + ROWS / 4);
        check(&world, &vectors, &what("all back"));
    }
}

/// Slots in use are `most` times the rows at the end of every round in which all rows get another vector.
fn churned(most: f64, mut work: impl FnMut(&mut World)) {
    let (rows, dimension) = (600, 16);
    let mut points = Points::new(23, dimension, 0);
    let hnsw = thin(6, 16);
    let mut world = World::new(Config {
        hnsw,
        ..config(dimension, Metric::Euclidean, IndexKind::Hnsw, Quantization::Int8)
    });
    world.upsert(points.rows(0..rows));
    world.settle();
    for round in 0..20 {
        world.upsert(points.rows(0..rows));
        work(&mut world);
        let slots = world.collection().slot_count();
        assert!(slots as f64 <= most * rows as f64, "round {round}: {slots} slots for {rows} rows");
        assert_eq!(world.collection().len(), rows);
    }
    world.settle();
    let vectors = queries(&mut points, 5);
    let recall = world.recall(&vectors, &Query { top_k: 10, ..Query::default() }, "churned");
    assert!(recall >= 0.95, "{recall}");
}

#[test]
fn slots_stay_in_proportion_to_rows() {
    churned(2.0, |world| world.settle());
    churned(2.5, |world| while world.steps(1, false) > 0 {});
}

/// A writer that never pauses: the graph is never done with what is new, and cleans up all the same.
#[test]
fn slots_stay_in_proportion_where_there_is_always_more_to_do() {
    churned(4.0, |world| {
        world.steps(550, false);
        assert!(world.collection().index_steps_left(false) > 0, "there is more to do");
    });
}

/// Only the rows that are not in the graph yet match: searching it for them would find nothing.
#[test]
fn rows_that_wait_are_found_without_the_graph() {
    let mut points = Points::new(29, DIMENSION, 0);
    let mut world = World::new(graph_of(Quantization::Int8));
    world.upsert(points.rows(0..ROWS));
    world.settle();
    world.upsert(points.rows(ROWS..ROWS + 2_000));
    let new = filter(&format!("{{\"n\":{{\"$gte\":{ROWS}}}}}"));
    let vectors = queries(&mut points, 5);
    let query = Query { top_k: 10, filter: Some(&new), ..Query::default() };
    assert!(world.recall(&vectors, &query, "rows that wait") >= 0.95);
    for vector in &vectors {
        let explain = world.ask(&Query { vector, ..query.clone() }).explain;
        assert_eq!(explain.plan, Plan::Codes, "{explain:?}");
    }
}

#[test]
fn auto_has_a_graph_while_it_pays() {
    let dimension = 1024;
    let mut points = Points::new(31, dimension, 0);
    let base = config(dimension, Metric::Dot, IndexKind::Auto, Quantization::Int8);
    let mut world = World::new(Config { hnsw: thin(2, 8), ..base });
    world.upsert(points.rows(0..2_500));
    assert_eq!((world.steps(1, true), world.collection().index_steps_left(true)), (0, 0));
    assert!(world.collection().graph().is_none());
    let vector = points.point(0);
    let query = Query { vector: &vector, top_k: 3, ..Query::default() };
    assert_eq!(world.check(&query, "few").0.explain.plan, Plan::Codes);
    world.upsert(points.rows(2_500..4_500));
    assert!(world.collection().index_steps_left(false) >= 4_500);
    world.settle();
    assert_eq!(world.collection().graph().unwrap().graph().len(), 4_500);
    assert_eq!(world.check(&query, "many").0.explain.plan, Plan::Graph);
    // It stays for fewer rows than it was built for.
    world.delete(0..3_000);
    world.settle();
    assert_eq!(world.collection().graph().unwrap().graph().len(), 1_500);
    world.delete(3_000..4_400);
    assert_eq!(world.collection().index_steps_left(false), 1);
    world.settle();
    assert!(world.collection().graph().is_none());
    world.check(&query, "few again");
    // Without a graph all slots are free at once.
    world.upsert(points.rows(0..2_300));
    assert_eq!(world.collection().slot_count(), 4_500);
    world.check(&query, "some again");
}

/// Writes that are appended together are all checked, and room is made for each, before the first is applied.
#[test]
fn writes_that_are_applied_together_all_get_codes() {
    let mut points = Points::new(37, DIMENSION, 0);
    let mut world = World::new(config(DIMENSION, Metric::Cosine, IndexKind::Flat, Quantization::Int8));
    let checked: Vec<Checked> = (0..3)
        .map(|part| {
            let rows = points.rows(part * 1_500..(part + 1) * 1_500);
            let mut checked = world.state.check(Op::Upsert { collection: 0, rows }).unwrap();
            world.state.reserve(&mut checked).unwrap();
            checked
        })
        .collect();
    for (seq, checked) in (2..).zip(checked) {
        world.state.apply(checked, seq);
    }
    let vectors = queries(&mut points, 5);
    let query = Query { top_k: 10, ..Query::default() };
    assert_eq!(world.ask(&Query { vector: &vectors[0], ..query.clone() }).explain.plan, Plan::Codes);
    let recall = world.recall(&vectors, &query, "together");
    assert!(recall >= 0.95, "{recall}");
}

/// Rows that are written again as they are keep their slots and nodes, in memory or in storage; others move.
#[test]
fn a_row_written_again_with_the_same_vector_stays_where_it_is() {
    for memory in [Memory::Full, Memory::Codes] {
        let mut points = Points::new(41, 16, 0);
        let base = config(16, Metric::Dot, IndexKind::Hnsw, Quantization::Int8);
        let db = open(MemoryStorage::new()).unwrap();
        block_on(db.collection("c", Some(Config { memory, hnsw: thin(4, 16), ..base }))).unwrap();
        let rows = points.rows(0..1_100);
        block_on(db.upsert("c", rows.clone())).unwrap();
        block_on(db.checkpoint()).unwrap();
        while db.index_step(None, true).unwrap() {}
        let slots = |db: &Database<MemoryStorage, TestEnv>| -> Vec<u32> {
            db.state().unwrap().named("c").unwrap().ids().map(|(_, slot)| slot).collect()
        };
        let before = slots(&db);
        let in_storage = db.state().unwrap().named("c").unwrap().vectors().has_stored();
        assert_eq!(in_storage, memory == Memory::Codes);
        block_on(db.upsert("c", rows.clone())).unwrap();
        assert_eq!(slots(&db), before, "{memory:?}");
        assert_eq!(db.index_steps_left(None, true).unwrap(), 0, "{memory:?}: nothing is to be done");

        let mut other = rows.clone();
        other.vectors[5 * 16] += 1.0;
        block_on(db.upsert("c", other.clone())).unwrap();
        let state = db.state().unwrap();
        let collection = state.named("c").unwrap();
        assert_eq!((collection.slot_count(), collection.slot("r5")), (1_101, Some(1_100)), "{memory:?}");
        assert_eq!(*collection.vector(1_100).unwrap(), other.vectors[5 * 16..6 * 16], "{memory:?}");
    }
}
