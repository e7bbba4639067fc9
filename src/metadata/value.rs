//! A JSON value as the store understands it, and the bounded parser that makes one.
//!
//! Objects are lists of pairs, not maps with behaviour: `__proto__` and friends are keys like any other.

use crate::error::{Error, Result};
use crate::json::{self, Bad, Reader};
use crate::limits::{DEPTH_MAX, METADATA_BYTES_MAX};
use crate::sorted::SortedMap;

/// Any JSON value. Every number is a double, as in JavaScript; `-0` equals `0`.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A finite number.
    Num(f64),
    /// A string.
    Str(Box<str>),
    /// An array.
    Arr(Vec<Value>),
    /// An object: its keys in the order of their first appearance, each once.
    Obj(Vec<(Box<str>, Value)>),
}

/// Parses the metadata of a row: one JSON object, at most [`METADATA_BYTES_MAX`] bytes as compact JSON and
/// [`DEPTH_MAX`] levels deep. A key given twice has the value given last, as with `JSON.parse`.
pub fn parse_metadata(text: &str) -> Result<Value> {
    // Only insignificant whitespace may take the text over the bound, so the common case costs one compare.
    if text.len() > METADATA_BYTES_MAX {
        let bytes = super::merge::compact_len(text);
        if bytes > METADATA_BYTES_MAX {
            return Err(too_large(bytes));
        }
    }
    let value = parse_json(text, "metadata")?;
    match value {
        Value::Obj(_) => Ok(value),
        other => Err(Error::invalid("metadata must be a JSON object; put the value under a key")
            .with("an object", other.describe())),
    }
}

pub(super) fn too_large(bytes: usize) -> Error {
    Error::invalid("metadata is too large; keep long texts elsewhere and store a key to them")
        .with(format_args!("at most {METADATA_BYTES_MAX} bytes as compact JSON"), bytes)
}

/// Parses JSON of any type, bounded in depth; `what` names the text in errors.
pub(super) fn parse_json(text: &str, what: &str) -> Result<Value> {
    let mut parser = Parser { reader: Reader::new(text), deep: None };
    let parsed = parser.value(DEPTH_MAX).and_then(|value| parser.reader.end().map(|()| value));
    let deep = parser.deep;
    match (parsed, deep) {
        (Ok(value), _) => Ok(value),
        (Err(_), Some(path)) => {
            Err(Error::invalid(format!("{what} is nested too deeply at {}", quote(&path)))
                .with(format_args!("at most {DEPTH_MAX} levels"), format_args!("more than {DEPTH_MAX}")))
        }
        (Err(error), None) => {
            Err(Error::invalid(format!("{what} is not valid JSON: {error}")).with("JSON text", quote(text)))
        }
    }
}

/// The beginning of a text, short enough for an error message.
pub(super) fn clip(text: &str) -> String {
    const CHARS: usize = 60;
    match text.char_indices().nth(CHARS) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

pub(super) fn quote(text: &str) -> String {
    json::quoted(&clip(text))
}

impl Value {
    /// The value in a few words, for error messages.
    pub fn describe(&self) -> String {
        match self {
            Value::Null => "null".to_owned(),
            Value::Bool(value) => format!("the boolean {value}"),
            Value::Num(value) if value.fract() == 0.0 && value.abs() < 1e15 => {
                format!("the number {}", *value as i64)
            }
            Value::Num(value) if value.abs() > f64::from(f32::MAX) => {
                "a number beyond all measure".to_owned()
            }
            Value::Num(value) => {
                let mut text = "the number ".to_owned();
                // To about seven digits: enough for a person.
                json::number(&mut text, *value as f32);
                text
            }
            Value::Str(text) => format!("the string {}", quote(text)),
            Value::Arr(items) if items.is_empty() => "an empty array".to_owned(),
            Value::Arr(_) => "an array".to_owned(),
            Value::Obj(fields) if fields.is_empty() => "an empty object".to_owned(),
            Value::Obj(_) => "an object".to_owned(),
        }
    }
}

/// Makes values. The path of a too deep spot is put together while the error unwinds, so that good input pays
/// nothing for it.
struct Parser<'t> {
    reader: Reader<'t>,
    deep: Option<String>,
}

impl Parser<'_> {
    /// One value, with `room` levels left.
    fn value(&mut self, room: usize) -> std::result::Result<Value, Bad> {
        Ok(match self.reader.peek() {
            Some(b'{') => Value::Obj(last_wins(self.enter(room).and_then(|room| self.object(room))?)),
            Some(b'[') => Value::Arr(self.enter(room).and_then(|room| self.array(room))?),
            Some(b'"') => Value::Str(self.reader.string()?.into()),
            Some(b't') => self.reader.word("true").map(|()| Value::Bool(true))?,
            Some(b'f') => self.reader.word("false").map(|()| Value::Bool(false))?,
            Some(b'n') => self.reader.word("null").map(|()| Value::Null)?,
            Some(b'-' | b'0'..=b'9') => {
                let value = self.reader.number()?.value;
                if value.is_infinite() {
                    return Err(self.reader.bad("number out of range"));
                }
                Value::Num(value)
            }
            _ => return Err(self.reader.bad("expected a value")),
        })
    }

    fn enter(&mut self, room: usize) -> std::result::Result<usize, Bad> {
        room.checked_sub(1).ok_or_else(|| {
            self.deep = Some(String::new());
            self.reader.bad("nested too deeply")
        })
    }

    fn array(&mut self, room: usize) -> std::result::Result<Vec<Value>, Bad> {
        let (mut items, mut first) = (Vec::new(), true);
        self.reader.take(b'[');
        while self.reader.more(b']', &mut first)? {
            match self.value(room) {
                Ok(item) => items.push(item),
                Err(error) => {
                    prepend(&mut self.deep, &format!("[{}]", items.len()));
                    return Err(error);
                }
            }
        }
        Ok(items)
    }

    fn object(&mut self, room: usize) -> std::result::Result<Vec<(Box<str>, Value)>, Bad> {
        let (mut fields, mut first) = (Vec::new(), true);
        self.reader.take(b'{');
        while self.reader.more(b'}', &mut first)? {
            let key = self.reader.key()?;
            match self.value(room) {
                Ok(value) => fields.push((key.into(), value)),
                Err(error) => {
                    prepend(&mut self.deep, &key);
                    return Err(error);
                }
            }
        }
        Ok(fields)
    }
}

fn prepend(deep: &mut Option<String>, step: &str) {
    if let Some(path) = deep {
        let dot = if path.is_empty() || path.starts_with('[') { "" } else { "." };
        *path = format!("{step}{dot}{path}");
    }
}

/// Keeps each key once, at its first place and with its last value, as `JSON.parse` does.
pub(super) fn last_wins<K: AsRef<str> + Ord, V>(fields: Vec<(K, V)>) -> Vec<(K, V)> {
    // Rows have few keys, and comparing those is cheaper than a map; many keys must not cost their square.
    const FEW: usize = 16;
    let twice = if fields.len() <= FEW {
        fields.iter().enumerate().any(|(i, (key, _))| fields[..i].iter().any(|(earlier, _)| earlier == key))
    } else {
        let keys = fields.iter().map(|(key, _)| (key.as_ref(), 0));
        keys.collect::<SortedMap<&str, usize>>().len() < fields.len()
    };
    if !twice {
        return fields;
    }
    let keys: Vec<String> = fields.iter().map(|(key, _)| key.as_ref().to_owned()).collect();
    let mut places: SortedMap<&str, usize> = SortedMap::new();
    let mut kept: Vec<(K, V)> = Vec::with_capacity(fields.len());
    for ((key, value), name) in fields.into_iter().zip(&keys) {
        match places.get(name.as_str()) {
            Some(&place) => kept[place].1 = value,
            None => {
                places.insert(name, kept.len());
                kept.push((key, value));
            }
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    fn num(text: &str) -> f64 {
        match parse_json(text, "test").unwrap() {
            Value::Num(value) => value,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn numbers_are_doubles() {
        assert_eq!(num("9007199254740993"), 9007199254740992.0);
        assert_eq!(num("18446744073709551615"), 18446744073709551616.0);
        assert_eq!(num("-9223372036854775808"), -9223372036854775808.0);
        assert_eq!(num("1e3"), num("1000"));
        assert_eq!(parse_json("-0", "test").unwrap(), parse_json("0", "test").unwrap());
        assert_eq!(parse_json("1e400", "test").unwrap_err().kind, Kind::Invalid);
    }

    #[test]
    fn the_last_of_two_equal_keys_wins_at_the_first_place() {
        let many: String = (0..40).map(|i| format!(r#","k{i}":{i}"#)).collect();
        for tail in ["", &many] {
            let Value::Obj(fields) = parse_metadata(&format!(r#"{{"a":1,"b":2,"a":3{tail}}}"#)).unwrap()
            else {
                panic!("not an object")
            };
            assert_eq!(fields[0], ("a".into(), Value::Num(3.0)));
            assert_eq!(fields[1], ("b".into(), Value::Num(2.0)));
            assert_eq!(fields.iter().filter(|(key, _)| &**key == "a").count(), 1);
        }
    }

    #[test]
    fn proto_is_a_plain_key() {
        let value = parse_metadata(r#"{"__proto__":{"x":1},"constructor":2}"#).unwrap();
        let Value::Obj(fields) = value else { panic!("not an object") };
        assert_eq!(fields[0].0.as_ref(), "__proto__");
        assert_eq!(fields[1], ("constructor".into(), Value::Num(2.0)));
    }

    #[test]
    fn depth_is_bounded_and_the_spot_named() {
        let nest = |levels: usize| format!("{}1{}", r#"{"a":"#.repeat(levels), "}".repeat(levels));
        assert!(parse_metadata(&nest(DEPTH_MAX)).is_ok());
        let error = parse_metadata(&nest(DEPTH_MAX + 1)).unwrap_err();
        assert_eq!(error.kind, Kind::Invalid);
        assert!(error.message.contains("a.a.a.a"), "{error}");
        let error = parse_metadata(&format!(r#"{{"x":[0,{}]}}"#, nest(10_000))).unwrap_err();
        assert!(error.message.contains("x[1].a.a"), "{error}");
    }

    #[test]
    fn size_is_that_of_compact_json() {
        let of = |bytes: usize| format!(r#"{{"a":"{}"}}"#, "x".repeat(bytes - 8));
        assert_eq!(of(100).len(), 100);
        assert!(parse_metadata(&of(METADATA_BYTES_MAX)).is_ok());
        let padded = of(METADATA_BYTES_MAX).replace(':', " :\n\t ");
        assert!(parse_metadata(&padded).is_ok());
        let error = parse_metadata(&of(METADATA_BYTES_MAX + 1)).unwrap_err();
        assert_eq!(error.kind, Kind::Invalid);
        assert_eq!(error.pair.as_ref().unwrap().1, (METADATA_BYTES_MAX + 1).to_string());
    }

    #[test]
    fn what_is_not_an_object_is_refused() {
        for (text, got) in
            [("[1]", "an array"), ("null", "null"), ("7", "the number 7"), (r#""t""#, "the string \"t\"")]
        {
            let error = parse_metadata(text).unwrap_err();
            assert_eq!(error.kind, Kind::Invalid);
            assert_eq!(error.pair, Some(("an object".to_owned(), got.to_owned())));
        }
        for text in
            ["", "{", "{\"a\":}", "{} {}", "{'a':1}", "{\"a\":\"\\ud800\"}", "{\"a\":01}", "{\"a\":NaN}"]
        {
            let error = parse_metadata(text).unwrap_err();
            assert_eq!(error.kind, Kind::Invalid);
            assert!(error.message.contains("not valid JSON"), "{error}");
        }
    }
}
