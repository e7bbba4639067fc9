//! The scan over codes: the best by code of every row that may match.

use super::candidates::{Asked, Candidates};
use super::codes::{Codes, Query};
use super::topk::TopK;
use super::{Scored, Space};
use crate::limits::GROUP_ROWS;
use std::convert::Infallible;

/// The `keep` nearest by code to what each of `queries` asks for, best first. Their scores are minus the distance by
/// code. The queries share the pass: each row group is compared with all of them while it is in the cache.
pub fn scan_codes(
    space: Space<'_>,
    queries: &[Query],
    candidates: Candidates<'_>,
    keep: usize,
) -> Vec<Vec<Scored>> {
    let expected = candidates.count_max();
    let mut tops: Vec<TopK> = queries.iter().map(|_| TopK::new(keep, expected, None)).collect();
    let mut scores = Vec::with_capacity(GROUP_ROWS);
    let mut group_of = |group: usize, count: usize, asked: Asked<'_>| -> Result<(), Infallible> {
        for (query, top) in queries.iter().zip(&mut tops) {
            match (space.codes, &asked) {
                (_, Asked::Few(slots)) => {
                    space.distances(query, slots, &mut scores);
                    slots.iter().zip(&scores).for_each(|(slot, distance)| top.push(*slot, -distance));
                }
                (codes, asked) => {
                    scores.resize(count, 0.0);
                    compare_group(codes, query, group, &mut scores);
                    top.push_group((group * GROUP_ROWS) as u32, &scores, asked.listed());
                }
            }
        }
        Ok(())
    };
    let Ok(()) = candidates.each_group(&mut group_of);
    tops.into_iter().map(TopK::into_sorted).collect()
}

/// Minus the distances to the first rows of a group, as many as `out` has places.
fn compare_group(codes: &Codes, query: &Query, group: usize, out: &mut [f32]) {
    match codes {
        Codes::Bytes(codes) => codes.scan(query, group, out),
        Codes::Bits(codes) => codes.scan(query, group, out),
        Codes::None => {}
    }
}
