//! CRC-32 as in zip and PNG, sixteen bytes at a time; long inputs are made short first (`crc_fold`).
//!
//! Its tables are 16 KB of what looks like chance, which no download can compress: they are made on first use,
//! which takes microseconds, and not shipped.

use super::crc_fold::shorten;
use std::sync::OnceLock;

/// The polynomial, bits reversed.
const POLYNOMIAL: u32 = 0xEDB8_8320;

/// `[k][b]`: what the byte b does to the checksum when k bytes follow it.
type Tables = [[u32; 256]; 16];

fn tables() -> &'static Tables {
    static TABLES: OnceLock<Box<Tables>> = OnceLock::new();
    TABLES.get_or_init(|| {
        let mut tables = Box::new([[0; 256]; 16]);
        for byte in 0..256 {
            let mut crc = byte as u32;
            for _ in 0..8 {
                crc = (crc >> 1) ^ (POLYNOMIAL & (crc & 1).wrapping_neg());
            }
            tables[0][byte] = crc;
        }
        for k in 1..16 {
            for byte in 0..256 {
                let before = tables[k - 1][byte];
                tables[k][byte] = (before >> 8) ^ tables[0][(before & 255) as usize];
            }
        }
        tables
    })
}

/// The checksum of `bytes`.
pub fn hash(bytes: &[u8]) -> u32 {
    !match shorten(bytes, !0) {
        Some(short) => short.parts().into_iter().fold(0, with_tables),
        None => with_tables(!0, bytes),
    }
}

/// The checksum of what has the checksum `first` and then `length` bytes that have the checksum `then`.
///
/// A checksum is a remainder of a division by the polynomial, so bytes that follow multiply it by a power of x.
pub fn joined(first: u32, then: u32, length: u64) -> u32 {
    let mut power = ONE >> 8;
    let (mut left, mut shifted) = (length, first);
    while left > 0 {
        if left & 1 == 1 {
            shifted = times(shifted, power);
        }
        power = times(power, power);
        left >>= 1;
    }
    shifted ^ then
}

/// 1, as checksums write it: bits reversed.
const ONE: u32 = 1 << 31;

/// The product of two remainders.
fn times(mut a: u32, mut b: u32) -> u32 {
    let mut product = 0;
    while a != 0 {
        if a & ONE != 0 {
            product ^= b;
        }
        a <<= 1;
        b = (b >> 1) ^ (POLYNOMIAL & (b & 1).wrapping_neg());
    }
    product
}

/// The state behind `bytes` when it was `crc` before.
fn with_tables(mut crc: u32, bytes: &[u8]) -> u32 {
    let tables = tables();
    let (chunks, rest) = bytes.as_chunks::<16>();
    for chunk in chunks {
        let (words, _) = chunk.as_chunks::<4>();
        // Written out: built for size, a compiler leaves a loop a loop.
        crc = step(tables, 12, crc ^ u32::from_le_bytes(words[0]))
            ^ step(tables, 8, u32::from_le_bytes(words[1]))
            ^ step(tables, 4, u32::from_le_bytes(words[2]))
            ^ step(tables, 0, u32::from_le_bytes(words[3]));
    }
    for byte in rest {
        crc = (crc >> 8) ^ tables[0][((crc ^ u32::from(*byte)) & 255) as usize];
    }
    crc
}

/// What four bytes do when `after` bytes follow them.
#[inline(always)]
fn step(tables: &Tables, after: usize, word: u32) -> u32 {
    let [a, b, c, d] = word.to_le_bytes();
    tables[after + 3][usize::from(a)]
        ^ tables[after + 2][usize::from(b)]
        ^ tables[after + 1][usize::from(c)]
        ^ tables[after][usize::from(d)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngCore, SeedableRng};

    #[test]
    fn gives_the_published_check_value() {
        assert_eq!(hash(b"123456789"), 0xCBF4_3926);
        assert_eq!(hash(b""), 0);
    }

    #[test]
    fn what_two_parts_have_follows_from_theirs() {
        let mut bytes = vec![0; 3000];
        rand_chacha::ChaCha8Rng::seed_from_u64(33).fill_bytes(&mut bytes);
        for cut in (0..70).chain([255, 256, 257, 1024, 2047, 2999, 3000]) {
            let (first, then) = bytes.split_at(cut);
            assert_eq!(joined(hash(first), hash(then), then.len() as u64), hash(&bytes), "cut at {cut}");
        }
        assert_eq!(joined(5, 0, 0), 5);
    }

    #[test]
    fn agrees_with_another_implementation_at_every_length_and_alignment() {
        let mut bytes = vec![0; 51_000];
        rand_chacha::ChaCha8Rng::seed_from_u64(32).fill_bytes(&mut bytes);
        for start in 0..20 {
            for length in (0..100).chain([1000, 4097, 16_384, 19_199, 19_200, 19_201, 36_000, 50_000]) {
                let part = &bytes[start..start + length];
                assert_eq!(hash(part), crc32fast::hash(part), "{length} bytes from {start}");
            }
        }
    }
}
