//! Chains of archives, and points within them, against what the database was.

use super::common::*;
use crate::support::{Pieces, block_on, config, rows};
use lodestore::error::Kind;
use lodestore::format::archive4::ArchiveKind;
use lodestore::index::Metric;
use lodestore::storage::MemoryStorage;
use lodestore::store::{ImportOptions, Level, Point, Secret, StageOptions};
use rand::{Rng, SeedableRng};
use std::collections::BTreeMap;

fn to(point: Point) -> StageOptions {
    StageOptions { to: Some(point) }
}

#[test]
fn any_chain_brings_back_any_point_in_it() {
    let (mut chains, mut points, mut refused) = (0, 0, 0);
    for seed in 0..120u64 {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        let db = open(MemoryStorage::new(), seed);
        let mut were: BTreeMap<u64, Contents> = BTreeMap::from([(0, Contents::new())]);
        let mut some = |db: &Db<MemoryStorage>, rng: &mut rand_chacha::ChaCha8Rng, most: usize| {
            for _ in 0..rng.random_range(0..most) {
                step(db, rng);
                were.insert(db.last_write(), now(db));
            }
        };
        some(&db, &mut rng, 30);
        let secret = match rng.random_range(0..8) {
            // Deriving a key takes its time, on purpose.
            _ if seed % 40 == 7 => Secret::Passphrase(b"correct horse".to_vec()),
            0..4 => Secret::Key(rng.random()),
            _ => Secret::None,
        };
        let compress = rng.random();
        let mut chain: Vec<Archive> = Vec::new();
        for at in 0..rng.random_range(1..5) {
            let kind = match at {
                0 => ArchiveKind::Full,
                1 if rng.random() => ArchiveKind::Differential,
                _ => ArchiveKind::Incremental,
            };
            let asked = lodestore::store::BackupOptions {
                compress,
                secret: secret.clone(),
                ..options(kind, chain.last())
            };
            match backup(&db, asked) {
                Ok(archive) => chain.push(archive),
                // Checkpoints let the log go that an incremental one would need.
                Err(cause) => {
                    assert_eq!((cause.kind, kind), (Kind::Invalid, ArchiveKind::Incremental), "{cause}");
                    refused += 1;
                    break;
                }
            }
            some(&db, &mut rng, 12);
        }
        let last = chain.last().unwrap().manifest.seq;
        let elsewhere = open(MemoryStorage::new(), seed + 1000);
        collection(&elsewhere, "other");
        block_on(elsewhere.upsert("other", rows("x", 0..3, 3))).unwrap();
        let got = restore(&elsewhere, &chain, StageOptions::default()).unwrap();
        assert_eq!(got, were[&last], "seed {seed}: {} archives", chain.len());
        // It goes on from there, and is there when it is opened again.
        collection(&elsewhere, "a");
        block_on(elsewhere.upsert("a", rows("new", 0..3, 3))).unwrap();
        assert!(block_on(elsewhere.check()).unwrap().ok, "seed {seed}");
        let is = now(&elsewhere);
        let again = open(elsewhere.storage().clone(), 1);
        assert_eq!(now(&again), is, "seed {seed}: opened again");
        chains += 1;

        let first =
            chain.iter().rposition(|one| one.manifest.frames == 0).map_or(0, |at| chain[at].manifest.seq);
        for seq in were.keys().copied().filter(|seq| (first..=last).contains(seq)).collect::<Vec<_>>() {
            let got = restore(&db, &chain, to(Point::Seq(seq))).unwrap();
            assert_eq!(got, were[&seq], "seed {seed}: write {seq} of {first} to {last}");
            points += 1;
        }
        let beyond = restore(&db, &chain, to(Point::Seq(last + 1))).unwrap_err();
        assert_eq!(beyond.kind, Kind::Invalid);
    }
    assert!(points > 400 && refused < chains / 2, "{chains} chains, {points} points, {refused} refused");
}

#[test]
fn a_time_is_the_last_write_before_it() {
    let db = open(MemoryStorage::new(), 1);
    collection(&db, "a");
    let base = full(&db);
    let mut were = Vec::new();
    for n in 0..6 {
        block_on(db.upsert("a", rows("r", n..n + 1, 3))).unwrap();
        let point = block_on(db.as_of(Point::Seq(db.last_write()))).unwrap();
        were.push((point.time_ms, now(&db)));
    }
    let chain = [base.clone(), after(&db, ArchiveKind::Incremental, &base)];
    for (time_ms, was) in &were {
        assert_eq!(restore(&db, &chain, to(Point::Time(*time_ms + 1))).unwrap(), *was);
    }
    let early = restore(&db, &chain, to(Point::Time(base.manifest.time_ms - 1))).unwrap_err();
    assert_eq!(early.kind, Kind::Invalid);
}

#[test]
fn what_is_missing_or_mixed_is_named() {
    let db = open(MemoryStorage::new(), 1);
    collection(&db, "a");
    let mut write = 0;
    let mut more = || {
        block_on(db.upsert("a", rows("r", write..write + 2, 3))).unwrap();
        write += 2;
    };
    more();
    let base = full(&db);
    more();
    let first = after(&db, ArchiveKind::Incremental, &base);
    more();
    let second = after(&db, ArchiveKind::Incremental, &first);
    let differential = after(&db, ArchiveKind::Differential, &base);
    more();
    let third = after(&db, ArchiveKind::Incremental, &differential);
    let is = now(&db);

    let other = open(MemoryStorage::new(), 2);
    collection(&other, "a");
    let alien = full(&other);
    let alien_next = after(&other, ArchiveKind::Incremental, &alien);

    let good: [&[&Archive]; 3] = [&[&base, &first, &second], &[&base, &differential, &third], &[&alien]];
    for chain in good {
        let chain: Vec<Archive> = chain.iter().map(|one| (*one).clone()).collect();
        restore(&open(MemoryStorage::new(), 9), &chain, StageOptions::default()).unwrap();
    }
    let before = now(&db);
    let bad: [(&[&Archive], Kind, Option<&Archive>); 10] = [
        (&[&first], Kind::Invalid, Some(&base)),
        (&[&differential], Kind::Invalid, Some(&base)),
        (&[&base, &second], Kind::Invalid, Some(&first)),
        (&[&base, &second, &first], Kind::Invalid, Some(&first)),
        (&[&base, &third], Kind::Invalid, Some(&differential)),
        (&[&base, &first, &differential], Kind::Invalid, Some(&base)),
        (&[&base, &base], Kind::Invalid, None),
        (&[&base, &first, &first], Kind::Invalid, Some(&base)),
        (&[&base, &alien_next], Kind::Mismatch, None),
        (&[], Kind::Invalid, None),
    ];
    for (at, (chain, kind, missing)) in bad.into_iter().enumerate() {
        let chain: Vec<Archive> = chain.iter().map(|one| (*one).clone()).collect();
        let refused = restore(&db, &chain, StageOptions::default()).unwrap_err();
        assert_eq!(refused.kind, kind, "case {at}: {refused}");
        if let Some(missing) = missing {
            let id: String = missing.manifest.id.iter().map(|byte| format!("{byte:02x}")).collect();
            let expected = refused.pair.clone().unwrap().0;
            assert!(expected.contains(&id), "case {at}: {expected} does not name {id}");
        }
        assert_eq!(now(&db), before, "case {at}");
    }
    assert_eq!(now(&db), is);
    // What cannot be made is refused when it is asked for.
    let refused = |kind, since: Option<&Archive>| backup(&db, options(kind, since)).unwrap_err().kind;
    assert_eq!(refused(ArchiveKind::Differential, None), Kind::Invalid);
    assert_eq!(refused(ArchiveKind::Incremental, None), Kind::Invalid);
    assert_eq!(refused(ArchiveKind::Full, Some(&base)), Kind::Invalid);
    assert_eq!(refused(ArchiveKind::Differential, Some(&first)), Kind::Invalid);
    assert_eq!(refused(ArchiveKind::Differential, Some(&alien)), Kind::Mismatch);
    assert_eq!(refused(ArchiveKind::Incremental, Some(&alien)), Kind::Mismatch);
}

#[test]
fn an_incremental_archive_does_not_pass_over_a_restore() {
    let db = open(MemoryStorage::new(), 1);
    collection(&db, "a");
    block_on(db.upsert("a", rows("r", 0..5, 3))).unwrap();
    let base = full(&db);
    restore(&db, std::slice::from_ref(&base), StageOptions::default()).unwrap();
    let refused = backup(&db, options(ArchiveKind::Incremental, Some(&base))).unwrap_err();
    assert_eq!(refused.kind, Kind::Invalid, "{refused}");
    // Blocks are known by where they stood, so a differential one is right all the same.
    let differential = after(&db, ArchiveKind::Differential, &base);
    let got = restore(&open(MemoryStorage::new(), 3), &[base, differential], StageOptions::default());
    assert_eq!(got.unwrap(), now(&db));
}

#[test]
fn writes_go_on_while_an_archive_is_made_and_restored() {
    let db = open(MemoryStorage::new(), 1);
    collection(&db, "a");
    block_on(db.upsert("a", rows("r", 0..3000, 3))).unwrap();
    let was = now(&db);
    let mut making = block_on(db.backup(options(ArchiveKind::Full, None))).unwrap();
    let (mut bytes, mut n) = (Vec::new(), 0);
    while let Some(piece) = block_on(lodestore::storage::Source::next(&mut making)).unwrap() {
        bytes.extend(piece);
        block_on(db.upsert("a", rows("later", n..n + 20, 3))).unwrap();
        block_on(db.checkpoint()).unwrap();
        n += 20;
    }
    drop(making);
    assert!(n > 60);
    let mut stage = block_on(db.stage(StageOptions::default())).unwrap();
    block_on(stage.add(&mut Pieces(bytes.chunks(777)), &Secret::None, 0)).unwrap();
    block_on(db.upsert("a", rows("meanwhile", 0..2, 3))).unwrap();
    block_on(db.checkpoint()).unwrap();
    block_on(stage.finish()).unwrap();
    block_on(db.checkpoint()).unwrap();
    let is = now(&db);
    let seq = db.last_write();
    block_on(stage.commit()).unwrap();
    assert_eq!(now(&db), was);
    let safety = block_on(db.as_of(Point::Seq(seq))).unwrap();
    assert_eq!(contents(&safety.state), is, "what was there can be had again");
}

#[test]
fn an_import_takes_a_full_one() {
    let db = open(MemoryStorage::new(), 1);
    collection(&db, "a");
    block_on(db.upsert("a", rows("r", 0..1500, 3))).unwrap();
    let base = full(&db);
    let next = after(&db, ArchiveKind::Incremental, &base);
    let other = open(MemoryStorage::new(), 2);
    let import = |archive: &Archive| {
        let options = ImportOptions { replace: true, total_bytes: 0 };
        block_on(other.import(&mut Pieces(archive.bytes.chunks(1000)), options))
    };
    import(&base).unwrap();
    assert_eq!(now(&other), now(&db));
    assert_eq!(import(&next).unwrap_err().kind, Kind::Invalid);
    assert_eq!(now(&other), now(&db));
}

#[test]
fn numbers_of_collections_are_not_used_again_behind_an_import_or_a_restore() {
    let source = open(MemoryStorage::new(), 1);
    collection(&source, "a");
    let archive = full(&source);
    for by_import in [true, false] {
        let db = open(MemoryStorage::new(), 2);
        for name in ["a", "b", "c"] {
            collection(&db, name);
        }
        if by_import {
            let options = ImportOptions { replace: true, total_bytes: 0 };
            block_on(db.import(&mut Pieces(archive.bytes.chunks(1000)), options)).unwrap();
        } else {
            restore(&db, std::slice::from_ref(&archive), StageOptions::default()).unwrap();
        }
        collection(&db, "d");
        assert!(db.state().unwrap().named("d").unwrap().number >= 3, "by import: {by_import}");
    }
}

#[test]
fn a_graph_comes_along_or_is_built_before_the_switch() {
    use lodestore::collection::{Config, IndexKind, Quantization};
    let source = open(MemoryStorage::new(), 1);
    let config =
        Config { quantization: Quantization::Int8, ..Config::new(8, Metric::Cosine, IndexKind::Hnsw) };
    block_on(source.collection("a", Some(config))).unwrap();
    block_on(source.upsert("a", rows("r", 0..2500, 8))).unwrap();
    while source.index_step(None, true).unwrap() {}
    for index in [true, false] {
        let archive =
            backup(&source, lodestore::store::BackupOptions { index, ..options(ArchiveKind::Full, None) })
                .unwrap();
        assert_eq!(archive.manifest.collections[0].nodes, if index { 2500 } else { 0 });
        verify(&archive.bytes, Level::Contents, &Secret::None).unwrap();
        let db = open(MemoryStorage::new(), 2);
        let mut stage = block_on(db.stage(StageOptions::default())).unwrap();
        add(&mut stage, std::slice::from_ref(&archive)).unwrap();
        block_on(stage.finish()).unwrap();
        let left = stage.index_steps_left().unwrap();
        assert_eq!(left > 2000, !index, "{left} steps");
        while stage.index_step().unwrap() {}
        block_on(stage.commit()).unwrap();
        let again = open(db.storage().clone(), 3);
        for db in [&db, &again] {
            assert_eq!(db.index_steps_left(None, false).unwrap(), 0);
            let state = db.state().unwrap();
            assert_eq!(state.named("a").unwrap().graph().unwrap().graph().len(), 2500);
        }
        assert!(block_on(again.check()).unwrap().ok);
    }
}

#[test]
fn lossy_vectors_are_near_and_say_so() {
    let db = open(MemoryStorage::new(), 1);
    block_on(db.collection("a", Some(config(64, Metric::Cosine)))).unwrap();
    block_on(db.upsert("a", rows("r", 0..2000, 64))).unwrap();
    let exact = full(&db);
    let asked = lodestore::store::BackupOptions { lossy: true, ..options(ArchiveKind::Full, None) };
    let lossy = backup(&db, asked).unwrap();
    assert!(lossy.bytes.len() * 2 < exact.bytes.len(), "{} of {}", lossy.bytes.len(), exact.bytes.len());
    let report = verify(&lossy.bytes, Level::Contents, &Secret::None).unwrap();
    assert_eq!(report.archive.unwrap().lossy, 1);
    let got = restore(&open(MemoryStorage::new(), 2), std::slice::from_ref(&lossy), StageOptions::default());
    for (id, (bits, metadata)) in &got.unwrap()["a"] {
        let (was, said) = &now(&db)["a"][id];
        assert_eq!(metadata, said);
        let step = was.iter().map(|bits| f32::from_bits(*bits).abs()).fold(0.0, f32::max) / 127.0;
        let near = |(one, other): (&u32, &u32)| (f32::from_bits(*one) - f32::from_bits(*other)).abs() <= step;
        assert!(bits.iter().zip(was).all(near), "{id}");
    }
    assert_eq!(
        backup(&db, options(ArchiveKind::Differential, Some(&lossy))).unwrap_err().kind,
        Kind::Invalid
    );
}
