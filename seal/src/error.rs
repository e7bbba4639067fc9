//! Why something could not be sealed, or not be opened.

use std::fmt;

/// Why something could not be sealed, or not be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealError {
    /// An argument is out of its bounds: which, and what they are.
    Bounds(&'static str),
    /// The bytes are not what was compressed.
    Deflate,
    /// The bytes are not what was encrypted, or not with this key, nonce and context. Which of them, nobody can tell.
    Tag,
    /// There is no memory for it.
    Memory,
}

impl fmt::Display for SealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SealError::Bounds(what) => what,
            SealError::Deflate => "compressed bytes are damaged: they do not give what was compressed",
            SealError::Tag => "the key or the passphrase is another one, or encrypted bytes were changed",
            SealError::Memory => "there is no memory for it",
        })
    }
}

impl std::error::Error for SealError {}
