//! Rows to index, easy and hostile.

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

pub fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// Roughly a normal distribution: the sum of some uniform ones.
pub fn normal(rng: &mut ChaCha8Rng) -> f32 {
    (0..6).map(|_| rng.random_range(-1.0..1.0f32)).sum::<f32>() / std::f32::consts::SQRT_2
}

pub fn uniform(rng: &mut ChaCha8Rng, rows: usize, dimension: usize) -> Vec<Vec<f32>> {
    (0..rows).map(|_| (0..dimension).map(|_| rng.random_range(-1.0..1.0)).collect()).collect()
}

/// Around each of the centres, one centre after another.
pub fn around(rng: &mut ChaCha8Rng, centres: &[Vec<f32>], each: usize, spread: f32) -> Vec<Vec<f32>> {
    let one =
        |rng: &mut ChaCha8Rng, centre: &[f32]| centre.iter().map(|at| at + spread * normal(rng)).collect();
    centres.iter().flat_map(|centre| (0..each).map(|_| one(rng, centre)).collect::<Vec<_>>()).collect()
}

/// In another order.
pub fn shuffled(rng: &mut ChaCha8Rng, mut rows: Vec<Vec<f32>>) -> Vec<Vec<f32>> {
    rows.shuffle(rng);
    rows
}

/// Long in one direction, and sorted along it: each row is inserted at the edge of those before.
pub fn sorted(rng: &mut ChaCha8Rng, rows: usize, dimension: usize) -> Vec<Vec<f32>> {
    let mut rows = uniform(rng, rows, dimension);
    rows.iter_mut().for_each(|row| row[0] *= 8.0);
    rows.sort_by(|a, b| a[0].total_cmp(&b[0]));
    rows
}

/// Each row so many times, one copy of all after another.
pub fn copies(distinct: &[Vec<f32>], times: usize) -> Vec<Vec<f32>> {
    (0..times).flat_map(|_| distinct.to_vec()).collect()
}
