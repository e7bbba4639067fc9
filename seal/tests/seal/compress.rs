//! Raw deflate.

use super::{bytes, noise};
use lodestore_seal::{SealError, deflate, inflate};

fn samples() -> Vec<Vec<u8>> {
    let text = "it was the best of times, it was the worst of times, ".repeat(400).into_bytes();
    let mixed = [noise(50_000, 1), vec![0; 300_000], noise(3, 2), text.clone()].concat();
    vec![vec![], vec![0], b"Deflate late".to_vec(), text, noise(100_000, 3), vec![5; 1 << 20], mixed]
}

#[test]
fn what_is_compressed_comes_back() {
    for raw in samples() {
        let stored = deflate(&raw);
        assert!(stored.len() <= raw.len() + raw.len() / 1000 + 20, "{} of {}", stored.len(), raw.len());
        assert_eq!(inflate(&stored, raw.len()), Ok(raw));
    }
    let zeros = deflate(&vec![0; 1 << 20]);
    assert!(zeros.len() < 2_000, "{}", zeros.len());
}

/// The same text as other programs write it: with fixed codes, and as it is.
#[test]
fn what_others_compressed_can_be_read() {
    for stored in ["73494dcb492c4955001100", "010c00f3ff4465666c617465206c617465"] {
        assert_eq!(inflate(&bytes(stored), 12), Ok(b"Deflate late".to_vec()));
    }
}

#[test]
fn only_the_very_length_is_taken() {
    for raw in samples() {
        let stored = deflate(&raw);
        for length in [raw.len() + 1, raw.len() + 1000, raw.len().wrapping_sub(1), usize::MAX] {
            assert_eq!(inflate(&stored, length), Err(SealError::Deflate), "{length} of {}", raw.len());
        }
    }
}

#[test]
fn a_bomb_gives_no_more_than_was_said() {
    let stored = deflate(&vec![0; 64 << 20]);
    assert!(stored.len() < 100_000, "{}", stored.len());
    for length in [0, 1, 100, 1 << 20, (64 << 20) - 1] {
        assert_eq!(inflate(&stored, length), Err(SealError::Deflate), "{length}");
    }
    // A length that these bytes cannot have is not even asked for.
    assert_eq!(inflate(&stored[..10], 1 << 40), Err(SealError::Deflate));
    assert_eq!(inflate(&[], 1), Err(SealError::Deflate));
}

#[test]
fn nothing_can_be_cut_off_or_added() {
    for raw in samples().into_iter().filter(|raw| raw.len() < 60_000) {
        let stored = deflate(&raw);
        for length in 0..stored.len() {
            assert_eq!(inflate(&stored[..length], raw.len()), Err(SealError::Deflate), "{length} bytes");
        }
        for tail in [&[0][..], &[255], &[3, 0], &stored] {
            assert_eq!(inflate(&[&stored, tail].concat(), raw.len()), Err(SealError::Deflate));
        }
    }
}

/// A checksum of its own deflate does not have; damage must be refused or give bytes of that length, and never more.
#[test]
fn damage_is_refused_or_gives_as_many_bytes() {
    let raw = [noise(200, 1), "over and over ".repeat(30).into_bytes(), noise(100, 2)].concat();
    let stored = deflate(&raw);
    let mut refused = 0;
    for bit in 0..8 * stored.len() {
        let mut other = stored.clone();
        other[bit / 8] ^= 1 << (bit % 8);
        match inflate(&other, raw.len()) {
            Ok(got) => assert_eq!(got.len(), raw.len()),
            Err(cause) => {
                assert_eq!(cause, SealError::Deflate);
                refused += 1;
            }
        }
    }
    assert!(refused > stored.len(), "{refused}");
    for seed in 0..5_000 {
        let other = noise(seed as usize % 300, seed);
        for length in [0, 1, 10, 1000] {
            if let Ok(got) = inflate(&other, length) {
                assert_eq!(got.len(), length);
            }
        }
    }
}
