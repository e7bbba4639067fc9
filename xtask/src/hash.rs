//! A fingerprint of bytes, to see whether an input changed. Not for security: the inputs are our own.

use std::hash::{DefaultHasher, Hasher};
use std::path::Path;

use crate::run::{Failure, Result};

/// Sixteen hex digits. Another Rust version may give others; then something is done once more, no harm.
pub fn bytes(parts: &[&[u8]]) -> String {
    let mut hasher = DefaultHasher::new();
    for part in parts {
        hasher.write_usize(part.len());
        hasher.write(part);
    }
    format!("{:016x}", hasher.finish())
}

/// The fingerprint of a file.
pub fn file(path: &Path) -> Result<String> {
    let content = std::fs::read(path).map_err(|error| Failure::io("read", path, &error))?;
    Ok(bytes(&[&content]))
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn tells_parts_apart() {
        assert_eq!(bytes(&[b"ab", b"c"]), bytes(&[b"ab", b"c"]));
        assert_ne!(bytes(&[b"ab", b"c"]), bytes(&[b"a", b"bc"]));
        assert_eq!(bytes(&[]).len(), 16);
    }
}
