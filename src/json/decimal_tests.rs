//! The standard library is the oracle: it reads numbers as `JSON.parse` does.

use crate::json::Reader;
use rand::{Rng, SeedableRng};

fn read(text: &str) -> f64 {
    let mut reader = Reader::new(text);
    let value = reader.number().unwrap().value;
    reader.end().unwrap();
    value
}

fn check(text: &str) {
    let expected: f64 = text.parse().unwrap();
    assert_eq!(read(text).to_bits(), expected.to_bits(), "{text}: {} is not {expected}", read(text));
}

#[test]
fn numbers_with_a_name() {
    for text in [
        "0",
        "-0",
        "0.0",
        "0e999999999",
        "1",
        "-1",
        "0.1",
        "0.3",
        "1e23",
        "9007199254740993",
        "9007199254740992.9999999999999999999999999999999",
        "18446744073709551615",
        "18446744073709551616",
        "1.7976931348623157e308",
        "1.7976931348623158e308",
        "1.7976931348623159e308",
        "1e400",
        "1e999999999999",
        "4.9e-324",
        "2.4703282292062327e-324",
        "2.4703282292062328e-324",
        "2.5e-324",
        "1e-400",
        "1e-99999999999",
        "2.2250738585072014e-308",
        "2.2250738585072011e-308",
        "2.225073858507201e-308",
        "123456789e-5000",
        "6.9294956446009195e15",
        "0.500000000000000166533453693773481063544750213623046875",
        "3.518437208883201171875e13",
        "62.5364939768271845828",
    ] {
        check(text);
    }
    check(&format!("1{}", "0".repeat(308)));
    check(&format!("1{}", "0".repeat(309)));
    check(&format!("0.{}1", "0".repeat(330)));
    check(&format!("{}e-2000", "7".repeat(2100)));
    // Half-way between two doubles, and a digit far out that decides.
    let half = format!("9007199254740993.{}", "0".repeat(1000));
    check(&half);
    check(&format!("{half}1"));
    check(&format!("-{half}1e-10"));
}

#[test]
fn agrees_with_the_standard_library() {
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(53);
    for _ in 0..60_000 {
        // Shortest forms of doubles of all sizes, also with a digit more or less.
        let value = f64::from_bits(rng.random());
        if value.is_finite() {
            let text = format!("{value:e}");
            check(&text);
            check(&format!("{value:.17e}"));
            check(&text.replace('e', &format!("{}e", if text.contains('.') { "5" } else { ".5" })));
        }
        check(&rng.random_range(-1.0..1.0f64).to_string());
        // Digits of any number with any exponent, mostly near those that people write.
        let digits: String =
            (0..rng.random_range(1..30)).map(|_| rng.random_range(b'1'..=b'9') as char).collect();
        let reach = if rng.random_bool(0.5) { 30 } else { 340 };
        check(&format!("{digits}e{}", rng.random_range(-reach..reach)));
        // Half-way between neighbours.
        let even = rng.random_range(1u64 << 53..1 << 54);
        check(&format!("{}e0", u128::from(even) * 2 + 1));
        check(&format!("{even}.5"));
    }
}
