//! JSON that goes out, appended to a string.

use super::decimal::short;

/// What can be written as JSON.
pub trait ToJson {
    /// Appends it.
    fn to_json(&self, out: &mut String);
}

/// A value as JSON.
pub fn text(value: &(impl ToJson + ?Sized)) -> String {
    let mut out = String::new();
    value.to_json(&mut out);
    out
}

impl<T: ToJson> ToJson for Vec<T> {
    fn to_json(&self, out: &mut String) {
        list(out, self.iter(), |out, item| item.to_json(out));
    }
}

/// Appends an array, its items with `write`.
pub fn list<T>(out: &mut String, items: impl Iterator<Item = T>, write: impl Fn(&mut String, T)) {
    let start = out.len();
    for item in items {
        out.push(if out.len() == start { '[' } else { ',' });
        write(out, item);
    }
    if out.len() == start {
        out.push('[');
    }
    out.push(']');
}

/// Appends a string.
pub fn string(out: &mut String, text: &str) {
    out.push('"');
    let mut start = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.push_str(text.get(start..at).unwrap_or_default());
        start = at + 1;
        match byte {
            b'"' | b'\\' => out.extend(['\\', char::from(byte)]),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            _ => out.push_str(&format!("\\u{byte:04x}")),
        }
    }
    out.push_str(text.get(start..).unwrap_or_default());
    out.push('"');
}

/// A string by itself, also for error messages: not Debug, which brings tables of all of Unicode.
pub fn quoted(text: &str) -> String {
    let mut out = String::new();
    string(&mut out, text);
    out
}

/// Appends the shortest decimal that reads as this number again. JSON has no infinity, but every parser reads
/// 1e999 as one. NaN is null.
pub fn number(out: &mut String, number: f32) {
    if number.is_nan() {
        return out.push_str("null");
    }
    if number < 0.0 {
        out.push('-');
    }
    match f64::from(number.abs()) {
        0.0 => out.push('0'),
        f64::INFINITY => out.push_str("1e999"),
        size => positive(out, size),
    }
}

fn positive(out: &mut String, size: f64) {
    // Nine digits always do. Scaled by a double, they are off by far less than a unit.
    let mut exponent = 0;
    let mut scaled = size;
    while scaled >= 1e9 {
        exponent += 1;
        scaled = size / short(1, exponent);
    }
    while scaled < 1e8 {
        exponent -= 1;
        scaled = size * short(1, -exponent);
    }
    let reads_back = |digits: u32, exponent: i32| short(u64::from(digits), exponent) as f32 == size as f32;
    let mut unit = 1e8;
    let mut places = 8;
    let (mut digits, mut exponent) = loop {
        let digits = (scaled / unit).round() as u32;
        if places == 0 || reads_back(digits, exponent + places) {
            break (digits, exponent + places);
        }
        unit /= 10.0;
        places -= 1;
    };
    while digits.is_multiple_of(10) {
        digits /= 10;
        exponent += 1;
    }
    let digits = digits.to_string();
    // Where the point stands, counted from the first digit.
    let point = digits.len() as i32 + exponent;
    match (usize::try_from(point), digits.len()) {
        (Ok(point), length) if (length..=17).contains(&point) => {
            out.push_str(&digits);
            out.extend((length..point).map(|_| '0'));
        }
        (Ok(point @ 1..), _) if point <= 17 => {
            // Not by slices: those can panic, and with that message come tables of Unicode.
            let (whole, fraction) = digits.split_at_checked(point).unwrap_or_default();
            out.push_str(whole);
            out.push('.');
            out.push_str(fraction);
        }
        _ if (-5..=0).contains(&point) => {
            out.push_str("0.");
            out.extend((point..0).map(|_| '0'));
            out.push_str(&digits);
        }
        _ => out.push_str(&format!("{digits}e{exponent}")),
    }
}

/// An object that is being appended, field after field.
pub struct Object<'o> {
    out: &'o mut String,
    empty: bool,
}

impl<'o> Object<'o> {
    /// Begins one.
    pub fn new(out: &'o mut String) -> Object<'o> {
        out.push('{');
        Object { out, empty: true }
    }

    /// A field, whose value the caller appends.
    pub fn field(&mut self, name: &str) -> &mut String {
        if !std::mem::replace(&mut self.empty, false) {
            self.out.push(',');
        }
        string(self.out, name);
        self.out.push(':');
        self.out
    }

    /// A string field.
    pub fn text(&mut self, name: &str, text: &str) {
        string(self.field(name), text);
    }

    /// A natural number.
    pub fn count(&mut self, name: &str, count: u64) {
        self.field(name).push_str(&count.to_string());
    }

    /// Several natural numbers.
    pub fn counts(&mut self, counts: &[(&str, u64)]) {
        counts.iter().for_each(|(name, count)| self.count(name, *count));
    }

    /// Ends it.
    pub fn end(self) {
        self.out.push('}');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};

    fn written(value: f32) -> String {
        let mut out = String::new();
        number(&mut out, value);
        out
    }

    #[test]
    fn numbers_are_short_and_read_back() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (-1.5, "-1.5"),
            (0.1, "0.1"),
            (0.99999994, "0.99999994"),
            (100.0, "100"),
            (123456.79, "123456.79"),
            (16777216.0, "16777216"),
            (1e-5, "0.00001"),
            (1e-7, "1e-7"),
            (1.5e-7, "15e-8"),
            (1e16, "10000000000000000"),
            (3e38, "3e38"),
            (f32::INFINITY, "1e999"),
            (f32::NEG_INFINITY, "-1e999"),
            (f32::NAN, "null"),
        ] {
            assert_eq!(written(value), text);
        }
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(9);
        let extremes = [f32::MAX, f32::MIN_POSITIVE, 1e-45, 3e-45, 1.1754942e-38];
        let random = (0..200_000).map(|_| match rng.random() {
            true => f32::from_bits(rng.random()),
            false => rng.random_range(-1.0..1.0),
        });
        for value in extremes.into_iter().chain(random).filter(|value| value.is_finite()) {
            let text = written(value);
            assert_eq!(text.parse::<f32>().unwrap(), value, "{text}");
            let digits = |text: &str| {
                let text = text.split('e').next().unwrap_or_default();
                let digits: String = text.chars().filter(char::is_ascii_digit).collect();
                digits.trim_matches('0').len()
            };
            // At powers of two the interval is lopsided, and the shortest may not be the nearest.
            let standard = digits(&format!("{value:e}"));
            assert!(digits(&text) <= standard + usize::from(value.to_bits() << 9 == 0), "{text}");
        }
    }

    #[test]
    fn strings_are_escaped() {
        let mut out = String::new();
        let odd = "a\"b\\c\n\r\t\u{1}\u{1f}é😀/\u{7f}";
        string(&mut out, odd);
        assert_eq!(out, "\"a\\\"b\\\\c\\n\\r\\t\\u0001\\u001fé😀/\u{7f}\"");
        assert_eq!(serde_json::from_str::<String>(&out).unwrap(), odd);
    }

    #[test]
    fn objects_and_lists() {
        let mut out = String::new();
        let mut object = Object::new(&mut out);
        object.counts(&[("a", 1), ("b", u64::MAX)]);
        object.text("c", "x");
        list(object.field("d"), [1u64, 2].iter(), |out, one| out.push_str(&one.to_string()));
        list(object.field("e"), [1u64; 0].iter(), |out, one| out.push_str(&one.to_string()));
        object.end();
        assert_eq!(out, r#"{"a":1,"b":18446744073709551615,"c":"x","d":[1,2],"e":[]}"#);
        out.clear();
        Object::new(&mut out).end();
        assert_eq!(out, "{}");
    }
}
