//! Fuzzing with fixed seeds: every decoder is given valid input that was changed, spliced and cut, and its memory is
//! counted. None of it may panic, or take more memory than the bound that stands beside it.
//!
//! Inputs begin from what is valid: the golden files of every version, and `tests/corpus`, where input that once did
//! harm is kept. `LODESTORE_FUZZ=100` runs a hundred times as many rounds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test that fails panics

#[path = "fuzz/allocations.rs"]
mod allocations;
#[path = "fuzz/archive.rs"]
mod archive;
#[path = "fuzz/archive4.rs"]
mod archive4;
#[path = "fuzz/bytes.rs"]
mod bytes;
#[path = "fuzz/files.rs"]
mod files;
#[path = "fuzz/mutate.rs"]
mod mutate;
mod support;
#[path = "fuzz/text.rs"]
mod text;

use allocations::peak;
use mutate::Mutator;

/// Rounds of each test, for one that takes a microsecond.
const ROUNDS: usize = 150_000;

/// How much memory an input may take: so many bytes for each of its own, and so many beside that.
struct Bound {
    each: usize,
    beside: usize,
}

/// Gives `decode` one input after the other. `true` means that it was accepted; some must be, and some not.
fn fuzz(name: &str, rounds: usize, corpus: Vec<Vec<u8>>, bound: &Bound, decode: impl Fn(&[u8]) -> bool) {
    let factor = std::env::var("LODESTORE_FUZZ").map_or(1, |factor| factor.parse().unwrap());
    let mut mutator = Mutator::new(name, corpus);
    // Its tables are made once for a process, and count for no input.
    lodestore::format::crc32::hash(&[0; 64]);
    let (mut accepted, mut most) = (0, 0.0f64);
    let rounds = rounds * factor;
    for round in 0..rounds {
        let input = mutator.next();
        let (took, peak) = peak(|| decode(&input));
        accepted += usize::from(took);
        let allowed = bound.each * input.len() + bound.beside;
        assert!(
            peak <= allowed,
            "{name}, round {round}: {peak} bytes of memory for {} bytes: {}",
            input.len(),
            input.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
        );
        most = most.max(peak as f64 / allowed as f64);
    }
    println!("{name}: {rounds} inputs, {accepted} accepted, at most {:.0} % of the bound", most * 100.0);
    assert!(accepted > 0 && accepted < rounds, "{name}: {accepted} of {rounds} accepted");
}
