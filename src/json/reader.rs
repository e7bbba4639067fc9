//! A pull reader: the caller says what it expects.

use super::decimal::nearest;
use std::borrow::Cow;
use std::fmt;

/// What is wrong with a text, and at which byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bad {
    /// What.
    pub what: &'static str,
    /// Where.
    pub at: usize,
}

impl fmt::Display for Bad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.what, self.at)
    }
}

/// A number as it stands there, and its value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Number<'t> {
    /// Its text.
    pub text: &'t str,
    /// The nearest double, which may be infinite.
    pub value: f64,
}

/// Reads a text from its beginning.
pub struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Reader<'t> {
    /// At the beginning of `text`.
    pub fn new(text: &'t str) -> Reader<'t> {
        Reader { text, at: 0 }
    }

    /// An error at this place.
    #[cold]
    pub fn bad(&self, what: &'static str) -> Bad {
        Bad { what, at: self.at }
    }

    #[inline]
    fn here(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The first byte of what comes next, whitespace skipped.
    pub fn peek(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.here() {
            self.at += 1;
        }
        self.here()
    }

    /// Goes past `byte` if that comes next.
    pub fn take(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    /// Goes past `word`.
    pub fn word(&mut self, word: &str) -> Result<(), Bad> {
        self.peek();
        if !self.rest().starts_with(word) {
            return Err(self.bad("expected a value"));
        }
        self.at += word.len();
        Ok(())
    }

    /// Nothing but whitespace may follow.
    pub fn end(&mut self) -> Result<(), Bad> {
        self.peek().map_or(Ok(()), |_| Err(self.bad("expected the end of the text")))
    }

    /// In an array or object that ends with `close`: whether one more item follows. `first` is true for the
    /// first and is changed.
    pub fn more(&mut self, close: u8, first: &mut bool) -> Result<bool, Bad> {
        if self.take(close) {
            return Ok(false);
        }
        if !std::mem::replace(first, false) {
            if !self.take(b',') {
                return Err(self.bad("expected a comma or the end of the list"));
            }
            if self.peek() == Some(close) {
                return Err(self.bad("expected another item after the comma"));
            }
        }
        Ok(true)
    }

    /// A key and the colon after it.
    pub fn key(&mut self) -> Result<Cow<'t, str>, Bad> {
        if self.peek() != Some(b'"') {
            return Err(self.bad("expected a key in double quotes"));
        }
        let key = self.string()?;
        if !self.take(b':') {
            return Err(self.bad("expected a colon"));
        }
        Ok(key)
    }

    /// A string. Borrowed when nothing in it is escaped.
    pub fn string(&mut self) -> Result<Cow<'t, str>, Bad> {
        if !self.take(b'"') {
            return Err(self.bad("expected a string"));
        }
        let mut start = self.at;
        let mut unescaped: Option<String> = None;
        loop {
            match self.here() {
                Some(b'"') => {
                    let piece = self.text.get(start..self.at).unwrap_or_default();
                    self.at += 1;
                    return Ok(match unescaped {
                        None => Cow::Borrowed(piece),
                        Some(before) => Cow::Owned(before + piece),
                    });
                }
                Some(b'\\') => {
                    let text = unescaped.get_or_insert_default();
                    text.push_str(self.text.get(start..self.at).unwrap_or_default());
                    self.at += 1;
                    text.push(self.escape()?);
                    start = self.at;
                }
                Some(0x20..) => self.at += 1,
                Some(_) => return Err(self.bad("control character in a string")),
                None => return Err(self.bad("expected the end of the string")),
            }
        }
    }

    /// What stands after a backslash.
    fn escape(&mut self) -> Result<char, Bad> {
        let kind = self.here();
        self.at += 1;
        Ok(match kind {
            Some(same @ (b'"' | b'\\' | b'/')) => char::from(same),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let mut code = self.hex()?;
                if let 0xD800..0xDC00 = code
                    && self.rest().starts_with("\\u")
                {
                    self.at += 2;
                    let low = self.hex()?;
                    code = match low {
                        0xDC00..0xE000 => 0x1_0000 + ((code & 0x3FF) << 10 | (low & 0x3FF)),
                        _ => code,
                    };
                }
                char::from_u32(code).ok_or_else(|| self.bad("half of a surrogate pair"))?
            }
            _ => return Err(self.bad("unknown escape in a string")),
        })
    }

    fn hex(&mut self) -> Result<u32, Bad> {
        let digits = self.text.get(self.at..self.at + 4).unwrap_or_default();
        if digits.len() != 4 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(self.bad("expected four hexadecimal digits"));
        }
        self.at += 4;
        u32::from_str_radix(digits, 16).map_err(|_| self.bad("expected four hexadecimal digits"))
    }

    /// A number.
    pub fn number(&mut self) -> Result<Number<'t>, Bad> {
        self.peek();
        let start = self.at;
        self.at += usize::from(self.here() == Some(b'-'));
        let whole = self.digits()?;
        if whole.len() > 1 && whole.starts_with('0') {
            return Err(self.bad("a number begins with 0"));
        }
        let mut fraction = "";
        if self.here() == Some(b'.') {
            self.at += 1;
            fraction = self.digits()?;
        }
        let mut exponent = 0i32;
        if let Some(b'e' | b'E') = self.here() {
            self.at += 1;
            let negative = self.here() == Some(b'-');
            self.at += usize::from(matches!(self.here(), Some(b'+' | b'-')));
            // Saturating: all such numbers are zero or infinite.
            let digits = self.digits()?.bytes();
            exponent = digits
                .fold(0, |sum: i32, digit| sum.saturating_mul(10).saturating_add(i32::from(digit - b'0')));
            exponent = if negative { -exponent } else { exponent };
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        let exponent = exponent.saturating_sub(fraction.len() as i32);
        let value = match fraction {
            "" => nearest(whole.as_bytes(), exponent),
            // Not by `concat`, which is a kilobyte of wasm for texts.
            _ => nearest((whole.to_owned() + fraction).as_bytes(), exponent),
        };
        Ok(Number { text, value: if text.starts_with('-') { -value } else { value } })
    }

    fn digits(&mut self) -> Result<&'t str, Bad> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.here() {
            self.at += 1;
        }
        match self.text.get(start..self.at) {
            Some(digits) if !digits.is_empty() => Ok(digits),
            _ => Err(self.bad("expected a digit")),
        }
    }

    /// The text of the value that comes next, for who reads it later: it reaches to where an enclosing list
    /// goes on, and only brackets and strings are looked at.
    pub fn raw(&mut self) -> Result<&'t str, Bad> {
        self.peek();
        let start = self.at;
        let mut depth = 0usize;
        loop {
            match self.here() {
                Some(b'"') => {
                    self.skip_string()?;
                    continue;
                }
                Some(b'[' | b'{') => depth += 1,
                Some(b',') if depth == 0 => break,
                Some(b']' | b'}') if depth == 0 => break,
                Some(b']' | b'}') => depth -= 1,
                Some(_) => {}
                None if depth == 0 => break,
                None => return Err(self.bad("expected the end of the list")),
            }
            self.at += 1;
        }
        match self.text.get(start..self.at).unwrap_or_default().trim_ascii_end() {
            "" => Err(self.bad("expected a value")),
            text => Ok(text),
        }
    }

    fn skip_string(&mut self) -> Result<(), Bad> {
        loop {
            self.at += 1;
            match self.here() {
                Some(b'"') => break,
                Some(b'\\') => self.at += 1,
                Some(_) => {}
                None => return Err(self.bad("expected the end of the string")),
            }
        }
        self.at += 1;
        Ok(())
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }
}
