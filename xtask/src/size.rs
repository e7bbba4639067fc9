//! Sizes, raw and as a browser downloads them.

use std::path::Path;

use crate::run::{Failure, Result, capture, command};

/// README promises that what every page downloads, of either build, is at most 170,000 bytes gzipped. The tests of the
/// package hold that against what Node's zlib makes of it, which is up to 1 % more than what `gzip -9` does.
pub const WASM_GZIP_MAX: usize = 169_000;
/// And 125,000 what comes on demand.
pub const MORE_GZIP_MAX: usize = 123_500;
/// And this what derives keys, and compresses and encrypts where the host cannot.
pub const SEAL_GZIP_MAX: usize = 60_000;

/// Bytes as they are, and after `gzip -9`.
#[derive(Clone, Copy, Default, PartialEq, Debug)]
pub struct Size {
    /// As on disk.
    pub raw: usize,
    /// As downloaded.
    pub gzip: usize,
}

/// Measures one file. By gzip itself, which every Unix has: not worth a dependency.
pub fn of(path: &Path) -> Result<Size> {
    let raw = std::fs::read(path).map_err(|error| Failure::io("read", path, &error))?.len();
    let gzip = capture(command("gzip").args(["-9", "-n", "-c"]).arg(path))?.len();
    Ok(Size { raw, gzip })
}

impl std::ops::Add for Size {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { raw: self.raw + other.raw, gzip: self.gzip + other.gzip }
    }
}

impl std::fmt::Display for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} KB, gzipped {} KB", kilobytes(self.raw), kilobytes(self.gzip))
    }
}

fn kilobytes(bytes: usize) -> String {
    format!("{}.{}", bytes / 1024, bytes % 1024 * 10 / 1024)
}

/// Fails when a file has outgrown its promise.
pub fn check_wasm(name: &str, size: Size, max: usize) -> Result<()> {
    if size.gzip <= max {
        return Ok(());
    }
    Err(Failure::new(format!("{name} is {size}; at most {max} bytes gzipped are promised")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_kilobytes_and_keeps_the_limit() {
        assert_eq!(Size { raw: 2048, gzip: 1535 }.to_string(), "2.0 KB, gzipped 1.4 KB");
        assert!(check_wasm("a", Size { raw: 0, gzip: WASM_GZIP_MAX }, WASM_GZIP_MAX).is_ok());
        assert!(check_wasm("a", Size { raw: 0, gzip: WASM_GZIP_MAX + 1 }, WASM_GZIP_MAX).is_err());
    }

    #[test]
    fn measures_a_file() -> Result<()> {
        let size = of(&crate::paths::root().join("LICENSE-APACHE"))?;
        assert!(size.raw > 10_000 && size.gzip > 1_000 && size.gzip < size.raw / 2, "{size:?}");
        Ok(())
    }
}
