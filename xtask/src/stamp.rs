//! Marks of completion: a small file written last, whose text says what was completed.

use std::fs;
use std::path::Path;

use crate::run::{Failure, Result};

/// Whether the mark is there and says exactly this. Anything else means: do it again.
pub fn matches(path: &Path, text: &str) -> bool {
    fs::read_to_string(path).is_ok_and(|found| found == text)
}

/// Writes the mark in one step, so that a half-written one can never match.
pub fn write(path: &Path, text: &str) -> Result<()> {
    let parent = path.parent().unwrap_or(path);
    fs::create_dir_all(parent).map_err(|error| Failure::io("create", parent, &error))?;
    let draft = path.with_extension(format!("{}.tmp", std::process::id()));
    fs::write(&draft, text).map_err(|error| Failure::io("write", &draft, &error))?;
    fs::rename(&draft, path).map_err(|error| Failure::io("rename to", path, &error))
}

/// Removes the mark before the work that it vouches for is begun again.
pub fn clear(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Failure::io("remove", path, &error))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_only_the_very_text() -> Result<()> {
        let path = crate::paths::scratch().join(format!("stamp-test-{}", std::process::id()));
        assert!(!matches(&path, "a"));
        write(&path, "a")?;
        assert!(matches(&path, "a"));
        assert!(!matches(&path, "ab"));
        clear(&path)?;
        assert!(!matches(&path, "a"));
        clear(&path)
    }
}
