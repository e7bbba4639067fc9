//! Which neighbours are not worth a distance. The signs of a row are one line of memory where its codes are seven, and
//! most neighbours that a search meets are too far for its beam. How many signs differ says about how far; how well it
//! does, for these rows and this query, a search finds out as it goes: by least squares over the rows that it compared
//! in full. A neighbour is left out when even so many deviations nearer than expected it would not enter the beam.
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

    /// What was learned so far; `None` as long as it says nothing, and where it cannot: because signs say nothing, or
    /// from distances that are not numbers.
    #[inline]
    pub fn judge(&self, slack: f64) -> Option<Judge> {
        let Sieve { rows, x, y, xx, xy, yy } = *self;
        if rows < LEARN {
            return None;
        }
        // Sums of squares about the means, and with them slope and deviation.
        let (x, y) = (x / rows, y / rows);
        let (xx, xy, yy) = (xx - rows * x * x, xy - rows * x * y, yy - rows * y * y);
        if !(xx > 0.0 && xy > 0.0 && yy < f64::INFINITY) {
            return None;
        }
        let slope = xy / xx;
        let deviation = ((yy - slope * xy).max(0.0) / rows).sqrt();
        // Rounded up: of rows that are equally far none falls by the last bit of a number.
        Some(Judge { base: x + (slack * deviation - y) / slope + 1.0, per_distance: 1.0 / slope })
    }
}

/// How many signs may differ.
#[derive(Clone, Copy, Debug)]
pub struct Judge {
    base: f64,
    per_distance: f64,
}

impl Judge {
    /// With more unlike signs than this a row is farther than `distance`, as far as can be told.
    #[inline(always)]
    pub fn limit(self, distance: f32) -> u32 {
        (self.base + f64::from(distance) * self.per_distance) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_nothing_until_it_has_learned() {
        let mut sieve = Sieve::default();
        sieve.begin();
        for at in 0..31 {
            sieve.note(at, at as f32);
            assert!(sieve.judge(1.0).is_none());
        }
        sieve.note(31, 31.0);
        let judge = sieve.judge(1.0).unwrap();
        assert_eq!((judge.limit(10.0), judge.limit(-100.0)), (11, 0));
    }

    #[test]
    fn the_benefit_grows_with_the_noise() {
        let limit = |noise: f32, slack: f64| {
            let mut sieve = Sieve::default();
            sieve.begin();
            for at in 0..100u32 {
                sieve.note(at, at as f32 + if at % 2 == 0 { noise } else { -noise });
            }
            sieve.judge(slack).unwrap().limit(50.0)
        };
        assert_eq!((limit(0.0, 2.0), limit(4.0, 0.0)), (51, 51));
        assert_eq!((limit(4.0, 1.0), limit(4.0, 2.0)), (55, 59));
    }

    #[test]
    fn where_signs_say_nothing_all_pass() {
        let after = |note: &dyn Fn(u32) -> (u32, f32)| {
            let mut sieve = Sieve::default();
            sieve.begin();
            (0..64).map(note).for_each(|(unlike, distance)| sieve.note(unlike, distance));
            sieve.judge(1.0).is_none()
        };
        assert!(after(&|at| (0, at as f32)), "all signs are equal");
        assert!(after(&|_| (3, 0.5)), "all rows are equal");
        assert!(after(&|at| (at, -(at as f32))), "the more unlike, the nearer");
        assert!(after(&|at| (at, if at == 5 { f32::NAN } else { 1.0 })));
        assert!(after(&|at| (at, f32::INFINITY)));
    }
}
