//! Random operations with random reopening, against a map of maps.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test that fails panics

mod support;

use lodestore::storage::MemoryStorage;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use support::model::{Model, Step};
use support::{block_on, drain, open};

#[test]
fn random_operations_with_reopening_match_the_model() {
    for seed in 0..150 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let storage = MemoryStorage::new();
        let mut db = open(storage.clone()).unwrap();
        let mut model = Model::default();
        for number in 0..120 {
            let step = Step::random(&mut rng, true);
            let ran = block_on(step.run(&db));
            if ran.is_ok() {
                model.run(&step);
            }
            if rng.random_bool(0.08) {
                db = open(storage.clone())
                    .unwrap_or_else(|cause| panic!("seed {seed} step {number}: {cause}"));
            }
            assert_eq!(Model::read(&db), model, "seed {seed}, after step {number}: {step:?} gave {ran:?}");
        }
        let report = block_on(db.check()).unwrap();
        assert!(report.ok, "seed {seed}: {report:?}");
    }
}

#[test]
fn an_archive_holds_what_the_database_held() {
    for seed in 0..40 {
        let mut rng = ChaCha8Rng::seed_from_u64(1000 + seed);
        let db = open(MemoryStorage::new()).unwrap();
        let mut model = Model::default();
        for _ in 0..60 {
            let step = Step::random(&mut rng, true);
            if block_on(step.run(&db)).is_ok() {
                model.run(&step);
            }
        }
        let mut export = block_on(db.export()).unwrap();
        let total = export.total_bytes();
        // Writers go on while an export runs, and are not part of it.
        let later = Step::Collection("later".to_owned(), lodestore::index::Metric::Dot);
        block_on(later.run(&db)).unwrap();
        block_on(db.checkpoint()).unwrap();
        let archive = block_on(drain(&mut export)).unwrap();
        assert_eq!(archive.len() as u64, total);

        let storage = MemoryStorage::new();
        let other = open(storage.clone()).unwrap();
        let piece = rng.random_range(1..5000);
        let mut pieces = support::Pieces(archive.chunks(piece));
        block_on(other.import(&mut pieces, Default::default())).unwrap();
        assert_eq!(Model::read(&other), model, "seed {seed}");
        let step = Step::Collection("after".to_owned(), lodestore::index::Metric::Dot);
        block_on(step.run(&other)).unwrap();
        model.run(&step);
        let reopened = open(storage).unwrap();
        assert_eq!(Model::read(&reopened), model, "seed {seed}, reopened");
        assert!(block_on(reopened.check()).unwrap().ok);
    }
}
