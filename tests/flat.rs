//! The exact index against a full sort in f64.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lodestore::index::{Flat, Metric, Scored};
use lodestore::vectors::Vectors;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use roaring::RoaringBitmap;

const METRICS: [Metric; 3] = [Metric::Cosine, Metric::Dot, Metric::Euclidean];

/// An index and what it was told.
struct Subject {
    metric: Metric,
    vectors: Vectors,
    flat: Flat,
    live: RoaringBitmap,
}

impl Subject {
    fn new(metric: Metric, dimension: usize) -> Subject {
        let (vectors, flat) = (Vectors::new(dimension), Flat::new(metric));
        Subject { metric, vectors, flat, live: RoaringBitmap::new() }
    }

    fn write(&mut self, slot: u32, vector: &[f32]) {
        self.metric.validate(vector).unwrap();
        self.vectors.set(slot, vector).unwrap();
        self.flat.insert(slot, vector);
        self.live.insert(slot);
    }

    fn delete(&mut self, slot: u32) {
        self.live.remove(slot);
    }

    fn search(
        &self,
        query: &[f32],
        k: usize,
        filter: Option<&RoaringBitmap>,
        min: Option<f32>,
    ) -> Vec<Scored> {
        self.flat.search(&self.vectors, query, k, filter, &self.live, min).unwrap()
    }

    /// Every match with its score in f64, best first, and how far f32 may be from such a score.
    fn oracle(&self, query: &[f32], filter: Option<&RoaringBitmap>) -> (Vec<(u32, f64)>, f64) {
        let mut tolerance: f64 = 1e-6;
        let mut all = Vec::new();
        for slot in 0..self.vectors.len() as u32 {
            if !self.live.contains(slot) || filter.is_some_and(|filter| !filter.contains(slot)) {
                continue;
            }
            let pairs = || {
                let row = self.vectors.row(slot).unwrap();
                query.iter().zip(row).map(|(a, b)| (f64::from(*a), f64::from(*b)))
            };
            let dot: f64 = pairs().map(|(a, b)| a * b).sum();
            let lengths = pairs().map(|(a, _)| a * a).sum::<f64>().sqrt()
                * pairs().map(|(_, b)| b * b).sum::<f64>().sqrt();
            let score = match self.metric {
                Metric::Cosine => dot / lengths,
                Metric::Dot => dot,
                Metric::Euclidean => -pairs().map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt(),
            };
            if self.metric == Metric::Dot {
                tolerance = tolerance.max(2e-6 * lengths);
            } else {
                tolerance = tolerance.max(2e-6 * score.abs());
            }
            all.push((slot, score));
        }
        all.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        (all, tolerance)
    }

    fn check(&self, query: &[f32], k: usize, filter: Option<&RoaringBitmap>, min: Option<f32>) {
        let got = self.search(query, k, filter, min);
        let (mut all, tolerance) = self.oracle(query, filter);
        let context = format!(
            "{:?}, {} rows, k {k}, {} matches, min {min:?}",
            self.metric,
            self.vectors.len(),
            all.len()
        );
        let score_of = |slot: u32| {
            all.iter()
                .find(|(other, _)| *other == slot)
                .unwrap_or_else(|| panic!("{slot} is no match: {context}"))
                .1
        };
        for scored in &got {
            let exact = score_of(scored.slot);
            assert!(
                (f64::from(scored.score) - exact).abs() <= tolerance,
                "{scored:?}, not {exact}: {context}"
            );
            assert!(min.is_none_or(|min| scored.score >= min), "{scored:?} is too low: {context}");
        }
        for pair in got.windows(2) {
            let in_order = pair[0].score > pair[1].score
                || (pair[0].score == pair[1].score && pair[0].slot < pair[1].slot);
            assert!(in_order, "{pair:?}: {context}");
        }
        match min {
            None => assert_eq!(got.len(), k.min(all.len()), "{context}"),
            Some(min) => {
                let at_least = |limit: f64| all.iter().filter(|(_, score)| *score >= limit).count().min(k);
                let surely = at_least(f64::from(min) + tolerance)..=at_least(f64::from(min) - tolerance);
                assert!(surely.contains(&got.len()), "{} of {surely:?}: {context}", got.len());
            }
        }
        // Rank by rank: as good as the oracle's, and the same slot where no other is as near.
        all.truncate(got.len() + 1);
        for (at, scored) in got.iter().enumerate() {
            let (slot, score) = all[at];
            assert!((f64::from(scored.score) - score).abs() <= tolerance, "rank {at}: {context}");
            let clear = |other: Option<&(u32, f64)>| {
                other.is_none_or(|(_, other)| (other - score).abs() > 2.0 * tolerance)
            };
            if clear(at.checked_sub(1).and_then(|before| all.get(before))) && clear(all.get(at + 1)) {
                assert_eq!(scored.slot, slot, "rank {at}: {context}");
            }
        }
    }
}

fn vector(rng: &mut ChaCha8Rng, dimension: usize) -> Vec<f32> {
    // Shifted off the origin so that no component list is all zero, even with one component.
    (0..dimension).map(|_| rng.random_range(-1.0..1.0f32)).map(|x| if x == 0.0 { 0.5 } else { x }).collect()
}

fn random_set(rng: &mut ChaCha8Rng, rows: u32, share: f64) -> RoaringBitmap {
    (0..rows).filter(|_| rng.random_bool(share)).collect()
}

fn filled(rng: &mut ChaCha8Rng, metric: Metric, dimension: usize, rows: u32) -> Subject {
    let mut subject = Subject::new(metric, dimension);
    for slot in 0..rows {
        // Every seventh row is a copy of an earlier one: exact ties.
        let row = if slot % 7 == 6 {
            subject.vectors.row(rng.random_range(0..slot)).unwrap().to_vec()
        } else {
            vector(rng, dimension)
        };
        subject.write(slot, &row);
    }
    subject
}

#[test]
fn agrees_with_a_full_sort() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for metric in METRICS {
        for (dimension, rows) in [(1, 50), (3, 1), (4, 1024), (7, 1025), (16, 3000), (100, 2100), (384, 1100)]
        {
            let subject = filled(&mut rng, metric, dimension, rows);
            for k in [1, 2, 10, 100, 5000] {
                let query = vector(&mut rng, dimension);
                subject.check(&query, k, None, None);
                let stored = subject.vectors.row(rng.random_range(0..rows)).unwrap().to_vec();
                subject.check(&stored, k, None, None);
            }
        }
    }
}

#[test]
fn filters_of_every_share_and_deletes() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    for metric in METRICS {
        let mut subject = filled(&mut rng, metric, 12, 3500);
        // First everything lives, then a few die, then a whole group, then nearly all.
        for dead in [0..0, 40..60, 1024..2048, 100..3400] {
            for slot in dead {
                subject.delete(slot);
            }
            for share in [0.0, 0.001, 0.05, 0.24, 0.26, 0.6, 0.99, 1.0] {
                let filter = random_set(&mut rng, 3500, share);
                for k in [1, 10, 4000] {
                    let query = vector(&mut rng, 12);
                    subject.check(&query, k, Some(&filter), None);
                    subject.check(&query, k, None, None);
                }
            }
            // Clustered: a whole group, part of one, and slots that do not exist.
            for range in [1024..2048, 1000..1100, 3000..9000, 3500..5000] {
                let filter: RoaringBitmap = range.chain([u32::MAX]).collect();
                subject.check(&vector(&mut rng, 12), 20, Some(&filter), None);
            }
        }
    }
}

#[test]
fn updates_and_reused_slots_count_with_their_new_vector() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    for metric in METRICS {
        let mut subject = filled(&mut rng, metric, 9, 1500);
        for _ in 0..2000 {
            let slot = rng.random_range(0..1500);
            if rng.random_bool(0.4) {
                subject.delete(slot);
            } else {
                let scale = rng.random_range(0.01..100.0);
                let row: Vec<f32> = vector(&mut rng, 9).iter().map(|x| x * scale).collect();
                subject.write(slot, &row);
            }
        }
        for k in [1, 10, 2000] {
            subject.check(&vector(&mut rng, 9), k, None, None);
        }
    }
}

#[test]
fn min_score_leaves_out_what_is_lower() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    for metric in METRICS {
        let subject = filled(&mut rng, metric, 5, 1300);
        let filter = random_set(&mut rng, 1300, 0.1);
        for min in [-10.0, -1.5, -0.5, 0.0, 0.5, 0.9, 10.0] {
            for k in [1, 50, 2000] {
                let query = vector(&mut rng, 5);
                subject.check(&query, k, None, Some(min));
                subject.check(&query, k, Some(&filter), Some(min));
            }
        }
    }
}

#[test]
fn ties_come_in_slot_order_on_every_path() {
    for metric in METRICS {
        let mut subject = Subject::new(metric, 3);
        for slot in 0..2500 {
            subject.write(slot, &[1.0, 2.0, 3.0]);
        }
        let every = |step: usize| (0..2500).step_by(step).collect::<RoaringBitmap>();
        for (filter, step) in [(None, 1), (Some(every(2)), 2), (Some(every(40)), 40)] {
            let slots: Vec<u32> =
                subject.search(&[3.0, 1.0, 2.0], 30, filter.as_ref(), None).iter().map(|s| s.slot).collect();
            assert_eq!(slots, (0..30).map(|i| i * step).collect::<Vec<u32>>(), "{metric:?}");
        }
    }
}

#[test]
fn there_may_be_nothing_to_find() {
    for metric in METRICS {
        let mut subject = Subject::new(metric, 2);
        assert_eq!(subject.search(&[1.0, 0.0], 10, None, None), []);
        subject.write(0, &[1.0, 1.0]);
        assert_eq!(subject.search(&[1.0, 0.0], 0, None, None), []);
        assert_eq!(subject.search(&[1.0, 0.0], 10, Some(&RoaringBitmap::new()), None), []);
        assert_eq!(subject.search(&[1.0, 0.0, 0.0], 10, None, None), []);
        assert_eq!(subject.search(&[1.0, 0.0], 10, None, None).len(), 1);
        subject.delete(0);
        assert_eq!(subject.search(&[1.0, 0.0], 10, None, None), []);
    }
}

#[test]
fn cosine_stays_within_one_and_ignores_length() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut subject = Subject::new(Metric::Cosine, 33);
    let base = vector(&mut rng, 33);
    for slot in 0..100 {
        let scale = [1e-17, 1e-3, 1.0, 7.7, 1e17][slot as usize % 5] * if slot % 2 == 0 { 1.0 } else { -1.0 };
        subject.write(slot, &base.iter().map(|x| x * scale).collect::<Vec<_>>());
    }
    let found = subject.search(&base, 100, None, None);
    assert_eq!(found.len(), 100);
    for scored in found {
        let expected = if scored.slot % 2 == 0 { 1.0 } else { -1.0f32 };
        assert!(scored.score.abs() <= 1.0 && (scored.score - expected).abs() < 1e-6, "{scored:?}");
    }
}

#[test]
fn overflow_is_ordered_and_not_a_number_comes_last() {
    let big = f32::MAX;
    let mut subject = Subject::new(Metric::Dot, 40);
    // The first and the last component meet in different sums, so that infinities of both signs are added.
    let row = |first: f32, last: f32| {
        let mut row = [0.0; 40];
        (row[0], row[39]) = (first, last);
        row
    };
    for (slot, row) in [row(big, -big), row(-big, -big), row(0.0, 0.0), row(big, big)].iter().enumerate() {
        subject.write(slot as u32, row);
    }
    let few: RoaringBitmap = (0..4).collect();
    for filter in [None, Some(&few)] {
        let found = subject.search(&row(big, big), 4, filter, None);
        assert_eq!(found.iter().map(|s| s.slot).collect::<Vec<_>>(), [3, 2, 1, 0]);
        assert_eq!((found[0].score, found[1].score), (f32::INFINITY, 0.0));
        assert!(found[3].score.is_nan());
    }
    assert_eq!(
        subject.search(&row(big, big), 4, None, Some(f32::NEG_INFINITY)).len(),
        3,
        "NaN is below every score"
    );

    let mut subject = Subject::new(Metric::Euclidean, 2);
    subject.write(0, &[-big, big]);
    subject.write(1, &[big, big]);
    let found = subject.search(&[big, big], 2, None, None);
    assert_eq!(found, [Scored { slot: 1, score: 0.0 }, Scored { slot: 0, score: f32::NEG_INFINITY }]);
}
