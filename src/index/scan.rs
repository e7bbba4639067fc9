//! The scan over codes: the best by code of every row that may match.

use super::candidates::{Asked, Candidates};
use super::codes::{Bits, Bytes, Codes, Query};
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
    let mut distances = Vec::with_capacity(GROUP_ROWS);
    let mut group_of = |group: usize, count: usize, asked: Asked<'_>| -> Result<(), Infallible> {
        for (query, top) in queries.iter().zip(&mut tops) {
            match (space.codes, &asked) {
                (_, Asked::Few(slots)) => {
                    space.distances(query, slots, &mut distances);
                    slots.iter().zip(&distances).for_each(|(slot, distance)| top.push(*slot, -distance));
                }
                (Codes::Bytes(codes), _) => bytes_group(codes, query, group, count, &asked, top),
                (Codes::Bits(codes), _) => bits_group(codes, query, group, count, &asked, top),
                (Codes::None, _) => {}
            }
        }
        Ok(())
    };
    let Ok(()) = candidates.each_group(&mut group_of);
    tops.into_iter().map(TopK::into_sorted).collect()
}

fn bytes_group(codes: &Bytes, query: &Query, group: usize, count: usize, asked: &Asked<'_>, top: &mut TopK) {
    let mut distances = [0.0; GROUP_ROWS];
    let distances = &mut distances[..count];
    codes.scan(query, group, distances);
    let first = (group * GROUP_ROWS) as u32;
    match asked {
        Asked::All => {
            for (slot, distance) in (first..).zip(distances) {
                top.push(slot, -*distance);
            }
        }
        Asked::Many(slots) | Asked::Few(slots) => {
            slots.iter().for_each(|slot| top.push(*slot, -distances[(*slot - first) as usize]));
        }
    }
}

fn bits_group(codes: &Bits, query: &Query, group: usize, count: usize, asked: &Asked<'_>, top: &mut TopK) {
    let mut unlike = [0; GROUP_ROWS];
    let unlike = &mut unlike[..count];
    codes.scan(query, group, unlike);
    let first = (group * GROUP_ROWS) as u32;
    let mut offer = |slot: u32, unlike: u32| top.push(slot, -(unlike as f32));
    match asked {
        Asked::All => {
            for (slot, unlike) in (first..).zip(unlike) {
                offer(slot, *unlike);
            }
        }
        Asked::Many(slots) | Asked::Few(slots) => {
            slots.iter().for_each(|slot| offer(*slot, unlike[(*slot - first) as usize]));
        }
    }
}
