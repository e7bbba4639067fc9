//! The one error type. Coarse kinds for what a caller would do, a sentence for the person who reads it.

use std::fmt;

/// Shorthand used by every module.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong, as far as a program would act on it. The names are stable and are the `code` of the
/// JavaScript `LodestoreError`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The call is wrong: fix the argument that the message names. Nothing changed.
    Invalid,
    /// The stored collection has another dimension, metric, index or model. Open it as it is, or `rebuild`.
    Mismatch,
    /// Stored bytes fail their checksum or contradict each other. Restore a backup or salvage.
    Corrupt,
    /// The bytes were written by a newer Lodestore. Upgrade this one.
    Version,
    /// Somebody else has the database open, or wrote to it. Close the other one and reopen.
    Conflict,
    /// The host has no room. Free some and write again; nothing was half written.
    Quota,
    /// The host refused or lost the storage. Reads go on; try the write again.
    Unavailable,
    /// The handle was closed. Open the database again.
    Closed,
    /// The database was there and its files are gone: the host took them. What is in memory can still be read.
    Evicted,
}

impl Kind {
    /// The stable name, as JavaScript sees it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Invalid => "Invalid",
            Kind::Mismatch => "Mismatch",
            Kind::Corrupt => "Corrupt",
            Kind::Version => "Version",
            Kind::Conflict => "Conflict",
            Kind::Quota => "Quota",
            Kind::Unavailable => "Unavailable",
            Kind::Closed => "Closed",
            Kind::Evicted => "Evicted",
        }
    }

    /// The kind with this stable name; `None` for any other text.
    pub fn from_name(name: &str) -> Option<Kind> {
        Some(match name {
            "Invalid" => Kind::Invalid,
            "Mismatch" => Kind::Mismatch,
            "Corrupt" => Kind::Corrupt,
            "Version" => Kind::Version,
            "Conflict" => Kind::Conflict,
            "Quota" => Kind::Quota,
            "Unavailable" => Kind::Unavailable,
            "Closed" => Kind::Closed,
            "Evicted" => Kind::Evicted,
            _ => return None,
        })
    }
}

/// An error: a [`Kind`], a sentence that says what to do, and the pair expected/got where there is one. One
/// pointer wide, since every `?` moves it: the fields themselves at each of them were a tenth of the wasm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(Box<Said>);

/// What an [`Error`] says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// What a program would act on.
    pub kind: Kind,
    /// What happened and what to do, for a person.
    pub message: String,
    /// What was expected and what came.
    pub pair: Option<(String, String)>,
}

impl Error {
    /// An error of `kind` that says `message`.
    #[inline]
    pub fn new(kind: Kind, message: impl Into<String>) -> Error {
        Error::said(kind, message.into())
    }

    #[inline(never)]
    fn said(kind: Kind, message: String) -> Error {
        Error(Box::new(Said { kind, message, pair: None }))
    }

    /// The call is wrong.
    pub fn invalid(message: impl Into<String>) -> Error {
        Error::new(Kind::Invalid, message)
    }

    /// Stored bytes are damaged.
    pub fn corrupt(message: impl Into<String>) -> Error {
        Error::new(Kind::Corrupt, message)
    }

    /// Of what was checked before it was written: that it does not fit by now is damage. What the host says, or that there
    /// is no memory, stays what it is.
    pub fn as_damage(self, what: fmt::Arguments<'_>) -> Error {
        match self.kind {
            Kind::Invalid | Kind::Mismatch | Kind::Corrupt => {
                Error::corrupt(format!("{what}: {}", self.message))
            }
            _ => self,
        }
    }

    /// Says before the message what it is about.
    #[inline(never)]
    pub fn about(mut self, what: fmt::Arguments<'_>) -> Error {
        self.0.message = format!("{what}: {}", self.0.message);
        self
    }

    /// Adds what was expected and what came.
    #[inline]
    pub fn with(self, expected: impl fmt::Display, got: impl fmt::Display) -> Error {
        self.with_pair(&expected, &got)
    }

    // Not generic: every pair of types would be a copy of it in the wasm.
    #[inline(never)]
    fn with_pair(mut self, expected: &dyn fmt::Display, got: &dyn fmt::Display) -> Error {
        self.0.pair = Some((expected.to_string(), got.to_string()));
        self
    }
}

/// Names as an error lists them. By hand: the library's `join` is a kilobyte of wasm.
pub fn listed(names: &[&str]) -> String {
    let mut list = String::new();
    for name in names {
        if !list.is_empty() {
            list.push_str(", ");
        }
        list.push_str(name);
    }
    list
}

impl std::ops::Deref for Error {
    type Target = Said;
    fn deref(&self) -> &Said {
        &self.0
    }
}

impl std::ops::DerefMut for Error {
    fn deref_mut(&mut self) -> &mut Said {
        &mut self.0
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.name(), self.message)?;
        if let Some(pair) = &self.pair {
            write!(f, " (expected {}, got {})", pair.0, pair.1)?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}
