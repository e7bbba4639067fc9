//! Rows come and go.

use lodestore::index::Metric;
use rand::seq::SliceRandom;

use crate::data::{around, rng, shuffled, uniform};
use crate::recall::METRICS;
use crate::world::{Kind, PARAMS, World};

const DIMENSION: usize = 32;

fn assert_finds(world: &mut World, queries: &[Vec<f32>], floor: f64, when: &str) {
    let recall = world.recall(queries, 64);
    assert!(recall >= floor, "{when}: {recall} is less than {floor}");
}

#[test]
fn half_go_and_others_come_and_all_go_and_come_again() {
    for metric in METRICS {
        for kind in [Kind::Floats, Kind::Bytes] {
            let mut rng = rng(5);
            let centres = uniform(&mut rng, 40, DIMENSION);
            let rows = around(&mut rng, &centres, 50, 0.1);
            let rows = shuffled(&mut rng, rows);
            let queries = around(&mut rng, &centres, 2, 0.1);
            let mut world = World::of(&rows, metric, kind, PARAMS);
            let mut slots: Vec<u32> = world.live.iter().collect();
            slots.shuffle(&mut rng);
            slots[..1_000].iter().for_each(|slot| world.delete(*slot));
            world.check();
            assert_finds(&mut world, &queries, 0.97, "half are dead");
            world.sweep();
            world.check();
            world.reach();
            world.check_reached();
            assert_eq!((world.graph.len(), world.graph.dead()), (1_000, 0));
            assert_finds(&mut world, &queries, 0.97, "half are gone");

            let others = around(&mut rng, &centres, 25, 0.1);
            let reused: Vec<u32> = others.iter().map(|row| world.insert(row)).collect();
            assert!(reused.iter().all(|slot| *slot < 2_000), "slots are used again");
            world.reach();
            world.check_reached();
            assert_finds(&mut world, &queries, 0.97, "others came");

            let all: Vec<u32> = world.live.iter().collect();
            all.iter().for_each(|slot| world.delete(*slot));
            assert!(world.search(&queries[0], 10, 64).is_empty());
            world.check();
            world.sweep();
            world.check_reached();
            assert!(world.graph.is_empty() && world.graph.entry().is_none());
            rows.iter().for_each(|row| assert!(world.insert(row) < 2_000));
            world.reach();
            world.check_reached();
            assert_finds(&mut world, &queries, 0.97, "all came again");
        }
    }
}

#[test]
fn whole_clusters_go() {
    // What is left was linked through what goes.
    for metric in METRICS {
        let mut rng = rng(6);
        let centres = uniform(&mut rng, 40, DIMENSION);
        let rows = around(&mut rng, &centres, 50, 0.1);
        let mut world = World::of(&rows, metric, Kind::Bytes, PARAMS);
        (0..2_000).filter(|slot| slot / 50 % 2 == 0).for_each(|slot| world.delete(slot));
        world.sweep();
        world.reach();
        world.check_reached();
        let queries = around(&mut rng, &centres, 2, 0.1);
        assert_finds(&mut world, &queries, 0.93, &format!("{metric:?}"));
    }
}

#[test]
fn dead_nodes_show_the_way() {
    for metric in METRICS {
        for kind in [Kind::Floats, Kind::Bytes] {
            let mut rng = rng(7);
            let centres = uniform(&mut rng, 40, DIMENSION);
            let rows = around(&mut rng, &centres, 75, 0.1);
            let mut world = World::of(&shuffled(&mut rng, rows), metric, kind, PARAMS);
            let mut slots: Vec<u32> = world.live.iter().collect();
            slots.shuffle(&mut rng);
            slots[..2_100].iter().for_each(|slot| world.delete(*slot));
            let queries = around(&mut rng, &centres, 2, 0.1);
            assert_finds(&mut world, &queries, 0.97, &format!("{metric:?} {kind:?}, 70 % are dead"));
        }
    }
}

#[test]
fn rows_that_change_are_found_where_they_are_now() {
    let mut rng = rng(8);
    let (before, after) = (uniform(&mut rng, 1_500, DIMENSION), uniform(&mut rng, 1_500, DIMENSION));
    let mut world = World::of(&before, Metric::Euclidean, Kind::Bytes, PARAMS);
    for (slot, row) in after.iter().enumerate() {
        world.update(slot as u32, row);
        if slot % 300 == 299 {
            world.sweep();
            world.check();
        }
    }
    world.reach();
    world.check_reached();
    assert!(world.rows.vectors.len() <= 1_900, "slots of old versions are used again");
    let found = |world: &mut World, row: &Vec<f32>| world.search(row, 1, 64)[0].score == 0.0;
    let now = after.iter().filter(|row| found(&mut world, row)).count();
    assert!(now >= 1_490, "{now} of 1,500");
    assert!(before.iter().all(|row| !found(&mut world, row)));
    assert_finds(&mut world, &uniform(&mut rng, 60, DIMENSION), 0.97, "all rows changed");
}
