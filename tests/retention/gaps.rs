//! Snapshots without the logs between them.

use super::edit;
use super::world::{DAY, World, daily, files, open};
use crate::support::block_on;
use lodestore::error::Kind;
use lodestore::store::{Keep, Point, Retention};

#[test]
fn a_snapshot_that_stands_alone_is_a_point_and_what_followed_is_refused() {
    let mut world = World::new();
    world.set(Some(daily(5)));
    world.days(9);
    let points = world.history().points;
    assert_eq!(points.len(), 5);
    for alone in &points[..3] {
        assert_eq!((alone.to_seq, alone.log_bytes), (alone.seq, 0));
        assert_eq!(block_on(world.db.as_of(Point::Seq(alone.seq))).unwrap().state.seq, alone.seq);
        assert_eq!(block_on(world.db.as_of(Point::Time(alone.time_ms))).unwrap().state.seq, alone.seq);
        for behind in [Point::Seq(alone.seq + 1), Point::Time(alone.time_ms + 1)] {
            let refused = block_on(world.db.as_of(behind)).err().unwrap();
            assert_eq!(refused.kind, Kind::Invalid);
            assert!(refused.message.contains("history()"), "{refused}");
        }
    }
    assert_eq!(points[3].to_seq + 1, points[4].seq);
    world.is_true_to_its_past();
    // Going back to one of them is going back.
    let past = block_on(world.db.as_of(Point::Seq(points[0].seq))).unwrap();
    block_on(world.db.restore(past)).unwrap();
    let now = super::world::contents(&world.db.state().unwrap());
    assert_eq!(now, *world.were[&points[0].seq].1);
    assert!(block_on(world.db.check()).unwrap().ok);
}

/// What stands alone from before is no beginning for the writes behind it.
#[test]
fn a_history_that_is_to_be_kept_from_now_on_begins_behind_the_gaps() {
    let mut world = World::new();
    world.set(Some(daily(5)));
    world.days(9);
    let before = world.history().points;
    assert_eq!(before.iter().filter(|point| point.to_seq == point.seq).count(), 3, "{before:?}");
    let connected: Vec<(u64, u64)> =
        world.reachable().into_iter().filter(|(seq, _)| *seq >= before[3].seq).collect();
    world.set(Some(Retention { history_days: 300, ..Retention::default() }));
    for _ in 0..6 {
        world.days(1);
        let reachable = world.reachable();
        for point in &connected {
            assert!(reachable.contains(point), "{point:?}: {:?}", world.history().points);
        }
        for alone in &before[..3] {
            assert!(reachable.iter().any(|(seq, _)| *seq == alone.seq), "{alone:?}");
        }
    }
    world.is_true_to_its_past();
}

#[test]
fn nothing_is_opened_from_behind_a_gap() {
    let mut world = World::new();
    world.set(Some(daily(5)));
    world.days(9);
    let newest: Vec<String> = {
        let mut names = files(&world.storage, "snapshot-");
        names.sort_by_key(|name| name[9..].parse::<u64>().unwrap());
        names.split_off(3)
    };
    edit(&world.storage, &newest[1], |bytes| bytes[95] ^= 1);
    let again = open(world.storage.clone(), &world.clock).unwrap();
    assert_eq!(again.last_write(), world.db.last_write(), "the second makes up for the newest");
    edit(&world.storage, &newest[0], |bytes| bytes[95] ^= 1);
    let refused = open(world.storage.clone(), &world.clock).err().unwrap();
    assert_eq!(refused.kind, Kind::Corrupt, "{refused}");
}

#[test]
fn a_damaged_import_is_not_passed_over_in_the_past() {
    let mut world = World::new();
    world.set(Some(Retention { history_days: 30, snapshots: Keep::default(), archives: Keep::default() }));
    world.days(3);
    world.import();
    let (imported, before) = (world.db.last_write(), world.were.len());
    world.days(3);
    assert_eq!(before + 6, world.were.len());
    let generation = block_on(world.db.stats())
        .unwrap()
        .snapshots
        .iter()
        .find(|one| one.seq == imported)
        .unwrap()
        .generation;
    edit(&world.storage, &format!("snapshot-{generation}"), |bytes| bytes[95] ^= 1);
    for point in [
        Point::Seq(imported),
        Point::Time(world.were[&imported].0 + 1),
        Point::Time(world.were[&imported].0 + DAY / 4),
    ] {
        assert_eq!(block_on(world.db.as_of(point)).err().unwrap().kind, Kind::Corrupt, "{point:?}");
    }
    assert!(block_on(world.db.as_of(Point::Seq(2))).is_ok());
}
