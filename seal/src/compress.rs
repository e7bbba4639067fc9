//! Raw deflate (RFC 1951), as `CompressionStream('deflate-raw')` reads and writes it.

use crate::SealError;
use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

/// As zlib and browsers have it: the levels above take longer than they save.
const LEVEL: u8 = 6;

/// What a byte of deflate can stand for at the most: 258 bytes for every two bits.
const RATIO_MAX: usize = 1032;

/// Compresses. What does not get smaller by it is a little longer afterwards.
pub fn deflate(raw: &[u8]) -> Vec<u8> {
    compress_to_vec(raw, LEVEL)
}

/// What was compressed, which was so many bytes long. Refused are bytes that give fewer or more than these, or that are
/// followed by others. No more than `raw_length` is allocated, and nothing where so few bytes cannot give as many.
pub fn inflate(stored: &[u8], raw_length: usize) -> Result<Vec<u8>, SealError> {
    if raw_length > stored.len().saturating_mul(RATIO_MAX) {
        return Err(SealError::Deflate);
    }
    let mut raw = Vec::new();
    raw.try_reserve_exact(raw_length).map_err(|_| SealError::Memory)?;
    raw.resize(raw_length, 0);
    let mut state = Box::<DecompressorOxide>::default();
    let (status, read, written) =
        decompress(&mut state, stored, &mut raw, 0, TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF);
    if status == TINFLStatus::Done && read == stored.len() && written == raw_length {
        Ok(raw)
    } else {
        Err(SealError::Deflate)
    }
}
