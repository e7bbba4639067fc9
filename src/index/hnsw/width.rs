//! How wide a beam is. One of a fixed width looks as long around a query that has few rows near it as around one with
//! many. Here it ends where rows are some times as far as the k-th best, as in Al-Jazzazi et al., "Distance adaptive
//! beam search for provably accurate graph-based nearest neighbor search", 2025: short for an easy query, long for a hard
//! one, and for the same recall less in all.
//!
//! How many times as far follows from the width that is asked for: such that of rows whose distances grow with their
//! rank as is usual, it keeps that many. Where they grow faster it keeps fewer, where more slowly more, within bounds.

/// At most so many times what is asked for, however slowly distances grow.
const MOST: usize = 4;

/// How many nodes a beam keeps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Width {
    most: usize,
    least: usize,
    /// Which of the nodes, counted from 1, says how far the beam reaches.
    rank: usize,
    /// That is, this many times as far.
    reach: f32,
}

impl Width {
    /// The nearest `ef`, whatever their distances.
    pub fn fixed(ef: usize) -> Width {
        Width { most: ef, least: ef.max(1), rank: ef.max(1), reach: 1.0 }
    }

    /// About `ef` for a query of which `results` nodes are wanted: fewer where it is easy, but at least half of it, as rows
    /// may crowd around something near the query, and half as many again as are wanted; more where it is hard.
    pub fn adaptive(ef: usize, results: usize) -> Width {
        let least = ef.div_ceil(2).max(results + results / 2).min(ef);
        Width { most: MOST * ef, ..Width::reaching(ef, least, results) }
    }

    /// At most `ef`, and two fifths of it at least, for a new node that gets links to some of them.
    pub fn building(ef: usize) -> Width {
        Width::reaching(ef, 2 * ef / 5, 1)
    }

    /// So far that it is `ef` wide where distances grow as usual.
    fn reaching(ef: usize, least: usize, rank: usize) -> Width {
        let rank = rank.clamp(1, ef.max(1));
        Width { most: ef, least: least.max(1), rank, reach: growth(ef as f32 / rank as f32) }
    }

    /// It never keeps more nodes.
    pub fn most(self) -> usize {
        self.most
    }

    /// Of nodes that come in order, by `distance` of a place counted from 0: how far the beam reaches, where it has come so
    /// far that this can be told.
    #[inline(always)]
    pub(super) fn limit(self, distance: impl Fn(usize) -> Option<f32>) -> Option<f32> {
        let least = distance(self.least - 1)?;
        Some((distance(self.rank - 1)? * self.reach).max(least))
    }
}

/// How many times as far as another a row usually is that comes so many times later: the root of degree 10 2/3. Measured: a
/// beam is then about as wide on average as it is asked to be, over glosses of 384 numbers, and a third wider over words of
/// 100 (`ARCHITECTURE.md`). By square roots, which are the same on every machine: graphs depend on it.
fn growth(times: f32) -> f32 {
    let root_16 = times.sqrt().sqrt().sqrt().sqrt();
    root_16 * root_16.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(width: Width, distances: &[f32]) -> Option<f32> {
        width.limit(|at| distances.get(at).copied())
    }

    #[test]
    fn a_fixed_one_reaches_to_its_last() {
        let width = Width::fixed(3);
        assert_eq!((width.most(), limit(width, &[-4.0, -3.0])), (3, None));
        assert_eq!(limit(width, &[-4.0, -3.0, -2.0]), Some(-2.0));
        assert_eq!(limit(width, &[1.0, 2.0, f32::INFINITY]), Some(f32::INFINITY));
        assert_eq!(limit(Width::fixed(0), &[1.0]), Some(1.0));
    }

    #[test]
    fn an_adaptive_one_keeps_what_is_asked_for_where_distances_grow_as_usual() {
        let width = Width::adaptive(64, 10);
        let usual: Vec<f32> = (1..=256).map(|rank| (rank as f32).powf(3.0 / 32.0)).collect();
        let reach = limit(width, &usual).unwrap();
        assert_eq!(usual.iter().filter(|distance| **distance <= reach * 0.9999).count(), 63);
        assert_eq!(width.most(), 256);
        let steep: Vec<f32> = (1..=64).map(|rank| rank as f32).collect();
        assert_eq!(limit(width, &steep), Some(32.0), "half of it");
        assert_eq!(limit(width, &[0.0; 64]), Some(0.0), "rows that are all the same");
        assert_eq!(limit(width, &steep[..31]), None);
        assert_eq!(limit(Width::adaptive(20, 10), &steep), Some(15.0), "half as many again as are wanted");
        assert_eq!(limit(Width::adaptive(1, 10), &steep), Some(1.0));
    }

    #[test]
    fn one_that_builds_is_no_wider_than_asked_for() {
        let width = Width::building(200);
        assert_eq!(width.most(), 200);
        let steep: Vec<f32> = (1..=200).map(|rank| rank as f32).collect();
        assert_eq!(limit(width, &steep), Some(80.0));
        assert_eq!(limit(width, &[1.0; 200]).map(|limit| (limit * 100.0) as u32), Some(164));
    }
}
