//! Which neighbours are not worth a distance. The signs of a row are one line of memory where its codes are seven, and
//! most neighbours that a search meets are too far for its beam. How many signs differ says about how far; how well it
//! does, for these rows and this query, a search finds out as it goes: by least squares over the rows that it compared
//! in full. A neighbour is left out when even somewhat nearer than expected it would not enter the beam.
//!
//! Where signs say nothing (numbers that are all positive, a handful of dimensions) nothing is left out. The idea to
//! compare one bit a dimension first is that of Gao and Long, "RaBitQ", 2024; there the error is bounded by a random
//! rotation that each query would have to go through, here it is measured.

/// Rows that a search compares in full before it relies on signs.
const LEARN: f64 = 32.0;

/// What a search knows about signs. Sums over the rows that were compared in full: of the number of unlike signs x and the
/// distance y.
#[derive(Debug, Default)]
pub struct Sieve {
    rows: f64,
    x: f64,
    y: f64,
    xx: f64,
    xy: f64,
    yy: f64,
}

impl Sieve {
    /// Forgets everything.
    pub fn begin(&mut self) {
        *self = Sieve::default();
    }

    /// Learns from a row.
    #[inline(always)]
    pub fn note(&mut self, unlike: u32, distance: f32) {
        let (x, y) = (f64::from(unlike), f64::from(distance));
        self.rows += 1.0;
        self.x += x;
        self.y += y;
        self.xx += x * x;
        self.xy += x * y;
        self.yy += y * y;
    }

    /// What was learned so far. `None` as long as it says nothing, and where it cannot: because signs say nothing, or from
    /// distances that are not numbers.
    ///
    /// Beside a distance of some scale a row gets the benefit of `care` deviations for each time that the deviation goes
    /// into the scale: a near row that is lost is to be feared more where signs tell little beside what is compared, as
    /// with few dimensions or within a cluster.
    #[inline]
    pub fn judge(&self, care: f64) -> Option<Judge> {
        let Sieve { rows, x, y, xx, xy, yy } = *self;
        if rows < LEARN {
            return None;
        }
        // Sums of squares about the means, and with them slope and variance.
        let (x, y) = (x / rows, y / rows);
        let (xx, xy, yy) = (xx - rows * x * x, xy - rows * x * y, yy - rows * y * y);
        if !(xx > 0.0 && xy > 0.0 && yy < f64::INFINITY) {
            return None;
        }
        let slope = xy / xx;
        let variance = (yy - slope * xy).max(0.0) / rows;
        // Rounded up: of rows that are equally far none falls by the last bit of a number.
        Some(Judge { base: x - y / slope + 1.0, per_distance: 1.0 / slope, benefit: care * variance })
    }
}

/// How many signs may differ.
#[derive(Clone, Copy, Debug)]
pub struct Judge {
    base: f64,
    per_distance: f64,
    /// Times the scale.
    benefit: f64,
}

impl Judge {
    /// With more unlike signs than this a row is farther than `distance`, as far as can be told. Distances of `scale` count.
    #[inline(always)]
    pub fn limit(self, distance: f32, scale: f32) -> u32 {
        let distance = f64::from(distance) + self.benefit / f64::from(scale);
        // Without a benefit and without a scale that is not a number, and all pass.
        let limit = self.base + distance * self.per_distance;
        if limit.is_nan() { u32::MAX } else { limit as u32 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(rows: u32, note: &dyn Fn(u32) -> (u32, f32)) -> Sieve {
        let mut sieve = Sieve::default();
        sieve.begin();
        (0..rows).map(note).for_each(|(unlike, distance)| sieve.note(unlike, distance));
        sieve
    }

    #[test]
    fn knows_nothing_until_it_has_learned() {
        let exact = |at: u32| (at, at as f32);
        assert!(after(31, &exact).judge(1.0).is_none());
        let judge = after(32, &exact).judge(1.0).unwrap();
        assert_eq!((judge.limit(10.0, 1.0), judge.limit(-100.0, 1.0)), (11, 0));
    }

    #[test]
    fn the_benefit_grows_with_noise_and_care_and_shrinks_with_the_scale() {
        let limit = |noise: f32, care: f64, scale: f32| {
            let sieve = after(100, &|at| (at, at as f32 + if at % 2 == 0 { noise } else { -noise }));
            sieve.judge(care).unwrap().limit(50.0, scale)
        };
        assert_eq!((limit(0.0, 2.0, 4.0), limit(4.0, 0.0, 4.0)), (51, 51));
        assert_eq!((limit(4.0, 1.0, 4.0), limit(4.0, 2.0, 4.0), limit(4.0, 2.0, 8.0)), (55, 59, 55));
    }

    #[test]
    fn where_signs_say_nothing_all_pass() {
        let passes = |note: &dyn Fn(u32) -> (u32, f32)| after(64, note).judge(1.0).is_none();
        assert!(passes(&|at| (0, at as f32)), "all signs are equal");
        assert!(passes(&|_| (3, 0.5)), "all rows are equal");
        assert!(passes(&|at| (at, -(at as f32))), "the more unlike, the nearer");
        assert!(passes(&|at| (at, if at == 5 { f32::NAN } else { 1.0 })));
        assert!(passes(&|at| (at, f32::INFINITY)));
        let exact = after(64, &|at| (at, at as f32)).judge(1.0).unwrap();
        assert_eq!(exact.limit(0.0, 0.0), u32::MAX, "all of the beam is as far");
    }
}
