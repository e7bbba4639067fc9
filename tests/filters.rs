//! The filter language: a hand-written table that pins what `matches` says, a table of what is refused, and
//! random filters over random rows, where the index must say exactly what `matches` says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "filters/refused.rs"]
mod refused;
#[path = "filters/table.rs"]
mod table;
#[path = "filters/world.rs"]
mod world;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use lodestore::Kind;
use lodestore::limits::{DEPTH_MAX, FILTER_NODES_MAX, INDEXED_STRING_BYTES_MAX};
use lodestore::metadata::{Filter, SecondaryIndex, Value, parse_metadata};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use roaring::RoaringBitmap;

use refused::REFUSED;
use table::TABLE;
use world::World;

#[test]
fn matches_says_what_the_table_says() {
    for (filter, hits, misses) in TABLE {
        let parsed = Filter::parse(filter).unwrap();
        for (rows, expected) in [(hits, true), (misses, false)] {
            for row in *rows {
                assert_eq!(parsed.matches(&parse_metadata(row).unwrap()), expected, "{filter} on {row}");
            }
        }
    }
}

#[test]
fn the_index_says_what_the_table_says_without_decoding() {
    for (filter, hits, misses) in TABLE {
        let parsed = Filter::parse(filter).unwrap();
        let mut index = SecondaryIndex::new();
        let rows = hits.iter().chain(*misses).map(|row| parse_metadata(row).unwrap());
        rows.enumerate().for_each(|(slot, row)| index.insert(slot as u32, &row));
        let live = (0..(hits.len() + misses.len()) as u32).collect();
        let found = index.evaluate(&parsed, &live, &|slot| panic!("{filter} decoded row {slot}"));
        assert_eq!(found, (0..hits.len() as u32).collect(), "{filter}");
    }
}

#[test]
fn what_is_not_understood_is_refused() {
    for (filter, message, expected, got) in REFUSED {
        let error = Filter::parse(filter).expect_err(filter);
        assert_eq!(error.kind, Kind::Invalid, "{filter}");
        assert!(error.message.contains(message), "{filter}: {error}");
        let pair = error.pair.as_ref().expect(filter);
        assert!(pair.0.contains(expected), "{filter}: {error}");
        assert!(pair.1.contains(got), "{filter}: {error}");
    }
}

#[test]
fn depth_and_size_are_bounded() {
    let nest =
        |levels: usize| format!("{}{{\"a\":1}}{}", r#"{"$not":"#.repeat(levels - 1), "}".repeat(levels - 1));
    assert!(Filter::parse(&nest(DEPTH_MAX)).is_ok());
    for levels in [DEPTH_MAX + 1, 100_000] {
        let error = Filter::parse(&nest(levels)).unwrap_err();
        assert_eq!(error.kind, Kind::Invalid);
        assert!(error.message.contains("nested too deeply"), "{error}");
    }
    let list = |values: usize| format!(r#"{{"a":{{"$in":[{}]}}}}"#, vec!["1"; values].join(","));
    assert!(Filter::parse(&list(FILTER_NODES_MAX - 1)).is_ok());
    let empty = format!(r#"{{"$and":[{}]}}"#, vec!["{}"; FILTER_NODES_MAX].join(","));
    for text in [list(FILTER_NODES_MAX), empty] {
        let error = Filter::parse(&text).unwrap_err();
        assert_eq!(error.kind, Kind::Invalid);
        assert_eq!(error.pair.as_ref().unwrap().1, (FILTER_NODES_MAX + 1).to_string());
    }
}

#[test]
fn the_empty_filter_is_known_as_such() {
    assert!(Filter::all().is_all());
    assert_eq!(Filter::parse("{}").unwrap(), Filter::all());
    assert!(!Filter::parse(r#"{"a":1}"#).unwrap().is_all());
}

/// What a run of random cases met, so that a test can insist on having met it.
#[derive(Debug, Default)]
struct Met {
    hits: u64,
    misses: u64,
    decoded: u64,
    matched_after_decoding: u64,
}

fn random_cases(seed: u64, further_keys: usize, long_strings: bool, met: &mut Met) {
    let mut world = World { rng: ChaCha8Rng::seed_from_u64(seed), further_keys, long_strings };
    let mut rows: BTreeMap<u32, (String, Value)> = BTreeMap::new();
    let mut index = SecondaryIndex::new();
    for round in 0..40 {
        for _ in 0..30 {
            // Far apart, so that bitmaps have several containers.
            let slot = world.rng.random_range(0..60) * 5_000;
            if let Some((_, old)) = rows.remove(&slot) {
                index.remove(slot, &old);
            }
            if world.rng.random_bool(0.8) {
                let text = world.object(3);
                let new = parse_metadata(&text).unwrap();
                index.insert(slot, &new);
                rows.insert(slot, (text, new));
            }
        }
        let live: RoaringBitmap = rows.keys().copied().collect();
        for case in 0..40 {
            let text = world.filter(3);
            let name = format!("seed {seed}, {further_keys} keys, round {round}, case {case}: {text}");
            let filter = Filter::parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
            let decoded = RefCell::new(BTreeSet::new());
            let found = index.evaluate(&filter, &live, &|slot| {
                assert!(decoded.borrow_mut().insert(slot), "{name}: row {slot} decoded twice");
                Some(rows[&slot].1.clone())
            });
            for (slot, (row, value)) in &rows {
                let expected = filter.matches(value);
                assert_eq!(found.contains(*slot), expected, "{name}\non row {slot}: {row}");
                met.hits += u64::from(expected);
                met.misses += u64::from(!expected);
                met.matched_after_decoding += u64::from(expected && decoded.borrow().contains(slot));
            }
            assert!(found.is_subset(&live), "{name}");
            met.decoded += decoded.borrow().len() as u64;
            // A part of the rows may be asked for; the rest must stay out.
            let some: RoaringBitmap = live.iter().step_by(2).collect();
            let part = index.evaluate(&filter, &some, &|slot| Some(rows[&slot].1.clone()));
            assert_eq!(part, &found & &some, "{name}");
        }
    }
    for (slot, (_, value)) in &rows {
        index.remove(*slot, value);
    }
    assert_eq!(index.memory_bytes(), SecondaryIndex::new().memory_bytes(), "seed {seed}");
}

#[test]
fn index_equals_oracle_and_short_strings_are_never_decoded() {
    let mut met = Met::default();
    (0..8).for_each(|seed| random_cases(seed, 0, false, &mut met));
    assert_eq!(met.decoded, 0);
    assert!(met.hits > 10_000 && met.misses > 10_000, "{met:?}");
}

#[test]
fn index_equals_oracle_with_long_strings() {
    let mut met = Met::default();
    (100..106).for_each(|seed| random_cases(seed, 0, true, &mut met));
    assert!(met.decoded > 500 && met.matched_after_decoding > 100, "{met:?}");
}

#[test]
fn index_equals_oracle_with_more_paths_than_it_takes() {
    let mut met = Met::default();
    (200..206).for_each(|seed| random_cases(seed, 500, seed % 2 == 0, &mut met));
    assert!(met.decoded > 1_000 && met.matched_after_decoding > 100, "{met:?}");
}

#[test]
fn a_row_that_cannot_be_fetched_does_not_match() {
    let mut index = SecondaryIndex::new();
    let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(INDEXED_STRING_BYTES_MAX + 1));
    index.insert(3, &parse_metadata(&long).unwrap());
    let live = RoaringBitmap::from_iter([3]);
    let filter = Filter::parse(r#"{"a":{"$startsWith":"x"}}"#).unwrap();
    assert_eq!(index.candidates(&filter, &live).maybe, live);
    assert!(index.evaluate(&filter, &live, &|_| None).is_empty());
    assert_eq!(index.evaluate(&filter, &live, &|_| parse_metadata(&long).ok()), live);
}
