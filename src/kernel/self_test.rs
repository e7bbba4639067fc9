//! The properties that every kernel must have, as a function rather than a test, so that the WebAssembly
//! build can run them in the browser that it will serve.
//!
//! The oracle sums in f64. For n terms, the error of a kernel is at most
//! `(n / 8 + 16) x 2^-24 x sum(|term|) + n x 2^-149`: each of at least eight running sums rounds once per
//! term, a handful of roundings make the terms, join the sums and add the tail; and a product may vanish.

use super::{Kernel, codes, cosine, cosines, eights_below, implementations};

/// Lengths beside 1 to 70, which cover every tail of every block size.
const LENGTHS: [usize; 6] = [96, 100, 128, 384, 768, 1536];
/// Kinds of numbers, see [`Random::number`].
const KINDS: u32 = 9;
/// What lies around the inputs: a kernel that reads it cannot hide it.
const POISON: f32 = f32::NAN;
/// What lies behind the outputs.
const UNTOUCHED: f32 = 12345.0;

/// Checks every implementation that this machine can run against the oracle, on numbers drawn from `seed`.
/// Returns how many results were compared, or what was wrong with one.
pub fn self_test(seed: u64) -> Result<u32, String> {
    let mut cases = codes::self_test(seed)? + passes(seed)?;
    for kernel in implementations() {
        for length in (0..=70).chain(LENGTHS) {
            for kind in 0..KINDS {
                let mut random = Random::new(seed, kind, length);
                cases += check(&kernel, length, kind, &mut random).map_err(|what| {
                    format!("{} kernel, length {length}, kind {kind}: {what}", kernel.name)
                })?;
            }
        }
    }
    Ok(cases)
}

/// Compares a query with 0 to 12 rows, in all four ways, at some alignment.
fn check(kernel: &Kernel, length: usize, kind: u32, random: &mut Random) -> Result<u32, String> {
    let count = if length == 0 { 0 } else { random.below(13) };
    let before = [random.below(8), random.below(8)];
    let query = Padded::new(before[0], (0..length).map(|_| random.number(kind)).collect());
    let mut values: Vec<f32> = (0..length * count).map(|_| random.number(kind)).collect();
    if count > 2 {
        // The nearest and the farthest there is: the query itself and its opposite.
        let (first, rest) = values.split_at_mut(length);
        first.copy_from_slice(query.get());
        rest.iter_mut().zip(query.get()).for_each(|(row, query)| *row = -query);
    }
    let rows = Padded::new(before[1], values);
    let (query, rows) = (query.get(), rows.get());

    let mut dots = vec![UNTOUCHED; count + 3];
    let mut distances = vec![UNTOUCHED; count + 3];
    if length > 0 {
        (kernel.dot_rows)(query, rows, &mut dots);
        (kernel.l2_rows)(query, rows, &mut distances);
    }
    for scores in [&dots, &distances] {
        if scores.iter().skip(count).any(|score| *score != UNTOUCHED) {
            return Err(format!("wrote behind {count} scores"));
        }
    }
    // Fewer places than rows: the rows that fit, with the same scores.
    let mut fewer = vec![UNTOUCHED; count / 2];
    (kernel.dot_rows)(query, rows, &mut fewer);
    let same =
        fewer.len() < 4 || fewer[..fewer.len() / 4 * 4].iter().zip(&dots).all(|(a, b)| bits(*a) == bits(*b));
    if !same {
        return Err("scores depend on how many are asked for".to_string());
    }

    for (at, row) in rows.chunks_exact(length.max(1)).enumerate() {
        let products = Sum::of(query, row, |a, b| a * b);
        let squares = Sum::of(query, row, |a, b| (a - b) * (a - b));
        products.admits((kernel.dot)(query, row)).map_err(|what| format!("dot, row {at}: {what}"))?;
        products.admits(dots[at]).map_err(|what| format!("dot_rows, row {at} of {count}: {what}"))?;
        squares.admits((kernel.l2_squared)(query, row)).map_err(|what| format!("l2, row {at}: {what}"))?;
        squares.admits(distances[at]).map_err(|what| format!("l2_rows, row {at} of {count}: {what}"))?;
        // The shorter one counts.
        let shorter = &row[..length / 2];
        Sum::of(query, shorter, |a, b| a * b)
            .admits((kernel.dot)(query, shorter))
            .map_err(|what| format!("dot with a shorter row: {what}"))?;
        Sum::of(shorter, query, |a, b| (a - b) * (a - b))
            .admits((kernel.l2_squared)(shorter, query))
            .map_err(|what| format!("l2 with a longer row: {what}"))?;
    }
    if (kernel.dot)(&[], query) != 0.0 || (kernel.l2_squared)(query, &[]) != 0.0 {
        return Err("nothing must sum to 0".to_string());
    }
    Ok(6 * count as u32 + 2)
}

/// The passes over scores against what they do to one score, on all numbers there are.
fn passes(seed: u64) -> Result<u32, String> {
    for length in 0..70 {
        let mut random = Random::new(seed, KINDS, length);
        let mut any = |nan: usize| if random.below(nan) == 0 { f32::NAN } else { random.number(8) };
        let (dots, inverses): (Vec<f32>, Vec<f32>) = (0..length).map(|_| (any(9), any(9))).unzip();
        for (inverses, query) in
            [(&inverses[..], 1.0), (&vec![0.75; length], 0.5), (&inverses[..length / 2], 1e-3)]
        {
            let mut scaled = dots.clone();
            cosines(&mut scaled, inverses, query);
            for (at, (got, dot)) in scaled.iter().zip(&dots).enumerate() {
                let expected = inverses.get(at).map_or(*dot, |inverse| cosine(*dot, *inverse, query));
                if bits(*got) != bits(expected) || expected.abs() > 1.0 && at < inverses.len() {
                    return Err(format!("cosine {at} of {length}: got {got:e}, expected {expected:e}"));
                }
            }
        }
        // All less but one, which is as high or not a number.
        for (at, odd) in (0..length).flat_map(|at| [(at, 0.5), (at, 0.6), (at, f32::NAN)]) {
            let mut scores = vec![0.4; length];
            scores[at] = odd;
            let less = eights_below(&scores, 0.5);
            if less > at || !less.is_multiple_of(8) || eights_below(&scores[..at], 0.5) > at {
                return Err(format!("{less} scores before {at} of {length} are less"));
            }
        }
    }
    Ok(70 * 35)
}

/// NaN has many bit patterns, and the hardware may pick.
fn bits(value: f32) -> u32 {
    if value.is_nan() { f32::NAN.to_bits() } else { value.to_bits() }
}

/// The oracle's answer.
struct Sum {
    terms: usize,
    exact: f64,
    magnitude: f64,
    /// Whether there are terms above and below 0. (The sums cannot tell: a small term vanishes in a large one.)
    mixed: bool,
}

impl Sum {
    fn of(a: &[f32], b: &[f32], term: fn(f64, f64) -> f64) -> Sum {
        let mut sum = Sum { terms: a.len().min(b.len()), exact: 0.0, magnitude: 0.0, mixed: false };
        let (mut above, mut below) = (false, false);
        for (a, b) in a.iter().zip(b) {
            let term = term(f64::from(*a), f64::from(*b));
            sum.exact += term;
            sum.magnitude += term.abs();
            above |= term > 0.0;
            below |= term < 0.0;
        }
        sum.mixed = above && below;
        sum
    }

    /// Whether `got` is as near as the bound at the head of this file.
    fn admits(&self, got: f32) -> Result<(), String> {
        let largest = f64::from(f32::MAX);
        let unit = 0.5 * f64::from(f32::EPSILON);
        let bound = (self.terms as f64 / 8.0 + 16.0) * unit * self.magnitude
            + self.terms as f64 * f64::from(f32::from_bits(1));
        let good = if self.magnitude < 0.99 * largest {
            (f64::from(got) - self.exact).abs() <= bound
        } else if !self.mixed {
            // Terms of one sign that overflow, or come near: no cancellation may turn them into NaN.
            f64::from(got).signum() == self.exact.signum()
                && (got.is_infinite() || (f64::from(got) - self.exact).abs() <= bound)
        } else {
            // Infinities of both signs may meet; anything goes, but it must come back.
            true
        };
        if good { Ok(()) } else { Err(format!("got {got:e}, expected {:e} within {bound:e}", self.exact)) }
    }
}

/// Numbers at a chosen offset into an allocation, with poison on both sides.
struct Padded {
    buffer: Vec<f32>,
    before: usize,
    length: usize,
}

impl Padded {
    fn new(before: usize, values: Vec<f32>) -> Padded {
        let mut buffer = vec![POISON; before];
        buffer.extend_from_slice(&values);
        buffer.resize(before + values.len() + 32, POISON);
        Padded { buffer, before, length: values.len() }
    }

    fn get(&self) -> &[f32] {
        &self.buffer[self.before..self.before + self.length]
    }
}

/// xorshift64*: enough to fill test vectors without a dependency.
pub(super) struct Random(u64);

impl Random {
    /// Another sequence for each case.
    pub(super) fn new(seed: u64, kind: u32, length: usize) -> Random {
        Random(seed ^ (u64::from(kind) << 32) ^ (length as u64 + 1) << 40 | 1)
    }

    pub(super) fn next(&mut self) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32) as u32
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.next() as usize % bound
    }

    /// Evenly between -1 and 1.
    fn even(&mut self) -> f32 {
        (self.next() >> 8) as f32 / (1 << 23) as f32 - 1.0
    }

    /// Every finite number of kind 8 is as likely as its bits; the others are what their arms say.
    pub(super) fn number(&mut self, kind: u32) -> f32 {
        let even = self.even();
        match kind {
            0 => even,
            1 => even.abs() + 0.5,
            2 => even * 1e18,
            3 => even * 1e-22,
            4 => even * f32::from_bits((127 - 30 + self.next() % 60) << 23),
            5 => 0.0 * even,
            6 => f32::from_bits(self.next() & 0x807f_ffff),
            7 => even.signum() * f32::MAX,
            _ => {
                let any = f32::from_bits(self.next());
                if any.is_finite() { any } else { even }
            }
        }
    }
}
