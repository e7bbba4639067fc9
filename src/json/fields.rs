//! Objects of options and lists, read from text into plain types.

use super::reader::{Bad, Reader};
use crate::error::{Error, Result, listed};

/// The fields of an object; each value is text still.
pub struct Fields<'t> {
    what: &'t str,
    fields: Vec<(String, &'t str)>,
}

fn bad<'a>(what: &'a str) -> impl Fn(Bad) -> Error + 'a {
    move |cause| Error::invalid(format!("{what}: {cause}"))
}

impl<'t> Fields<'t> {
    /// Splits an object; `what` names it in errors.
    pub fn read(what: &'t str, text: &'t str) -> Result<Fields<'t>> {
        let fields = fields(text).map_err(bad(what))?;
        Ok(Fields { what, fields })
    }

    /// As [`Fields::read`], and refuses fields of other names.
    pub fn known(what: &'t str, text: &'t str, names: &[&str]) -> Result<Fields<'t>> {
        let fields = Fields::read(what, text)?;
        match fields.fields.iter().find(|(name, _)| !names.contains(&name.as_str())) {
            None => Ok(fields),
            Some((name, _)) => Err(Error::invalid(format!("{what}: there is no such field"))
                .with(format_args!("one of {}", listed(names)), name)),
        }
    }

    /// All of them, in their order.
    pub fn into_pairs(self) -> Vec<(String, &'t str)> {
        self.fields
    }

    /// The text of a field; `None` where it is not there or is null.
    pub fn raw(&self, name: &str) -> Option<&'t str> {
        let found = self.fields.iter().rev().find(|(key, _)| key == name);
        found.map(|(_, raw)| *raw).filter(|raw| *raw != "null")
    }

    /// A string.
    pub fn string(&self, name: &str) -> Result<Option<String>> {
        let Some(raw) = self.raw(name) else { return Ok(None) };
        let mut reader = Reader::new(raw);
        let text = reader.string().and_then(|text| reader.end().map(|()| text));
        text.map(|text| Some(text.into_owned())).map_err(|_| self.wrong(name, "a string", raw))
    }

    /// A number.
    pub fn number(&self, name: &str) -> Result<Option<f64>> {
        let Some(raw) = self.raw(name) else { return Ok(None) };
        let mut reader = Reader::new(raw);
        let number = reader.number().and_then(|number| reader.end().map(|()| number.value));
        number.map(Some).map_err(|_| self.wrong(name, "a number", raw))
    }

    /// A natural number that a double holds exactly.
    pub fn natural(&self, name: &str) -> Result<Option<u64>> {
        const END: f64 = (1u64 << 53) as f64;
        match self.number(name)? {
            None => Ok(None),
            Some(number) if (0.0..END).contains(&number) && number.fract() == 0.0 => Ok(Some(number as u64)),
            Some(_) => Err(self.wrong(name, "a whole number", self.raw(name).unwrap_or_default())),
        }
    }

    /// A boolean.
    pub fn boolean(&self, name: &str) -> Result<Option<bool>> {
        match self.raw(name) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(raw) => Err(self.wrong(name, "true or false", raw)),
        }
    }

    fn wrong(&self, name: &str, expected: &str, raw: &str) -> Error {
        let message = format!("{}: {name} has to be {expected}", self.what);
        Error::invalid(message).with(expected, format_args!("{raw:.60}"))
    }
}

fn fields(text: &str) -> std::result::Result<Vec<(String, &str)>, Bad> {
    let mut reader = Reader::new(text);
    if !reader.take(b'{') {
        return Err(reader.bad("expected an object"));
    }
    let (mut fields, mut first) = (Vec::new(), true);
    while reader.more(b'}', &mut first)? {
        fields.push((reader.key()?.into_owned(), reader.raw()?));
    }
    reader.end().map(|()| fields)
}

/// Reads an array, its items with `item`.
fn array<'t, T>(
    what: &str,
    text: &'t str,
    mut item: impl FnMut(&mut Reader<'t>) -> std::result::Result<T, Bad>,
) -> Result<Vec<T>> {
    let mut reader = Reader::new(text);
    let mut read = || {
        if !reader.take(b'[') {
            return Err(reader.bad("expected an array"));
        }
        let (mut items, mut first) = (Vec::new(), true);
        while reader.more(b']', &mut first)? {
            items.push(item(&mut reader)?);
        }
        reader.end().map(|()| items)
    };
    read().map_err(bad(what))
}

/// The items of an array, each as text that may be no value yet.
pub fn elements<'t>(what: &str, text: &'t str) -> Result<Vec<&'t str>> {
    array(what, text, Reader::raw)
}

/// An array of strings.
pub fn strings(what: &str, text: &str) -> Result<Vec<String>> {
    array(what, text, |reader| reader.string().map(std::borrow::Cow::into_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_have_types() {
        let text = r#"{"a": 10 , "b":"x\u0041","c":true,"d":null,"e":{"f":[1,"]",2]},"g":-1.5,"a":11}"#;
        let fields = Fields::known("options", text, &["a", "b", "c", "d", "e", "g"]).unwrap();
        assert_eq!(fields.natural("a").unwrap(), Some(11));
        assert_eq!(fields.string("b").unwrap().as_deref(), Some("xA"));
        assert_eq!((fields.boolean("c").unwrap(), fields.boolean("d").unwrap()), (Some(true), None));
        assert_eq!(fields.raw("e"), Some(r#"{"f":[1,"]",2]}"#));
        assert_eq!((fields.number("g").unwrap(), fields.number("h").unwrap()), (Some(-1.5), None));
        for error in [
            fields.natural("g").unwrap_err(),
            fields.natural("b").unwrap_err(),
            fields.string("a").unwrap_err(),
            fields.boolean("a").unwrap_err(),
        ] {
            assert!(error.message.starts_with("options: "), "{error}");
        }
    }

    #[test]
    fn other_fields_and_other_texts_are_refused() {
        let error = Fields::known("options", r#"{"topk":1}"#, &["topK", "filter"]).err().unwrap();
        assert_eq!(error.pair, Some(("one of topK, filter".to_owned(), "topk".to_owned())));
        for text in ["", "[]", "{", r#"{"a"}"#, r#"{"a":}"#, r#"{"a":1,}"#, r#"{"a":1} x"#, r#"{a:1}"#, "{,}"]
        {
            assert!(Fields::read("options", text).is_err(), "{text}");
        }
        for text in [r#"{"a":1 2}"#, r#"{"a":1]}"#, r#"{"a":0x10}"#, r#"{"a":"1"}"#] {
            assert!(Fields::read("options", text).and_then(|fields| fields.number("a")).is_err(), "{text}");
        }
    }

    #[test]
    fn arrays() {
        assert_eq!(strings("ids", r#" ["a" , "\"é\ud83d\ude00"] "#).unwrap(), ["a", "\"é😀"]);
        assert_eq!(strings("ids", "[]").unwrap(), [""; 0]);
        assert_eq!(
            elements("rows", r#"[{"a":[1,2]}, null ,"x,]"]"#).unwrap(),
            [r#"{"a":[1,2]}"#, "null", r#""x,]""#]
        );
        for text in [
            "",
            "{}",
            "[",
            "[1]",
            "[\"a\",]",
            "[,]",
            "[\"a\" \"b\"]",
            "[\"\\ud800\"]",
            "[\"\\x\"]",
            "[\"\n\"]",
        ] {
            assert!(strings("ids", text).is_err(), "{text}");
        }
        for text in ["[1,,2]", "[1", "[\"", "[[]", "[1]]", "[1,]"] {
            assert!(elements("rows", text).is_err(), "{text}");
        }
    }
}
