//! What the graph finds of what the exact index finds, and that every node can be reached.

use lodestore::index::Metric;
use lodestore::index::hnsw::Width;

use crate::check;
use crate::data::{around, copies, rng, shuffled, sorted, uniform};
use crate::world::{Kind, PARAMS, World};

pub const METRICS: [Metric; 3] = [Metric::Cosine, Metric::Dot, Metric::Euclidean];
const ROWS: usize = 3_000;
const DIMENSION: usize = 32;

/// Recall must be this at least, searching as wide.
struct Floor {
    ef: usize,
    codes: f64,
    bits: f64,
}

/// Builds a graph over the rows in their order, for every metric and every kind of codes.
fn each(rows: &[Vec<f32>], queries: &[Vec<f32>], floors: &[Floor]) {
    for metric in METRICS {
        for kind in [Kind::Floats, Kind::Bytes, Kind::Bits] {
            // On bits the graph is the same whatever the metric.
            if kind == Kind::Bits && metric == Metric::Dot {
                continue;
            }
            let mut world = World::of(rows, metric, kind, PARAMS);
            world.check();
            world.reach();
            world.check_reached();
            assert_eq!(world.reach(), 0, "what was linked again is reached");
            for floor in floors {
                let recall = world.recall(queries, floor.ef);
                let least = if kind == Kind::Bits { floor.bits } else { floor.codes };
                assert!(
                    recall >= least,
                    "{metric:?} {kind:?} ef {}: {recall} is less than {least}",
                    floor.ef
                );
            }
        }
    }
}

#[test]
fn uniform_rows() {
    let mut rng = rng(1);
    let (rows, queries) = (uniform(&mut rng, ROWS, DIMENSION), uniform(&mut rng, 60, DIMENSION));
    // One bit of each of 32 components says little; what it misses, the exact scan of bits misses as well.
    each(
        &rows,
        &queries,
        &[Floor { ef: 64, codes: 0.97, bits: 0.5 }, Floor { ef: 400, codes: 0.995, bits: 0.87 }],
    );
}

#[test]
fn clusters() {
    let mut rng = rng(2);
    let centres = uniform(&mut rng, 40, DIMENSION);
    let (rows, queries) = (around(&mut rng, &centres, 75, 0.1), around(&mut rng, &centres, 2, 0.1));
    let floors = [Floor { ef: 64, codes: 0.94, bits: 0.8 }, Floor { ef: 400, codes: 0.98, bits: 0.97 }];
    each(&shuffled(&mut rng, rows.clone()), &queries, &floors);
    // One cluster after another: at first the graph knows nothing of most of the space.
    each(&rows, &queries, &floors);
}

#[test]
fn rows_sorted_along_an_axis() {
    let mut rng = rng(3);
    let (rows, queries) = (sorted(&mut rng, ROWS, DIMENSION), sorted(&mut rng, 60, DIMENSION));
    each(
        &rows,
        &queries,
        &[Floor { ef: 64, codes: 0.93, bits: 0.15 }, Floor { ef: 400, codes: 0.97, bits: 0.65 }],
    );
}

#[test]
fn many_copies_of_few_rows() {
    let mut rng = rng(4);
    let queries = uniform(&mut rng, 60, DIMENSION);
    let distinct = uniform(&mut rng, 50, DIMENSION);
    let interleaved = copies(&distinct, 40);
    // A beam of 64 holds the copies of less than two rows.
    let floors = [Floor { ef: 64, codes: 0.7, bits: 0.3 }, Floor { ef: 400, codes: 0.97, bits: 0.85 }];
    each(&interleaved, &queries, &floors);
    let mut together = interleaved;
    together.sort_by(|a, b| a[0].total_cmp(&b[0]));
    let floors = [Floor { ef: 64, codes: 0.5, bits: 0.15 }, Floor { ef: 400, codes: 0.8, bits: 0.6 }];
    each(&together, &queries, &floors);
    let few = copies(&distinct[..3], 500);
    each(&few, &queries, &[Floor { ef: 64, codes: 0.95, bits: 0.7 }]);
    each(&copies(&distinct[..1], 1_000), &queries, &[Floor { ef: 64, codes: 1.0, bits: 1.0 }]);
}

#[test]
fn copies_are_not_cut_off_to_begin_with() {
    let distinct = uniform(&mut rng(5), 50, DIMENSION);
    for metric in METRICS {
        for kind in [Kind::Floats, Kind::Bytes, Kind::Bits] {
            let world = World::of(&copies(&distinct, 40), metric, kind, PARAMS);
            let lost = check::unreached(&world.graph).len();
            assert!(lost <= 60, "{metric:?} {kind:?}: {lost} of 2,000 nodes cannot be reached");
        }
    }
}

#[test]
fn a_wide_beam_on_bits_finds_what_a_scan_of_bits_finds() {
    let mut rng = rng(6);
    let centres = uniform(&mut rng, 30, 128);
    let (rows, queries) = (around(&mut rng, &centres, 100, 0.5), around(&mut rng, &centres, 2, 0.5));
    let mut world = World::of(&shuffled(&mut rng, rows), Metric::Cosine, Kind::Bits, PARAMS);
    world.reach();
    let recall = world.recall(&queries, 100);
    assert!(recall >= 0.9, "{recall}");
}

#[test]
fn small_and_narrow_graphs() {
    let mut rng = rng(7);
    for m in [2, 3, 8, 64] {
        for rows in [1, 2, 3, 10, 200] {
            let data = uniform(&mut rng, rows, 5);
            for metric in METRICS {
                let params = lodestore::index::hnsw::Params { m, ef_construction: 8, seed: 3 };
                let mut world = World::of(&data, metric, Kind::Bytes, params);
                world.reach();
                world.check_reached();
                let found = world.search(&data[0], rows, rows.max(10)).len();
                assert!(found * 10 >= rows * 9, "m {m}: {found} of {rows}");
            }
        }
    }
}

/// From so many dimensions on a search judges neighbours by their signs first.
const SIGNED: usize = 96;

/// What signs spare must not cost what a beam finds: beside a search that compares every neighbour it meets.
#[test]
fn what_signs_leave_out_is_hardly_missed() {
    let mut rng = rng(9);
    let centres = uniform(&mut rng, 60, SIGNED);
    let clustered = around(&mut rng, &centres, 50, 0.2);
    let plain = uniform(&mut rng, ROWS, SIGNED);
    let positive = plain.iter().map(|row| row.iter().map(|x| x + 2.0).collect()).collect();
    for (name, rows, tell) in
        [("plain", plain, true), ("clusters", clustered, true), ("positive", positive, false)]
    {
        // A dimension less, and there are no signs; a zero more changes no distance.
        let shorter: Vec<Vec<f32>> = rows.iter().map(|row| row[..SIGNED - 1].to_vec()).collect();
        let padded: Vec<Vec<f32>> = shorter.iter().map(|row| [&row[..], &[0.0]].concat()).collect();
        for metric in METRICS {
            let mut worlds =
                [&shorter, &padded].map(|rows| (World::of(rows, metric, Kind::Bytes, PARAMS), &rows[..60]));
            for ef in [32, 100] {
                let [(all, whole), (some, spared)] = worlds.each_mut().map(|(world, queries)| {
                    world.scratch.compared = 0;
                    (world.recall(queries, ef), world.scratch.compared)
                });
                assert!(some > all - 0.05, "{name} {metric:?} ef {ef}: {some} with signs, {all} without");
                assert_eq!(spared < whole * 3 / 4, tell, "{name} {metric:?} ef {ef}: {spared} of {whole}");
            }
        }
    }
}

/// A beam that ends by distance lies between one of half its width and one of four times that, and for what it finds it
/// compares no more than a fixed one.
#[test]
fn beams_that_end_by_distance() {
    let mut rng = rng(11);
    let centres = uniform(&mut rng, 40, DIMENSION);
    let queries: Vec<Vec<f32>> =
        around(&mut rng, &centres, 2, 0.1).into_iter().chain(uniform(&mut rng, 60, DIMENSION)).collect();
    let mut rows = around(&mut rng, &centres, 40, 0.1);
    rows.extend(uniform(&mut rng, ROWS / 2, DIMENSION));
    let rows = shuffled(&mut rng, rows);
    for metric in [Metric::Cosine, Metric::Euclidean] {
        for kind in [Kind::Floats, Kind::Bytes] {
            let mut world = World::of(&rows, metric, kind, PARAMS);
            let mut measured = |width: Width| {
                world.scratch.compared = 0;
                (world.recall_within(&queries, width), world.scratch.compared)
            };
            let ((half, _), (fixed, much)) = (measured(Width::fixed(32)), measured(Width::fixed(64)));
            let ((adaptive, little), (most, all)) =
                (measured(Width::adaptive(64, 10)), measured(Width::fixed(256)));
            let what = format!(
                "{metric:?} {kind:?}: {half} {adaptive} {fixed} {most}, compared {little} {much} {all}"
            );
            assert!(half <= adaptive + 0.002 && adaptive <= most + 0.002 && little < all, "{what}");
            assert!(adaptive >= fixed - 0.005 || little < much, "{what}");
        }
    }
}
