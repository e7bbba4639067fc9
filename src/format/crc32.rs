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
