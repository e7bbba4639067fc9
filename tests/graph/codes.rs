//! Codes: distances near the exact ones, scans that say the same as single distances, records that come back.

use lodestore::Kind as ErrorKind;
use lodestore::index::codes::{Arena, Bits, Bytes, Codes, Query};
use lodestore::index::{Metric, inverse_norm};
use lodestore::limits::GROUP_ROWS;
use rand::Rng;

use crate::data::{normal, rng, uniform};
use crate::recall::METRICS;
use crate::world::{Kind, Rows};

/// In f64, as far as a distance is defined: see `Space`.
fn exact(metric: Metric, a: &[f32], b: &[f32]) -> f64 {
    let pairs = || a.iter().zip(b).map(|(a, b)| (f64::from(*a), f64::from(*b)));
    let dot: f64 = pairs().map(|(a, b)| a * b).sum();
    match metric {
        Metric::Cosine => 1.0 - dot * f64::from(inverse_norm(a)) * f64::from(inverse_norm(b)),
        Metric::Dot => -dot,
        Metric::Euclidean => pairs().map(|(a, b)| (a - b) * (a - b)).sum(),
    }
}

fn largest(vector: &[f32]) -> f64 {
    vector.iter().fold(0.0, |most: f64, component| most.max(f64::from(component.abs())))
}

/// How far the distance of codes may be: each component is off by half a step at most, a step being the largest
/// component over `steps`.
fn bound(metric: Metric, a: &[f32], b: &[f32], steps: f64) -> f64 {
    let half = (largest(a) / steps / 2.0, largest(b) / 127.0 / 2.0);
    let term =
        |(a, b): (&f32, &f32)| f64::from(a.abs()) * half.1 + f64::from(b.abs()) * half.0 + half.0 * half.1;
    let product: f64 = a.iter().zip(b).map(term).sum();
    // What floats round: a little of the terms that are summed.
    let float = |terms: f64| 1e-5 * (1.0 + terms);
    let norms = |vector: &[f32]| vector.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>();
    match metric {
        Metric::Cosine => product * f64::from(inverse_norm(a)) * f64::from(inverse_norm(b)) * 1.0001 + 1e-5,
        Metric::Dot => product + float((norms(a) * norms(b)).sqrt()),
        Metric::Euclidean => 2.0 * product + float(norms(a) + norms(b)),
    }
}

/// Vectors of all sizes, some with one component that dwarfs the others.
fn rows(count: usize, dimension: usize) -> Vec<Vec<f32>> {
    let mut rng = rng(dimension as u64);
    let mut rows = uniform(&mut rng, count, dimension);
    for row in &mut rows {
        let scale = [1.0, 1e-6, 300.0][rng.random_range(0..3)];
        row.iter_mut().for_each(|component| *component = normal(&mut rng) * scale);
        if rng.random_bool(0.2) {
            let at = rng.random_range(0..dimension);
            row[at] += scale * 20.0;
        }
    }
    rows
}

fn filled(dimension: usize, metric: Metric, kind: Kind, rows: &[Vec<f32>]) -> Rows {
    let mut all = Rows::new(dimension, metric, kind);
    rows.iter().enumerate().for_each(|(slot, row)| all.set(slot as u32, row));
    all
}

#[test]
fn distances_of_bytes_are_near_the_exact_ones() {
    for metric in METRICS {
        for dimension in [1, 15, 16, 17, 64, 384] {
            let data = rows(100, dimension);
            let all = filled(dimension, metric, Kind::Bytes, &data);
            let (mut query, mut out) = (Query::new(), Vec::new());
            let slots: Vec<u32> = (0..100).collect();
            for (at, vector) in data.iter().enumerate().step_by(3) {
                all.space().ask(&mut query, vector, true);
                all.space().distances(&query, &slots, &mut out);
                let compare = |steps: f64, distances: &[f32]| {
                    for (row, distance) in data.iter().zip(distances) {
                        let (want, off) = (exact(metric, vector, row), bound(metric, vector, row, steps));
                        let got = f64::from(*distance);
                        assert!(
                            (got - want).abs() <= off,
                            "{metric:?} {dimension}: {got}, not {want} +- {off}"
                        );
                    }
                };
                // A query keeps more steps than a row, at least half as many.
                compare(63.0, &out);
                all.space().ask_slot(&mut query, at as u32);
                all.space().distances(&query, &slots, &mut out);
                // From row to row both are rounded, and a query may round again.
                compare(42.0, &out);
            }
        }
    }
}

#[test]
fn without_codes_distances_are_exact() {
    for metric in METRICS {
        let data = rows(50, 24);
        let all = filled(24, metric, Kind::Floats, &data);
        let (mut query, mut out) = (Query::new(), Vec::new());
        let slots: Vec<u32> = (0..50).collect();
        for (at, vector) in data.iter().enumerate() {
            all.space().ask(&mut query, vector, true);
            all.space().distances(&query, &slots, &mut out);
            let first = out.clone();
            all.space().ask_slot(&mut query, at as u32);
            all.space().distances(&query, &slots, &mut out);
            assert_eq!(first, out, "the row itself and its slot ask the same");
            for (row, distance) in data.iter().zip(&out) {
                let (want, off) = (exact(metric, vector, row), bound(metric, vector, row, 127.0) / 50.0);
                assert!(
                    (f64::from(*distance) - want).abs() <= off + 1e-5,
                    "{metric:?}: {distance}, not {want}"
                );
            }
        }
    }
}

#[test]
fn bits_count_components_of_unlike_sign() {
    for dimension in [1, 7, 8, 100, 128, 129] {
        let data = rows(40, dimension);
        let all = filled(dimension, Metric::Cosine, Kind::Bits, &data);
        let (mut query, mut out) = (Query::new(), Vec::new());
        let slots: Vec<u32> = (0..40).collect();
        for (at, vector) in data.iter().enumerate() {
            let unlike = |row: &Vec<f32>| {
                row.iter().zip(vector).filter(|(a, b)| (**a > 0.0) != (**b > 0.0)).count() as f32
            };
            let want: Vec<f32> = data.iter().map(unlike).collect();
            all.space().ask(&mut query, vector, true);
            all.space().distances(&query, &slots, &mut out);
            assert_eq!(out, want);
            all.space().ask_slot(&mut query, at as u32);
            all.space().distances(&query, &slots, &mut out);
            assert_eq!(out, want);
        }
    }
}

#[test]
fn a_scan_says_what_single_distances_say() {
    let count = GROUP_ROWS + 131;
    for dimension in [5, 48] {
        let data = rows(count, dimension);
        for metric in METRICS {
            let all = filled(dimension, metric, Kind::Bytes, &data);
            let Codes::Bytes(codes) = &all.codes else { panic!("bytes were asked for") };
            let (mut query, mut out) = (Query::new(), Vec::new());
            all.space().ask(&mut query, &data[7], true);
            for (group, rows) in [(0, GROUP_ROWS), (1, 131), (1, 3), (0, 1), (1, 0)] {
                let mut scanned = vec![f32::NAN; rows];
                codes.scan(&query, group, &mut scanned);
                scanned.iter_mut().for_each(|score| *score = -*score);
                let first = (group * GROUP_ROWS) as u32;
                let slots: Vec<u32> = (first..first + rows as u32).collect();
                codes.distances(&query, &slots, &mut out);
                assert_eq!(scanned, out);
                let single: Vec<f32> =
                    slots.iter().map(|slot| all.space().distance(&query, *slot, &mut out)).collect();
                assert_eq!(scanned, single);
            }
        }
        let all = filled(dimension, Metric::Dot, Kind::Bits, &data);
        let Codes::Bits(codes) = &all.codes else { panic!("bits were asked for") };
        let (mut query, mut out) = (Query::new(), Vec::new());
        all.space().ask(&mut query, &data[7], true);
        for (group, rows) in [(0, GROUP_ROWS), (1, 131), (1, 3)] {
            let mut scanned = vec![f32::NAN; rows];
            codes.scan(&query, group, &mut scanned);
            scanned.iter_mut().for_each(|score| *score = -*score);
            let first = (group * GROUP_ROWS) as u32;
            let slots: Vec<u32> = (first..first + rows as u32).collect();
            codes.distances(&query, &slots, &mut out);
            assert_eq!(scanned, out);
        }
    }
}

#[test]
fn records_come_back_as_they_were() {
    let count = GROUP_ROWS + 20;
    let data = rows(count, 20);
    for kind in [Kind::Bytes, Kind::Bits] {
        let all = filled(20, Metric::Cosine, kind, &data);
        let mut other = Rows::new(20, Metric::Cosine, kind).codes;
        for (group, rows) in [(0, GROUP_ROWS), (1, 20)] {
            let bytes = all.codes.group_bytes(group, rows);
            let first = (group * GROUP_ROWS) as u32;
            for wrong in [0, 1, rows - 1, rows + 1] {
                let error = other.load(first, wrong, bytes).unwrap_err();
                assert_eq!(error.kind, ErrorKind::Corrupt);
            }
            assert_eq!(other.load(first, rows, &bytes[1..]).unwrap_err().kind, ErrorKind::Corrupt);
            other.load(first, rows, bytes).unwrap();
            assert_eq!(other.group_bytes(group, rows), bytes);
        }
        let slots: Vec<u32> = (0..count as u32).collect();
        let (mut query, mut out, mut again) = (Query::new(), Vec::new(), Vec::new());
        all.space().ask(&mut query, &data[3], true);
        all.space().distances(&query, &slots, &mut out);
        lodestore::index::Space { codes: &other, ..all.space() }.distances(&query, &slots, &mut again);
        assert_eq!(out, again);
    }
    assert_eq!(Codes::None.load(0, 0, &[]).unwrap_err().kind, ErrorKind::Corrupt);
    assert_eq!((Codes::None.group_bytes(0, 5), Codes::None.memory_bytes()), (&[][..], 0));
}

#[test]
fn a_code_depends_on_its_row_alone() {
    let data = rows(30, 20);
    let codes = |order: &[u32]| {
        let mut codes = Codes::Bytes(Bytes::new(20, Metric::Euclidean));
        codes.reserve(30).unwrap();
        order.iter().for_each(|slot| codes.set(*slot, &data[*slot as usize], 0.0));
        codes.group_bytes(0, 30).to_vec()
    };
    let order: Vec<u32> = (0..30).collect();
    let reversed: Vec<u32> = (0..30).rev().chain(0..10).collect();
    assert_eq!(codes(&order), codes(&reversed));
}

#[test]
fn slots_without_codes_are_far_and_harmless() {
    let mut bytes = Bytes::new(4, Metric::Dot);
    let mut bits = Bits::new(4);
    bytes.set(3, &[1.0; 4], 0.0);
    bits.set(3, &[1.0; 4]);
    assert!(bytes.group_bytes(0, 1).is_empty() && bits.group_bytes(0, 1).is_empty());
    let (mut query, mut out) = (Query::new(), Vec::new());
    bytes.ask(&mut query, &[1.0; 4], 0.0, true);
    bytes.distances(&query, &[0, 5, u32::MAX], &mut out);
    assert_eq!(out, [f32::INFINITY; 3]);
    bytes.ask_slot(&mut query, 9);
    bits.ask(&mut query, &[1.0; 4]);
    bits.distances(&query, &[0, u32::MAX], &mut out);
    assert_eq!(out.len(), 2);
}

#[test]
fn an_arena_grows_by_row_groups_and_keeps_what_it_has() {
    let mut arena = Arena::new(3, 9u8);
    assert!(arena.get(0).is_empty() && arena.get_mut(0).is_empty() && arena.group(0).is_empty());
    for slots in [1, 10, 17, 100, 1_023, 1_024, 1_025, 3_000] {
        arena.reserve(slots).unwrap();
        let last = slots as u32 - 1;
        assert_eq!(arena.get(last), [9; 3]);
        arena.get_mut(last).fill(last as u8);
    }
    for slots in [1u32, 10, 17, 100, 1_023, 1_024, 1_025, 3_000] {
        assert_eq!(arena.get(slots - 1), [(slots - 1) as u8; 3]);
    }
    arena.reserve(5).unwrap();
    assert_eq!((arena.group(0).len(), arena.group(1).len(), arena.group(3).len()), (3_072, 3_072, 0));
    assert!(arena.get(u32::MAX).is_empty());
    assert!(arena.memory_bytes() < 3 * 1_024 * 3 + 1_000);
}
