//! Point in time, with crashes in the middle of the restore: 1,000 pairs of a sequence of writes and a point in it,
//! against what the database was, by archives or by its own history.

use super::common::*;
use crate::support::fault::{Borrowed, Fault, FaultStorage};
use crate::support::{block_on, rows};
use lodestore::error::{Kind, Result};
use lodestore::format::archive4::ArchiveKind;
use lodestore::storage::{MemoryStorage, Storage};
use lodestore::store::{Database, Options, Point, StageOptions, Target};
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;

/// A write, by numbers, so that it can be made again elsewhere.
fn write<S: Storage>(db: &Db<S>, rng: &mut ChaCha8Rng) -> Result<()> {
    let name = ["a", "b"][rng.random_range(0..2)];
    let first = rng.random_range(0..30usize);
    let some = first..first + rng.random_range(1..5usize);
    match rng.random_range(0..10) {
        0..6 => {
            block_on(db.collection(name, Some(crate::support::config(3, lodestore::index::Metric::Dot))))?;
            block_on(db.upsert(name, rows("r", some, 3)))?;
        }
        // Rows and collections that are not there are refused, which changes nothing.
        6..8 => drop(block_on(db.delete(name, Target::Ids(vec![format!("r{first}")])))),
        8 => drop(block_on(db.drop_collection(name))),
        _ => drop(block_on(db.checkpoint())?),
    }
    Ok(())
}

/// A database with a history and a chain of archives that reaches over a part of it.
struct Lived<S> {
    db: Db<S>,
    were: BTreeMap<u64, Contents>,
    chain: Vec<Archive>,
}

fn live<S: Storage>(storage: S, seed: u64) -> Result<Lived<S>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let db = block_on(Database::open(storage, World::new(seed), Options::default()))?;
    let mut were = BTreeMap::new();
    let mut some = |rng: &mut ChaCha8Rng| {
        for _ in 0..rng.random_range(1..7) {
            write(&db, rng)?;
            were.insert(db.last_write(), now(&db));
        }
        Ok(())
    };
    some(&mut rng)?;
    let mut chain = vec![backup(&db, options(ArchiveKind::Full, None))?];
    for _ in 0..rng.random_range(0..3) {
        some(&mut rng)?;
        match backup(&db, options(ArchiveKind::Incremental, chain.last())) {
            Ok(archive) => chain.push(archive),
            Err(cause) if cause.kind == Kind::Invalid => break,
            Err(cause) => return Err(cause),
        }
    }
    some(&mut rng)?;
    were.insert(chain[0].manifest.seq, contents_at(&were, chain[0].manifest.seq));
    Ok(Lived { db, were, chain })
}

fn contents_at(were: &BTreeMap<u64, Contents>, seq: u64) -> Contents {
    were.range(..=seq).next_back().map(|(_, was)| was.clone()).unwrap_or_default()
}

fn go<S: Storage>(lived: &Lived<S>, by_history: bool, seq: u64) -> Result<()> {
    let db = &lived.db;
    if by_history {
        let past = block_on(db.as_of(Point::Seq(seq)))?;
        let mut stage = block_on(db.stage_past(past))?;
        while stage.index_step()? {}
        return block_on(stage.commit()).map(drop);
    }
    let to = StageOptions { to: Some(Point::Seq(seq)) };
    let first = lived.chain.iter().rposition(|one| one.manifest.from_seq <= seq).unwrap_or(0);
    restore(db, &lived.chain[..=first], to).map(drop)
}

#[test]
fn a_thousand_points_with_a_crash_on_the_way_to_each() {
    let (mut exact, mut old, mut new) = (0, 0, 0);
    let mut seed = 0;
    while exact < 1_000 {
        seed += 1;
        let mut rng = ChaCha8Rng::seed_from_u64(seed ^ 0x5EED);
        let calm = FaultStorage::new(MemoryStorage::new(), u64::MAX, None);
        let lived = live(Borrowed(&calm), seed).unwrap();
        let by_history = rng.random();
        let reach = match by_history {
            true => block_on(lived.db.history()).unwrap().points[0].seq..=lived.db.last_write(),
            false => lived.chain[0].manifest.seq..=lived.chain.last().unwrap().manifest.seq,
        };
        let points: Vec<u64> = lived.were.keys().copied().filter(|seq| reach.contains(seq)).collect();
        let Some(&goal) = points.choose(&mut rng) else { continue };
        let (is, was) = (now(&lived.db), contents_at(&lived.were, goal));
        let before = calm.calls();
        go(&lived, by_history, goal).unwrap_or_else(|cause| panic!("seed {seed}, write {goal}: {cause}"));
        assert_eq!(now(&lived.db), was, "seed {seed}: write {goal}");
        let after = calm.calls();
        exact += 1;

        let call = rng.random_range(before..after);
        let fault = *[Fault::CrashBefore, Fault::CrashAfter, Fault::CrashDuring(rng.random_range(0..2000))]
            .choose(&mut rng)
            .unwrap();
        let files = MemoryStorage::new();
        let storage = FaultStorage::new(files.clone(), call, Some(fault));
        let again = live(Borrowed(&storage), seed).unwrap();
        let _ = go(&again, by_history, goal);
        drop(again);
        let found = now(&open(files, 1));
        match found == is {
            true => old += 1,
            false => {
                assert_eq!(found, was, "seed {seed}, write {goal}: {fault:?} at call {call}");
                new += 1;
            }
        }
    }
    assert!(old > 100 && new > 30, "{exact} points, {old} as before the restore, {new} as after it");
}
