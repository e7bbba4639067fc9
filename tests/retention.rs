//! What a retention policy keeps, and that everything else about the past stays true: what is there is what it was, what is
//! not there is refused, and a crash at any moment of pruning loses nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test that fails panics

#[path = "retention/faults.rs"]
mod faults;
#[path = "retention/found.rs"]
mod found;
#[path = "retention/gaps.rs"]
mod gaps;
mod support;
#[path = "retention/world.rs"]
mod world;

use lodestore::error::Kind;
use lodestore::storage::{MemoryStorage, Once, Storage};
use lodestore::store::{AuditQuery, Keep, PruneOptions, Retention, select};
use rand::{Rng, SeedableRng};
use support::block_on;
use world::{DAY, World, daily, files};

#[test]
fn each_checkpoint_keeps_what_the_policy_selects_and_the_newest_two() {
    let mut kept_more = 0;
    for seed in 0..60 {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        let mut world = World::new();
        let mut count = |most: u32| if rng.random_bool(0.3) { 0 } else { rng.random_range(1..most) };
        let keep = Keep { last: count(5) + 1, daily: count(5), weekly: count(4), monthly: count(4) };
        world.set(Some(Retention { snapshots: keep, ..Retention::default() }));
        let mut expected: Vec<u64> = Vec::new();
        for _ in 0..80 {
            world.sleep(rng.random_range(0..3 * DAY));
            world.write();
            if rng.random_bool(0.2) {
                world.reopen();
            }
            if rng.random_bool(0.1) {
                assert_eq!(world.times(), expected, "seed {seed}: nothing but checkpoints prunes");
            }
            world.checkpoint();
            expected.push(world.times().last().copied().unwrap());
            let why = select(&keep, &expected);
            let first = expected.len().saturating_sub(2);
            let stays = |at: usize| at >= first || why[at] != 0;
            expected = (0..expected.len()).filter(|at| stays(*at)).map(|at| expected[at]).collect();
            assert_eq!(world.times(), expected, "seed {seed}");
            kept_more += usize::from(expected.len() > 5);
        }
        world.is_true_to_its_past();
    }
    assert!(kept_more > 100, "{kept_more}");
}

#[test]
fn without_a_policy_two_snapshots_stay_and_nothing_is_stored() {
    let mut world = World::new();
    assert_eq!(world.db.retention(), None);
    for _ in 0..5 {
        world.sleep(DAY);
        world.write();
        world.checkpoint();
    }
    assert_eq!(world.times().len(), 2);
    assert!(files(&world.storage, "retention-").is_empty() && files(&world.storage, "audit-").is_empty());
}

#[test]
fn whoever_opens_it_obeys_until_it_is_taken_back() {
    let mut world = World::new();
    let policy = Retention { history_days: 3, ..daily(4) };
    world.set(Some(policy));
    world.reopen();
    assert_eq!(world.db.retention(), Some(policy));
    world.days(8);
    assert_eq!(world.times().len(), 4);
    world.set(Some(daily(6)));
    assert_eq!(files(&world.storage, "retention-"), ["retention-2"]);
    world.reopen();
    world.days(8);
    assert_eq!(world.times().len(), 6);
    world.set(None);
    assert!(files(&world.storage, "retention-").is_empty());
    assert_eq!(world.times().len(), 6, "nothing goes by saying so");
    world.reopen();
    assert_eq!(world.db.retention(), None);
    world.days(1);
    assert_eq!(world.times().len(), 2);
    let log = block_on(world.db.audit(&AuditQuery::default())).unwrap();
    let said: Vec<&str> = log.entries.iter().map(|entry| entry.kind.as_str()).collect();
    assert_eq!(said, ["retention"; 3]);
}

#[test]
fn history_reaches_back_as_many_days_as_it_should() {
    let mut world = World::new();
    world.set(Some(Retention { history_days: 5, ..Retention::default() }));
    // While all of it is younger, every write since the first one.
    world.days(4);
    assert_eq!(world.history().points[0].seq, 0);
    assert_eq!(world.reachable(), world.written());
    world.days(20);
    let since = world.now() - 5 * DAY;
    let reachable = world.reachable();
    for (seq, time) in world.written() {
        assert_eq!(reachable.contains(&(seq, time)), time >= world.oldest_base(since), "write {seq}");
    }
    assert!(reachable[0].1 <= since, "every write of five days");
    assert!(reachable[0].1 > since - 3 * DAY, "and not many more");
    let count = world.times().len();
    assert!((4..=6).contains(&count), "two, and one in each quarter of the history: {count}");
    // What came by an import is in no log, so its snapshot stays in between.
    world.import();
    world.days(3);
    let times = world.times();
    assert!((5..=7).contains(&times.len()), "{}", times.len());
    assert_eq!(
        world.reachable().len(),
        world.written().iter().filter(|(_, at)| *at >= world.oldest_base(times[0])).count()
    );
    world.is_true_to_its_past();
}

#[test]
fn a_dry_run_says_what_goes_and_changes_nothing() {
    let mut world = World::new();
    world.set(Some(daily(10)));
    world.days(12);
    let policy = Some(Retention { archives: Keep { weekly: 2, ..Keep::default() }, ..daily(3) });
    let archives: Vec<u64> = (0..30).map(|day| day * DAY).collect();
    let asked =
        |dry_run| PruneOptions { policy, dry_run, archives: archives.clone(), ..PruneOptions::default() };
    let before = block_on(world.storage.list()).unwrap();
    let planned = block_on(world.db.prune_by(&asked(true))).unwrap();
    assert_eq!(block_on(world.storage.list()).unwrap(), before);
    assert_eq!(planned.snapshots.len(), 10);
    assert_eq!((planned.gone.snapshots, planned.gone.logs), (7, 0), "no log was kept beyond the second");
    let stay: Vec<u8> = planned.snapshots.iter().map(|one| one.why).collect();
    assert_eq!(stay, [0, 0, 0, 0, 0, 0, 0, 2, 18, 18]);
    assert_eq!(planned.archives.iter().filter(|why| **why == 4).count(), 2);
    let done = block_on(world.db.prune_by(&asked(false))).unwrap();
    assert_eq!((done.gone, &done.snapshots), (planned.gone, &planned.snapshots));
    let sum = |files: &[lodestore::storage::FileInfo]| -> u64 {
        files.iter().filter(|file| !file.name.starts_with("audit-")).map(|file| file.length).sum()
    };
    let after = block_on(world.storage.list()).unwrap();
    assert_eq!(sum(&before) - sum(&after), done.gone.bytes);
    assert_eq!(world.times().len(), 3);
    let log = block_on(world.db.audit(&AuditQuery { last: 1, ..AuditQuery::default() })).unwrap();
    assert!(log.entries[0].details.contains("\"snapshots\":7"), "{log:?}");
    // What is stored is another policy, and by that one nothing more goes.
    let again = block_on(world.db.prune_by(&PruneOptions::default())).unwrap();
    assert_eq!((again.gone.snapshots, again.policy), (0, Some(daily(10))));
    assert_eq!(block_on(world.db.prune(1)).unwrap().gone.snapshots, 2, "by number, whatever the policy says");
    world.is_true_to_its_past();
}

#[test]
fn what_is_no_policy_is_refused() {
    for text in [
        "",
        "[]",
        "{\"snapshot\":{}}",
        "{\"snapshots\":{\"last\":1}}",
        "{\"archives\":{\"last\":1}}",
        "{\"snapshots\":{\"hourly\":2}}",
        "{\"snapshots\":{\"daily\":-1}}",
        "{\"snapshots\":{\"daily\":10001}}",
        "{\"history\":{\"days\":1.5}}",
        "{\"history\":{\"days\":36501}}",
        "{\"history\":5}",
    ] {
        assert_eq!(Retention::parse(text).unwrap_err().kind, Kind::Invalid, "{text}");
    }
    let text =
        "{\"snapshots\":{\"last\":2,\"monthly\":12},\"archives\":{\"weekly\":3},\"history\":{\"days\":30}}";
    let policy = Retention::parse(text).unwrap();
    assert_eq!(lodestore::json::text(&policy), text);
    let huge = Retention { history_days: u32::MAX, ..Retention::default() };
    assert_eq!(block_on(World::new().db.set_retention(Some(huge))).unwrap_err().kind, Kind::Invalid);
}

/// Changes a file.
fn edit(storage: &MemoryStorage, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = storage.files().remove(name).unwrap();
    change(&mut bytes);
    block_on(storage.remove(name)).unwrap();
    block_on(storage.create(name, &mut Once::new(bytes))).unwrap();
}

#[test]
fn while_a_policy_cannot_be_read_nothing_goes() {
    let mut world = World::new();
    world.set(Some(daily(3)));
    world.days(5);
    edit(&world.storage, "retention-1", |bytes| bytes[115] ^= 4);
    world.reopen();
    assert!(world.db.retention().unwrap().is_unreadable());
    let found = block_on(world.db.check()).unwrap();
    assert_eq!((found.ok, found.problems[0].code), (false, "retention"));
    world.days(20);
    assert_eq!(world.times().len(), 23);
    let nothing = block_on(world.db.prune_by(&PruneOptions::default())).unwrap();
    assert_eq!((nothing.gone.snapshots, nothing.gone.logs), (0, 0));
    // Saying it anew mends it.
    world.set(Some(daily(3)));
    assert!(block_on(world.db.check()).unwrap().ok);
    block_on(world.db.prune_by(&PruneOptions::default())).unwrap();
    assert_eq!(world.times().len(), 3);
    // One that a crash cut off was never said.
    edit(&world.storage, "retention-2", |bytes| bytes.truncate(100));
    world.reopen();
    assert_eq!(world.db.retention(), None);
}
