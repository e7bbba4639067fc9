//! The metrics: what they accept, and how a score becomes a distance.

use crate::error::{Error, Result};
use crate::json;
use crate::kernel::dot;

/// Shortest and longest squared length of a vector under cosine: lengths 2^-63 to 2^63. Between them neither
/// a dot product of two vectors nor a product of two inverse lengths leaves the range of f32, so a cosine is
/// never infinite, never NaN, and never the quotient of two roundings to zero.
const SQUARED_NORM: std::ops::RangeInclusive<f64> = 1.1754943508222875e-38..=8.507059173023462e37;

/// Squared lengths, 2^-100 to 2^100, that a sum in f32 gives to the precision of f32: what vanishes of them is
/// far below that precision, and nothing overflows.
const SAFE_IN_F32: std::ops::RangeInclusive<f32> = 7.888609e-31..=1.2676506e30;

/// How two vectors are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Metric {
    /// The cosine of the angle between them; lengths do not matter.
    Cosine,
    /// The dot product.
    Dot,
    /// Minus the euclidean distance.
    Euclidean,
}

impl Metric {
    /// The stable name, as JavaScript and the files have it.
    pub fn name(self) -> &'static str {
        match self {
            Metric::Cosine => "cosine",
            Metric::Dot => "dot",
            Metric::Euclidean => "euclidean",
        }
    }

    /// The metric with this name; `None` for any other text.
    pub fn from_name(name: &str) -> Option<Metric> {
        [Metric::Cosine, Metric::Dot, Metric::Euclidean].into_iter().find(|metric| metric.name() == name)
    }

    /// Refuses a vector, stored or asked for, that this metric cannot compare.
    pub fn validate(self, vector: &[f32]) -> Result<()> {
        self.admit(vector).map(drop)
    }

    /// As [`Metric::validate`], and gives what the index notes of the vector: under cosine one over its length,
    /// otherwise 0. Opening a database asks this of every row, so it passes over the vector once.
    pub fn admit(self, vector: &[f32]) -> Result<f32> {
        let squared = dot(vector, vector);
        // No square is negative, so nothing cancels: a finite sum has finite terms. Only where it is not is it
        // worth looking at each component.
        let culprit = || vector.iter().position(|component| !component.is_finite());
        if let Some(at) = (!squared.is_finite()).then(culprit).flatten() {
            let message = format!("Component {at} of the vector is not a finite number; leave the row out.");
            return Err(Error::invalid(message)
                .with("a finite number", if vector[at].is_nan() { "NaN" } else { "an infinity" }));
        }
        if self != Metric::Cosine {
            return Ok(0.0);
        }
        let squared = exact_enough(squared, vector);
        if squared == 0.0 {
            return Err(Error::invalid(
                "A zero vector has no direction, so it has no cosine; leave the row out or use the metric 'dot'.",
            ));
        }
        if !SQUARED_NORM.contains(&squared) {
            let message =
                "The vector is too short or too long for a cosine in 32-bit floats; scale it to length 1.";
            let mut length = String::new();
            json::number(&mut length, squared.sqrt() as f32);
            return Err(Error::invalid(message).with("a length of 1.1e-19 to 9.2e18", length));
        }
        Ok(squared.sqrt().recip() as f32)
    }
}

/// The distance that belongs to a score: 1 - cosine, minus the dot product, or the euclidean distance.
pub fn distance_from_score(metric: Metric, score: f32) -> f32 {
    match metric {
        Metric::Cosine => 1.0 - score,
        // Not `-score`, which would make a score of 0 the distance -0.
        Metric::Dot | Metric::Euclidean => 0.0 - score,
    }
}

/// One over the length of a vector; 0 for a vector that [`Metric::validate`] refuses under cosine.
pub fn inverse_norm(vector: &[f32]) -> f32 {
    Metric::Cosine.admit(vector).unwrap_or(0.0)
}

/// The squared length: what the kernel summed in f32 where that is safe, in f64 where squares overflow or vanish.
fn exact_enough(squared: f32, vector: &[f32]) -> f64 {
    if SAFE_IN_F32.contains(&squared) {
        return f64::from(squared);
    }
    vector.iter().map(|component| f64::from(*component) * f64::from(*component)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    #[test]
    fn names_go_both_ways() {
        for metric in [Metric::Cosine, Metric::Dot, Metric::Euclidean] {
            assert_eq!(Metric::from_name(metric.name()), Some(metric));
        }
        assert_eq!(Metric::from_name("Cosine"), None);
    }

    #[test]
    fn bounds_are_the_powers_of_two_they_claim_to_be() {
        assert_eq!((*SQUARED_NORM.start(), *SQUARED_NORM.end()), (2f64.powi(-126), 2f64.powi(126)));
        assert_eq!((*SAFE_IN_F32.start(), *SAFE_IN_F32.end()), (2f32.powi(-100), 2f32.powi(100)));
    }

    #[test]
    fn vectors_that_cannot_be_compared_are_refused() {
        let everywhere = [&[1.0, f32::NAN][..], &[f32::INFINITY], &[0.0, f32::NEG_INFINITY]];
        let under_cosine = [&[0.0, -0.0][..], &[], &[1e-30; 4], &[1e-45], &[1e19], &[f32::MAX; 3]];
        for metric in [Metric::Cosine, Metric::Dot, Metric::Euclidean] {
            for vector in everywhere {
                assert_eq!(metric.validate(vector).unwrap_err().kind, Kind::Invalid);
            }
            for vector in under_cosine {
                assert_eq!(
                    metric.validate(vector).is_err(),
                    metric == Metric::Cosine,
                    "{metric:?} {vector:?}"
                );
                assert_eq!(inverse_norm(vector), 0.0);
            }
            for vector in [&[1.0][..], &[1e-18], &[-9e18], &[0.0, 3.0, 4.0]] {
                metric.validate(vector).unwrap();
            }
        }
        assert_eq!(inverse_norm(&[0.0, 3.0, 4.0]), 0.2);
    }

    #[test]
    fn distances_are_lower_for_nearer() {
        assert_eq!(distance_from_score(Metric::Cosine, 1.0), 0.0);
        assert_eq!(distance_from_score(Metric::Dot, 2.0), -2.0);
        assert_eq!(distance_from_score(Metric::Euclidean, -3.0), 3.0);
        assert!(distance_from_score(Metric::Euclidean, 0.0).is_sign_positive());
    }
}
