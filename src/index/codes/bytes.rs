//! One byte a component. A record is the codes, padded with zeros to a multiple of 16, and behind them what turns a
//! product of codes into a distance: a graph visits rows at random, and what lies together is one cache miss.
//!
//! Each row has its own scale, its largest component over 127. So its code depends on nothing else.

use super::arena::Arena;
use super::signs::Signs;
use super::{Query, close};
use crate::error::{Error, Result};
use crate::index::Metric;
use crate::kernel::{Terms, dot, encode_bytes};

/// Bytes of a record behind its codes: the sum of the codes (i32), factor and base (f32), and four of nothing, so
/// that every record begins at a multiple of 16.
const TAIL_BYTES: usize = 16;

/// With fewer dimensions signs say too little to be worth a look.
const SIGNED_DIMENSIONS: usize = 96;

/// The codes of one collection.
#[derive(Clone, Debug)]
pub struct Bytes {
    metric: Metric,
    dimension: usize,
    /// Codes in a record.
    padded: usize,
    arena: Arena<u8>,
    signs: Option<Signs>,
}

/// What lies behind the codes of a record.
#[derive(Clone, Copy)]
struct Tail {
    sum: i32,
    /// distance = query base + row base - query factor x row factor x product
    factor: f32,
    base: f32,
}

impl Bytes {
    /// Without codes.
    pub fn new(dimension: usize, metric: Metric) -> Bytes {
        let padded = dimension.next_multiple_of(16);
        let arena = Arena::new(padded + TAIL_BYTES, 0);
        let signs = (dimension >= SIGNED_DIMENSIONS).then(|| Signs::new(padded));
        Bytes { metric, dimension, padded, arena, signs }
    }

    /// Makes room for `slots` slots in all.
    pub fn reserve(&mut self, slots: usize) -> Result<()> {
        self.arena.reserve(slots)?;
        self.signs.as_mut().map_or(Ok(()), |signs| signs.reserve(slots))
    }

    /// Codes the vector of a slot; `inverse` is one over its length where the metric is cosine.
    pub fn set(&mut self, slot: u32, vector: &[f32], inverse: f32) {
        let (metric, padded) = (self.metric, self.padded);
        let record = self.arena.get_mut(slot);
        if record.len() < padded + TAIL_BYTES {
            return;
        }
        let (codes, tail) = record.split_at_mut(padded);
        let (scale, sum) = encode_bytes(vector, bytemuck::cast_slice_mut(codes));
        if let Some(signs) = &mut self.signs {
            signs.set(slot, codes);
        }
        let (factor, base) = match metric {
            Metric::Cosine => (scale * inverse, 0.0),
            Metric::Dot => (scale, 0.0),
            Metric::Euclidean => (scale, dot(vector, vector)),
        };
        tail[0..4].copy_from_slice(&sum.to_le_bytes());
        tail[4..8].copy_from_slice(&factor.to_le_bytes());
        tail[8..12].copy_from_slice(&base.to_le_bytes());
    }

    /// Makes `query` ask for the distance from a vector; precisely, or as fast as this build compares.
    pub fn ask(&self, query: &mut Query, vector: &[f32], inverse: f32, precisely: bool) {
        if precisely {
            query.bytes.set_precisely(vector);
        } else {
            query.bytes.set(vector);
        }
        if let Some(signs) = &self.signs {
            signs.ask(&mut query.signs, vector);
        }
        (query.factor, query.base) = match self.metric {
            Metric::Cosine => (query.bytes.scale() * inverse, 1.0),
            Metric::Dot => (query.bytes.scale(), 0.0),
            Metric::Euclidean => (2.0 * query.bytes.scale(), dot(vector, vector)),
        };
    }

    /// Makes `query` ask for the distance from the row in a slot.
    pub fn ask_slot(&self, query: &mut Query, slot: u32) {
        let record = self.arena.get(slot);
        let tail = self.tail(record);
        if let Some(signs) = &self.signs {
            signs.ask_slot(&mut query.signs, slot);
        }
        // The scale of the codes is part of the factor already.
        query.bytes.set_from_codes(bytemuck::cast_slice(record.get(..self.padded).unwrap_or_default()), 1.0);
        (query.factor, query.base) = match self.metric {
            Metric::Cosine => (tail.factor, 1.0),
            Metric::Dot => (tail.factor, 0.0),
            Metric::Euclidean => (2.0 * tail.factor, tail.base),
        };
    }

    /// The distances from `query` to the rows in `slots`, in their order.
    #[inline]
    pub fn distances(&self, query: &Query, slots: &[u32], out: &mut Vec<f32>) {
        // Written by place and not pushed: this is what a search spends its time in.
        out.resize(slots.len().next_multiple_of(8), 0.0);
        let (eights, rest) = slots.as_chunks::<8>();
        let (places, _) = out.as_chunks_mut::<8>();
        let mut places = places.iter_mut();
        let of = &self.arena;
        for ([a, b, c, d, e, f, g, h], place) in eights.iter().zip(places.by_ref()) {
            *place = self.eight(
                query,
                [
                    of.get(*a),
                    of.get(*b),
                    of.get(*c),
                    of.get(*d),
                    of.get(*e),
                    of.get(*f),
                    of.get(*g),
                    of.get(*h),
                ],
            );
        }
        if let (Some(last), Some(place)) = (rest.last(), places.next()) {
            // The last row stands in for those that are missing.
            let row = |at: usize| of.get(*rest.get(at).unwrap_or(last));
            if rest.len() > 4 {
                *place = self.eight(query, [row(0), row(1), row(2), row(3), row(4), row(5), row(6), row(7)]);
            } else {
                place[..4].copy_from_slice(&self.four(query, [row(0), row(1), row(2), row(3)]));
            }
        }
        out.truncate(slots.len());
    }

    /// Minus the distances to the first `out.len()` rows of a group.
    pub fn scan(&self, query: &Query, group: usize, out: &mut [f32]) {
        let terms = Terms { factor: query.factor, base: query.base };
        query.bytes.score_records(terms, self.arena.group(group), self.arena.stride(), out);
    }

    /// The distances of four records. What lies behind the codes is read when those were: read first, it would be one
    /// more wait for memory.
    #[inline]
    fn four(&self, query: &Query, records: [&[u8]; 4]) -> [f32; 4] {
        let [a, b, c, d] = records;
        let cast = bytemuck::cast_slice::<u8, i8>;
        // The query is as long as the codes, and only that much is compared.
        let products = query.bytes.moved4([cast(a), cast(b), cast(c), cast(d)]);
        let distance = |record, product| self.distance(query, record, product);
        [
            distance(a, products[0]),
            distance(b, products[1]),
            distance(c, products[2]),
            distance(d, products[3]),
        ]
    }

    /// The same of eight.
    #[inline]
    fn eight(&self, query: &Query, records: [&[u8]; 8]) -> [f32; 8] {
        let [a, b, c, d, e, f, g, h] = records;
        let cast = bytemuck::cast_slice::<u8, i8>;
        let codes = [cast(a), cast(b), cast(c), cast(d), cast(e), cast(f), cast(g), cast(h)];
        let products = query.bytes.moved8(codes);
        let mut distances = [0.0; 8];
        for ((distance, record), product) in distances.iter_mut().zip(records).zip(products) {
            *distance = self.distance(query, record, product);
        }
        distances
    }

    #[inline(always)]
    fn distance(&self, query: &Query, record: &[u8], product: i32) -> f32 {
        let tail = self.tail(record);
        let product = product.wrapping_sub(tail.sum.wrapping_mul(query.bytes.moved()));
        query.base + tail.base - query.factor * tail.factor * product as f32
    }

    /// What lies behind the codes of a record.
    #[inline(always)]
    fn tail(&self, record: &[u8]) -> Tail {
        match record.get(self.padded..) {
            Some([s0, s1, s2, s3, f0, f1, f2, f3, b0, b1, b2, b3, ..]) => Tail {
                sum: i32::from_le_bytes([*s0, *s1, *s2, *s3]),
                factor: f32::from_le_bytes([*f0, *f1, *f2, *f3]),
                base: f32::from_le_bytes([*b0, *b1, *b2, *b3]),
            },
            _ => Tail { sum: 0, factor: 0.0, base: f32::INFINITY },
        }
    }

    pub(super) fn agrees(&self, slot: u32, fresh: &Bytes) -> bool {
        let (a, b) = (self.arena.get(slot), fresh.arena.get(0));
        let (Some((codes, rest)), Some((others, others_rest))) =
            (a.split_at_checked(self.padded), b.split_at_checked(self.padded))
        else {
            return false;
        };
        let near = codes.iter().zip(others).all(|(a, b)| (*a as i8).abs_diff(*b as i8) <= 1);
        // Behind the codes: their sum, then two floats.
        let float = |bytes: &[u8], at: usize| {
            bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(f32::NAN, |bytes| f32::from_le_bytes(*bytes))
        };
        near && [4, 8].iter().all(|at| close(float(rest, *at), float(others_rest, *at)))
    }

    /// The records of the first `rows` rows of a group.
    pub fn group_bytes(&self, group: usize, rows: usize) -> &[u8] {
        self.arena.group(group).get(..rows * self.arena.stride()).unwrap_or_default()
    }

    /// Writes the records of the group that begins at slot `first`. `Corrupt` when they are not `rows` rows.
    pub fn load(&mut self, first: u32, rows: usize, bytes: &[u8]) -> Result<()> {
        load(&mut self.arena, first, rows, bytes)?;
        if let Some(signs) = &mut self.signs {
            signs.reserve(first as usize + rows)?;
            for slot in first..first + rows as u32 {
                signs.set(slot, self.arena.get(slot).get(..self.padded).unwrap_or_default());
            }
        }
        Ok(())
    }

    /// Bytes held.
    pub fn memory_bytes(&self) -> usize {
        self.arena.memory_bytes() + self.signs.as_ref().map_or(0, Signs::memory_bytes)
    }

    /// The signs of the codes, where there are enough of them.
    #[inline(always)]
    pub fn signs(&self) -> Option<&Signs> {
        self.signs.as_ref()
    }

    /// Numbers in each vector.
    pub fn dimension(&self) -> usize {
        self.dimension
    }
}

/// Copies stored records into an arena.
pub(super) fn load(arena: &mut Arena<u8>, first: u32, rows: usize, bytes: &[u8]) -> Result<()> {
    let stride = arena.stride();
    if bytes.len() != rows * stride {
        return Err(Error::corrupt("a block of codes has another length than its row group")
            .with(format!("{} bytes", rows * stride), bytes.len()));
    }
    arena.reserve(first as usize + rows)?;
    for (at, record) in bytes.chunks_exact(stride).enumerate() {
        arena.get_mut(first + at as u32).copy_from_slice(record);
    }
    Ok(())
}
