//! Libraries that the command line needs, put into the one module of the package that imports them: users install no
//! dependencies, and browsers load nothing of this. Their licences go into the package as well.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::paths;
use crate::run::{Failure, Result, quiet};
use crate::setup::npm;

/// The module, without its ending, below dist/ of the package.
const MODULE: &str = "cli/formats/parquet/library";
/// Where the licences stand in the package.
const NOTICES: &str = "LICENSES-BUNDLED";
/// What a package of npm calls its licence.
const LICENCES: [&str; 3] = ["LICENSE", "LICENSE.md", "LICENSE.txt"];

/// Replaces the module that tsc made of its source by one that has the libraries in it.
pub fn bundle(package: &Path) -> Result<()> {
    let root = paths::root();
    let module = package.join("dist").join(MODULE).with_extension("js");
    let meta = paths::target().join("npm/bundle.json");
    let mut esbuild = npm::tool(&root, "esbuild")?;
    esbuild.arg(paths::template().join("src").join(MODULE).with_extension("ts"));
    esbuild.args(["--bundle", "--platform=node", "--format=esm", "--target=node20", "--log-level=warning"]);
    esbuild.args(["--legal-comments=inline", "--tree-shaking=true"]);
    esbuild.arg(format!("--outfile={}", module.display()));
    esbuild.arg(format!("--metafile={}", meta.display()));
    quiet(&mut esbuild)?;
    // Its sources are not in the package.
    let map = module.with_extension("js.map");
    fs::remove_file(&map).map_err(|error| Failure::io("remove", &map, &error))?;
    let text = fs::read_to_string(&meta).map_err(|error| Failure::io("read", &meta, &error))?;
    let mut notices = String::from(
        "dist/cli/formats/parquet/library.js holds code of these packages, each under its own licence.\n",
    );
    for name in packages(&text) {
        notices += &notice(&root.join("node_modules").join(&name), &name)?;
    }
    let place = package.join(NOTICES);
    fs::write(&place, notices).map_err(|error| Failure::io("write", &place, &error))
}

/// The packages of which something is in the bundle: esbuild names every file.
fn packages(metafile: &str) -> BTreeSet<String> {
    let after = metafile.split("node_modules/").skip(1);
    after
        .filter_map(|path| {
            let mut parts = path.split(['/', '"']);
            let first = parts.next()?;
            if first.starts_with('@') {
                Some(format!("{first}/{}", parts.next()?))
            } else {
                Some(first.into())
            }
        })
        .collect()
}

/// Its licence, word for word. A package without one must not be bundled.
fn notice(folder: &Path, name: &str) -> Result<String> {
    let text = LICENCES.iter().find_map(|file| fs::read_to_string(folder.join(file)).ok());
    let text = text.ok_or_else(|| Failure::new(format!("{name} has no licence in {}", folder.display())))?;
    Ok(format!("\n{name}\n{}\n\n{}\n", "-".repeat(name.len()), text.trim()))
}

#[cfg(test)]
mod tests {
    use super::packages;

    #[test]
    fn names_each_package_once() {
        let metafile = r#"{"inputs":{"node_modules/one/src/a.js":{},"node_modules/one/b.js":{},"src/c.ts":{},
            "node_modules/@scope/two/index.js":{"imports":[{"path":"node_modules/one/src/a.js"}]}}}"#;
        let names: Vec<_> = packages(metafile).into_iter().collect();
        assert_eq!(names, ["@scope/two", "one"]);
        assert!(packages("{}").is_empty());
    }
}
