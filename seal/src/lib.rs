//! What an archive may be: compressed, encrypted, with a key of its own or one that is derived from a passphrase.
//!
//! Pure functions over bytes, each bounded before it allocates. The algorithms are those of well-kept crates; what is here is
//! one narrow way to call them: one cipher, one hash, one function for passphrases, no choice that could be made wrong.
//! In a browser the host does most of it, in the same formats, and a wasm file made of this crate does the rest.

mod cipher;
mod compress;
mod error;
mod keys;
#[cfg(target_arch = "wasm32")]
mod wasm;

pub use cipher::{TAG_BYTES, decrypt, encrypt};
pub use compress::{deflate, inflate};
pub use error::SealError;
pub use keys::{LANES, MEMORY_KIB, PASSES, derive, sha256, subkey};
