//! Scores of records that lie one after another: codes, and behind them what turns a product of codes into a distance.

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
use super::wasm_records as native;
use super::{ByteQuery, STEP, whole_rows};

/// Bytes behind the codes of a record that are read: the sum of the codes (i32), factor and base (f32), little-endian,
/// and four more, so that it is one register.
const TAIL: usize = 16;

/// What a query brings to a distance, which is
/// `base + base of the row - factor x factor of the row x product`.
#[derive(Clone, Copy)]
pub struct Terms {
    /// What a product is multiplied by.
    pub factor: f32,
    /// What all distances have in common.
    pub base: f32,
}

/// Records: as many as are asked for, and all within `bytes`.
pub(super) struct Records<'a> {
    pub bytes: &'a [u8],
    /// Bytes from one to the next, at least 1.
    pub stride: usize,
    /// Codes of each: a multiple of 16.
    pub length: usize,
}

impl ByteQuery {
    /// Minus the distances to records of which one begins every `stride` bytes of `records`: codes as long as those of
    /// this query, then sum, factor and base.
    ///
    /// Writes as many scores as there are whole records, or as `scores` holds if that is fewer; the rest of `scores`
    /// keeps its values.
    pub fn score_records(&self, terms: Terms, records: &[u8], stride: usize, scores: &mut [f32]) {
        let length = self.codes() / STEP * STEP;
        let records = Records { bytes: records, stride: stride.max(1), length };
        let count = whole_rows(records.bytes.len(), length + TAIL, records.stride).min(scores.len());
        if let Some(scores) = scores.get_mut(..count) {
            native::score(self, terms, records, scores);
        }
    }
}

/// Where there are no registers for it.
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod native {
    use super::{ByteQuery, Records, Terms};

    pub(super) fn score(query: &ByteQuery, terms: Terms, records: Records<'_>, scores: &mut [f32]) {
        for (record, score) in records.bytes.chunks(records.stride).zip(scores) {
            let (codes, tail) = record.split_at(records.length.min(record.len()));
            let word = |at: usize| tail.as_chunks::<4>().0.get(at).copied().unwrap_or_default();
            let (factor, base) = (f32::from_le_bytes(word(1)), f32::from_le_bytes(word(2)));
            // SAFETY: a byte of one sign is as long as one of the other, and any is a code.
            let codes = unsafe { std::slice::from_raw_parts(codes.as_ptr().cast::<i8>(), codes.len()) };
            let product = query.dot(codes, i32::from_le_bytes(word(0)));
            *score = terms.factor * factor * product as f32 - (terms.base + base);
        }
    }
}
