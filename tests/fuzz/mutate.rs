//! Changed input: of what is valid, so that it gets past the first check.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::fs;
use std::path::Path;

pub struct Mutator {
    rng: ChaCha8Rng,
    corpus: Vec<Vec<u8>>,
}

/// Bytes at which things change.
const BYTES: [u8; 12] = [0, 1, 2, 0x7F, 0x80, 0xFE, 0xFF, b'"', b'\\', b'{', b'[', b'9'];
/// Numbers as they stand in the formats, too large for what they count.
const NUMBERS: [&[u8]; 6] = [
    &[0xFF, 0xFF, 0xFF, 0xFF, 0x0F],
    &[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01],
    &[0x80, 0x80, 0x04],
    &[0xFF, 0xFF, 0x03],
    &[0xFF, 0xFF, 0xFF, 0x7F],
    &[0, 0, 0, 1],
];

/// The files of a folder below tests.
pub fn folder(path: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(path);
    let mut files: Vec<(String, Vec<u8>)> = fs::read_dir(&folder)
        .unwrap_or_else(|cause| panic!("{}: {cause}", folder.display()))
        .flatten()
        .map(|file| (file.file_name().into_string().unwrap(), fs::read(file.path()).unwrap()))
        .collect();
    files.sort();
    files
}

impl Mutator {
    /// Follows from its name and its corpus alone.
    pub fn new(name: &str, corpus: Vec<Vec<u8>>) -> Mutator {
        assert!(!corpus.is_empty(), "{name} has no corpus");
        let seed = name.bytes().fold(7u64, |seed, byte| seed.wrapping_mul(31).wrapping_add(byte.into()));
        Mutator { rng: ChaCha8Rng::seed_from_u64(seed), corpus }
    }

    pub fn rng(&mut self) -> &mut ChaCha8Rng {
        &mut self.rng
    }

    /// One of the corpus, now and then as it is.
    pub fn next(&mut self) -> Vec<u8> {
        let mut input = self.corpus[self.rng.random_range(0..self.corpus.len())].clone();
        for _ in 0..[0, 1, 1, 1, 2, 2, 3, 6][self.rng.random_range(0..8usize)] {
            self.change(&mut input);
        }
        input
    }

    /// Changes one thing.
    pub fn change(&mut self, input: &mut Vec<u8>) {
        let rng = &mut self.rng;
        let at = rng.random_range(0..=input.len());
        let end = (at + rng.random_range(0..=16usize)).min(input.len());
        match rng.random_range(0..10) {
            0..=2 if at < input.len() => input[at] ^= 1 << rng.random_range(0..8),
            3 | 4 if at < input.len() => input[at] = BYTES[rng.random_range(0..BYTES.len())],
            5 => drop(input.drain(at..end)),
            6 => {
                let piece = input[at..end].to_vec();
                let again = rng.random_range(1..40);
                drop(input.splice(at..at, piece.repeat(again)));
            }
            7 => {
                let number = NUMBERS[rng.random_range(0..NUMBERS.len())];
                let end = (at + rng.random_range(0..3usize)).min(input.len());
                drop(input.splice(at..end, number.iter().copied()));
            }
            8 => {
                let other = &self.corpus[rng.random_range(0..self.corpus.len())];
                let from = rng.random_range(0..=other.len());
                let to = rng.random_range(from..=other.len());
                drop(input.splice(at..end, other[from..to].iter().copied()));
            }
            _ => input.truncate(at),
        }
    }

    /// As [`Mutator::change`], and the length stays.
    pub fn change_in_place(&mut self, input: &mut Vec<u8>) {
        let length = input.len();
        self.change(input);
        input.resize(length, 0);
    }
}
