//! Source maps name their sources by the way from where the compiler wrote them. In the package the sources lie
//! elsewhere, so the names are changed; tsc has no option for that where there are folders.

use std::fs;
use std::path::Path;

use crate::run::{Failure, Result};

/// Changes every map below `folder`, which is `depth` folders below the package's dist/.
pub fn relocate(folder: &Path, depth: usize) -> Result<()> {
    let entries = fs::read_dir(folder).map_err(|error| Failure::io("list", folder, &error))?;
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            relocate(&path, depth + 1)?;
        } else if path.extension().is_some_and(|extension| extension == "map") {
            let text = fs::read_to_string(&path).map_err(|error| Failure::io("read", &path, &error))?;
            let moved = rename(&text, depth).ok_or_else(|| {
                Failure::new(format!("{} names sources outside pkg-templates/npm/src", path.display()))
            })?;
            fs::write(&path, moved).map_err(|error| Failure::io("write", &path, &error))?;
        }
    }
    Ok(())
}

/// From the way to pkg-templates/npm/src in the repository to the way to src/ in the package.
fn rename(map: &str, depth: usize) -> Option<String> {
    // dist/ is four folders below the root: target/npm/package/dist.
    let old = format!("\"{}pkg-templates/npm/src/", "../".repeat(depth + 4));
    let new = format!("\"{}src/", "../".repeat(depth + 1));
    map.contains(&old).then(|| map.replace(&old, &new))
}

#[cfg(test)]
mod tests {
    use super::rename;

    #[test]
    fn renames_sources_at_each_depth() {
        let map =
            |path: &str| format!(r#"{{"version":3,"file":"a.js","sources":["{path}"],"mappings":"AAAA"}}"#);
        assert_eq!(rename(&map("../../../../pkg-templates/npm/src/a.ts"), 0), Some(map("../src/a.ts")));
        let deep = map("../../../../../pkg-templates/npm/src/storage/a.ts");
        assert_eq!(rename(&deep, 1), Some(map("../../src/storage/a.ts")));
        assert_eq!(rename(&deep, 0), None);
    }
}
