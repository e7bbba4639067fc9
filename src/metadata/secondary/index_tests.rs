//! The index after any sequence of inserts and removes equals one built from what is left.

use std::collections::BTreeMap;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::metadata::{Filter, parse_metadata};

fn metadata(rng: &mut ChaCha8Rng) -> Value {
    let scalar = |rng: &mut ChaCha8Rng| match rng.random_range(0..7) {
        0 => "null".to_owned(),
        1 => "true".to_owned(),
        2 => ["0", "-0", "1", "1.5", "-3"][rng.random_range(0..5)].to_owned(),
        3 => rng.random_range(0..1_000_000).to_string(),
        4 => format!("\"{}\"", "long".repeat(40 + rng.random_range(0..2))),
        _ => format!("\"s{}\"", rng.random_range(0..6)),
    };
    let fields: Vec<String> = (0..rng.random_range(0..6))
        .map(|_| {
            let key = ["a", "b", "a.b", "c", "__proto__"][rng.random_range(0..5)];
            let value = match rng.random_range(0..5) {
                0 => format!("[{},{},[1]]", scalar(rng), scalar(rng)),
                1 => format!("[{{\"b\":{}}},{{\"b\":{}}}]", scalar(rng), scalar(rng)),
                2 => format!("{{\"b\":{}}}", scalar(rng)),
                _ => scalar(rng),
            };
            format!("\"{key}\":{value}")
        })
        .collect();
    parse_metadata(&format!("{{{}}}", fields.join(","))).unwrap()
}

#[test]
fn equals_a_fresh_one_after_any_changes() {
    for seed in 0..20 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut rows: BTreeMap<u32, Value> = BTreeMap::new();
        let mut index = SecondaryIndex::new();
        for step in 0..400 {
            let slot = rng.random_range(0..40);
            if let Some(old) = rows.remove(&slot) {
                index.remove(slot, &old);
            }
            if rng.random_bool(0.7) {
                let new = metadata(&mut rng);
                index.insert(slot, &new);
                rows.insert(slot, new);
            }
            if step % 40 == 0 {
                let mut fresh = SecondaryIndex::new();
                rows.iter().for_each(|(slot, value)| fresh.insert(*slot, value));
                assert_eq!(index.paths, fresh.paths, "seed {seed}, step {step}");
                assert_eq!(index.left_out, fresh.left_out, "seed {seed}, step {step}");
            }
        }
        rows.iter().for_each(|(slot, value)| index.remove(*slot, value));
        assert!(index.paths.is_empty(), "seed {seed}: {:?}", index.paths);
    }
}

#[test]
fn a_path_is_admitted_only_while_it_can_be_complete() {
    let wide = |from: usize, to: usize| {
        let fields: Vec<String> = (from..to).map(|i| format!("\"p{i}\":1")).collect();
        parse_metadata(&format!("{{{}}}", fields.join(","))).unwrap()
    };
    let (full, late) = (wide(0, INDEXED_PATHS_MAX), wide(1_000, 1_002));
    let live = RoaringBitmap::from_iter([0, 1, 2]);
    let filter = Filter::parse(r#"{"p1001":1}"#).unwrap();
    let mut index = SecondaryIndex::new();
    index.insert(0, &full);
    index.insert(1, &late);
    assert_eq!(index.paths.len(), INDEXED_PATHS_MAX);
    assert_eq!(index.left_out, RoaringBitmap::from_iter([1]));
    // There is room again, but row 1 was never indexed under its paths: row 2 must not open them.
    index.remove(0, &full);
    index.insert(2, &late);
    assert!(index.paths.is_empty());
    let rows = [None, Some(&late), Some(&late)];
    let found = index.evaluate(&filter, &live, &|slot| rows[slot as usize].cloned());
    assert_eq!(found, RoaringBitmap::from_iter([1, 2]));
    index.remove(1, &late);
    index.remove(2, &late);
    index.insert(2, &late);
    assert_eq!(index.paths.len(), 2);
    assert!(index.left_out.is_empty());
}

#[test]
fn memory_follows_the_rows() {
    let mut index = SecondaryIndex::new();
    let empty = index.memory_bytes();
    let rows: Vec<Value> = (0..1_000)
        .map(|i| parse_metadata(&format!(r#"{{"key":"key number {i}","year":{i}}}"#)).unwrap())
        .collect();
    rows.iter().enumerate().for_each(|(slot, value)| index.insert(slot as u32, value));
    let full = index.memory_bytes();
    // Each row has 13 to 16 bytes of string and two terms.
    assert!((40_000..200_000).contains(&(full - empty)), "{full}");
    for _ in 0..3 {
        for (slot, value) in rows.iter().enumerate() {
            index.remove(slot as u32, value);
            index.insert(slot as u32, value);
        }
    }
    assert_eq!(index.memory_bytes(), full);
    rows.iter().enumerate().for_each(|(slot, value)| index.remove(slot as u32, value));
    assert_eq!(index.memory_bytes(), empty);
}
