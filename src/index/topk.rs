//! The best k of many scores, without sorting them all and without a heap move per row.

use super::Scored;
use crate::kernel::eights_below;
use crate::sort::{settle, sort};

/// Collects scores and keeps the best `k`. Order: higher score first, then lower slot; NaN after everything.
///
/// Candidates gather in a buffer of at least twice `k`; when it is full the worse half is cut off in linear
/// time and the worst of the rest becomes the floor that later ones must beat. So an offer costs one integer
/// comparison nearly always, and a constant amount in the worst order.
pub struct TopK {
    k: usize,
    room: usize,
    /// Smallest rank that may still be among the best.
    floor: u64,
    /// The score of the floor: comparing floats comes first, and is nearly always all.
    floor_score: f32,
    /// The complements of ranks, so that the plain order of integers is best first: sorting by any other key
    /// would be one more copy of the sort.
    kept: Vec<u64>,
}

impl TopK {
    /// For the best `k` of about `expected` offers, leaving out scores below `min_score`. Allocates for
    /// `expected` when that is less than `k` asks for.
    pub fn new(k: usize, expected: usize, min_score: Option<f32>) -> TopK {
        // A buffer of 2 k would be cut after every other offer when k is 1.
        let room = k.saturating_add(k.max(64));
        let floor = match min_score {
            _ if k == 0 => u64::MAX,
            Some(score) => rank(u32::MAX, score),
            None => 0,
        };
        TopK { k, room, floor, floor_score: f32::NEG_INFINITY, kept: Vec::with_capacity(room.min(expected)) }
    }

    /// Offers a slot, which is offered once.
    #[inline(always)]
    pub fn push(&mut self, slot: u32, score: f32) {
        // What is not a number is not less, and goes on to where it is ordered.
        if score < self.floor_score {
            return;
        }
        self.offer(slot, score);
    }

    /// Offers rows that lie one after another, from slot `first` on; only those that are listed, if there is a list.
    pub fn push_group(&mut self, first: u32, scores: &[f32], listed: Option<&[u32]>) {
        match listed {
            None => {
                let (mut slot, mut rest) = (first, scores);
                while !rest.is_empty() {
                    let less = eights_below(rest, self.floor_score);
                    slot += less as u32;
                    let (some, others) = rest[less..].split_at(8.min(rest.len() - less));
                    for score in some {
                        self.push(slot, *score);
                        slot += 1;
                    }
                    rest = others;
                }
            }
            Some(slots) => {
                let end = first + scores.len() as u32;
                for slot in slots.iter().filter(|slot| (first..end).contains(slot)) {
                    self.push(*slot, scores[(*slot - first) as usize]);
                }
            }
        }
    }

    fn offer(&mut self, slot: u32, score: f32) {
        let rank = rank(slot, score);
        if rank >= self.floor {
            self.keep(rank);
        }
    }

    fn keep(&mut self, rank: u64) {
        self.kept.push(!rank);
        if self.kept.len() >= self.room {
            self.cut();
            if let Some(worst) = self.kept.last() {
                self.floor = !*worst;
                let score = scored(self.floor).score;
                self.floor_score = if score.is_nan() { f32::NEG_INFINITY } else { score };
            }
        }
    }

    /// Cuts down to the best k, of which the last is the worst.
    fn cut(&mut self) {
        if self.k < self.kept.len() && self.k > 0 {
            settle(&mut self.kept, self.k - 1..self.k);
            self.kept.truncate(self.k);
        }
    }

    /// The best, best first.
    pub fn into_sorted(mut self) -> Vec<Scored> {
        self.cut();
        sort(&mut self.kept);
        self.kept.into_iter().map(|worst| scored(!worst)).collect()
    }
}

/// An integer that orders like the search results do: bigger is better. Score above, slot below.
#[inline]
fn rank(slot: u32, score: f32) -> u64 {
    // Adding 0 turns -0 into 0, so that the two tie.
    let bits = (score + 0.0).to_bits();
    let by_score = if score.is_nan() {
        0
    } else if bits >> 31 == 0 {
        bits | 1 << 31
    } else {
        !bits
    };
    u64::from(by_score) << 32 | u64::from(!slot)
}

/// What has this rank.
fn scored(rank: u64) -> Scored {
    let score = match (rank >> 32) as u32 {
        0 => f32::NAN,
        bits if bits >> 31 == 1 => f32::from_bits(bits & !(1 << 31)),
        bits => f32::from_bits(!bits),
    };
    Scored { slot: !(rank as u32), score }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};

    /// The obvious way: sort everything with float comparisons.
    fn oracle(scores: &[f32], k: usize, min_score: Option<f32>) -> Vec<(u32, u32)> {
        let mut all: Vec<(usize, f32)> = scores.iter().copied().enumerate().collect();
        all.retain(|(_, score)| min_score.is_none_or(|min| *score >= min));
        all.sort_by(|a, b| {
            a.1.is_nan().cmp(&b.1.is_nan()).then(b.1.partial_cmp(&a.1).unwrap_or(std::cmp::Ordering::Equal))
        });
        all.truncate(k);
        all.into_iter().map(|(slot, score)| (slot as u32, (score + 0.0).to_bits())).collect()
    }

    fn check(scores: &[f32], k: usize, min_score: Option<f32>) {
        let mut top = TopK::new(k, scores.len(), min_score);
        for (slot, score) in scores.iter().enumerate() {
            top.push(slot as u32, *score);
        }
        let capacity = top.kept.capacity();
        let got: Vec<_> = top.into_sorted().iter().map(|s| (s.slot, s.score.to_bits())).collect();
        assert_eq!(got, oracle(scores, k, min_score), "k {k}, min {min_score:?}, {} scores", scores.len());
        assert!(capacity <= scores.len().min(k + k.max(64)), "no more memory than needed");
    }

    #[test]
    fn agrees_with_a_full_sort() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(7);
        let special =
            [0.0, -0.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1.0, -1.0, f32::MAX, 1e-45, -1e-45];
        for n in [0, 1, 2, 63, 64, 65, 200, 3000, 25_000] {
            let random: Vec<f32> = (0..n).map(|_| rng.random_range(-1.0..1.0)).collect();
            let mut sorted = random.clone();
            sorted.sort_by(f32::total_cmp);
            let reversed = sorted.iter().rev().copied().collect();
            let ties = (0..n).map(|_| rng.random_range(-3..3) as f32).collect();
            let odd = (0..n).map(|_| special[rng.random_range(0..special.len())]).collect();
            for scores in [random, sorted, reversed, ties, odd] {
                for k in [0, 1, 2, 10, 63, 64, 65, 1000, 10_000] {
                    for min_score in [None, Some(0.0), Some(-0.0), Some(0.9), Some(f32::NEG_INFINITY)] {
                        check(&scores, k, min_score);
                    }
                }
            }
        }
    }

    #[test]
    fn the_order_of_offers_does_not_matter() {
        let mut top = TopK::new(3, 200, None);
        for slot in (0..200).rev() {
            top.push(slot, 1.0);
        }
        let slots: Vec<u32> = top.into_sorted().iter().map(|s| s.slot).collect();
        assert_eq!(slots, [0, 1, 2]);
    }
}
