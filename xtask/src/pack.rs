//! The npm package: assembled, made into a tarball, and unpacked from it where it is used, so that the demo
//! and the browser tests run what users install.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Instant;

use crate::args::Args;
use crate::build::{self, replace_folder};
use crate::run::{Failure, Result, command as program, quiet, say, seconds};
use crate::setup::npm;
use crate::size::{self, Size};
use crate::sourcemap;
use crate::toolchain::Simd;
use crate::{bundle, paths, seal};

/// Folders whose node_modules get the package.
const USERS: [&str; 2] = ["www", "tests/web"];

/// Files of the glue that the package needs. Not lodestore_bg.wasm.d.ts: it lists the raw exports, and would
/// pass for the type of `import module from './wasm/lodestore_bg.wasm'`, which edge runtimes make a module of.
const GLUE: [&str; 7] = [
    "lodestore.js",
    "lodestore.d.ts",
    Simd::Baseline.file(),
    Simd::Relaxed.file(),
    Simd::Baseline.second(),
    Simd::Relaxed.second(),
    seal::FILE,
];

/// `cargo xtask pack`
pub fn command(mut args: Args) -> Result<()> {
    let shrink = args.flag("--opt");
    args.done()?;
    pack(shrink).map(|_| ())
}

/// What this process packed already: `test` asks for it with every kind, and one run must test one package.
static PACKED: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Makes the tarball and returns its path.
pub fn pack(shrink: bool) -> Result<PathBuf> {
    let mut packed = PACKED.lock().map_err(|_| Failure::new("packing failed before"))?;
    if let Some(tarball) = packed.as_ref() {
        return Ok(tarball.clone());
    }
    let tarball = pack_anew(shrink)?;
    *packed = Some(tarball.clone());
    Ok(tarball)
}

fn pack_anew(shrink: bool) -> Result<PathBuf> {
    let (wasm, packages) = std::thread::scope(|scope| {
        let packages = scope.spawn(build::root_packages);
        (build::build(shrink), packages.join().unwrap_or(Ok(())))
    });
    let wasm = wasm.and_then(|wasm| packages.map(|()| wasm))?;
    let start = Instant::now();
    assemble()?;
    let tarball = make_tarball()?;
    for user in USERS.map(|user| paths::root().join(user)).iter().filter(|user| user.is_dir()) {
        unpack(&tarball, user)?;
    }
    let scripts = scripts_size(&paths::package().join("dist"))?;
    say("pack", format!("{}: wasm {wasm}", name_of(&tarball)));
    say("pack", format!("{}: scripts {scripts}, all files together", name_of(&tarball)));
    say("pack", format!("done after another {}", seconds(start)));
    Ok(tarball)
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn assemble() -> Result<()> {
    let (template, package) = (paths::template(), paths::package());
    if package.exists() {
        fs::remove_dir_all(&package).map_err(|error| Failure::io("remove", &package, &error))?;
    }
    // Beside the sources, so that tsc and editors find the glue's types where the sources import them.
    copy_glue(&template.join("src/wasm"))?;
    copy_glue(&package.join("dist/wasm"))?;
    let out = package.join("dist");
    let root = paths::root();
    quiet(npm::tool(&root, "tsc")?.arg("-p").arg(&template).arg("--outDir").arg(&out))?;
    sourcemap::relocate(&out, 0)?;
    bundle::bundle(&package)?;
    copy_sources(&template.join("src"), &package.join("src"))?;
    for name in ["LICENSE-MIT", "LICENSE-APACHE", "CHANGELOG.md"] {
        copy(&root.join(name), &package.join(name))?;
    }
    copy(&template.join("README.md"), &package.join("README.md"))?;
    let manifest = template.join("package.json");
    let text = fs::read_to_string(&manifest).map_err(|error| Failure::io("read", &manifest, &error))?;
    let text = with_version(&text, paths::version())
        .ok_or_else(|| Failure::new(format!("{} has no \"version\" to fill in", manifest.display())))?;
    let place = package.join("package.json");
    fs::write(&place, text).map_err(|error| Failure::io("write", &place, &error))
}

fn copy_glue(folder: &Path) -> Result<()> {
    GLUE.iter().try_for_each(|name| copy(&paths::glue().join(name), &folder.join(name)))
}

/// The TypeScript sources, for the source maps; the glue among them is in dist/ already.
fn copy_sources(from: &Path, to: &Path) -> Result<()> {
    let entries = fs::read_dir(from).map_err(|error| Failure::io("list", from, &error))?;
    for entry in entries.flatten() {
        let (path, place) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() && entry.file_name() != "wasm" {
            copy_sources(&path, &place)?;
        } else if path.extension().is_some_and(|extension| extension == "ts") {
            copy(&path, &place)?;
        }
    }
    Ok(())
}

/// Copies a file; makes the folder that it goes to.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    let parent = to.parent().unwrap_or(to);
    fs::create_dir_all(parent).map_err(|error| Failure::io("create", parent, &error))?;
    fs::copy(from, to).map(|_| ()).map_err(|error| Failure::io("copy", from, &error))
}

/// The manifest with the value of its first "version" replaced.
fn with_version(manifest: &str, version: &str) -> Option<String> {
    let (before, after) = manifest.split_once("\"version\"")?;
    let (colon, value) = after.split_once('"')?;
    let (_, rest) = value.split_once('"')?;
    (colon.trim() == ":").then(|| format!("{before}\"version\"{colon}\"{version}\"{rest}"))
}

fn make_tarball() -> Result<PathBuf> {
    let tarball = paths::tarball();
    let folder = paths::target().join("npm");
    let mut npm = program("npm");
    npm.args(["pack", "--ignore-scripts", "--loglevel=error", "--pack-destination"]).arg(&folder);
    quiet(npm.current_dir(paths::package()))?;
    if tarball.is_file() {
        return Ok(tarball);
    }
    Err(Failure::new(format!("npm pack made no {}: is the package's name lodestore?", tarball.display())))
}

fn unpack(tarball: &Path, user: &Path) -> Result<()> {
    // npm clears node_modules away when it installs, so it has to be through before the package is put there.
    npm::install(user)?;
    let modules = user.join("node_modules");
    let draft = modules.join(".lodestore-draft");
    let _ = fs::remove_dir_all(&draft);
    fs::create_dir_all(&draft).map_err(|error| Failure::io("create", &draft, &error))?;
    quiet(program("tar").arg("-xzf").arg(tarball).arg("-C").arg(&draft))?;
    replace_folder(&draft.join("package"), &modules.join("lodestore"))?;
    fs::remove_dir_all(&draft).map_err(|error| Failure::io("remove", &draft, &error))
}

fn scripts_size(folder: &Path) -> Result<Size> {
    let entries = fs::read_dir(folder).map_err(|error| Failure::io("list", folder, &error))?;
    entries.flatten().map(|entry| entry.path()).try_fold(Size::default(), |sum, path| {
        Ok(match path.extension() {
            _ if path.is_dir() => sum + scripts_size(&path)?,
            Some(extension) if extension == "js" => sum + size::of(&path)?,
            _ => sum,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::with_version;

    #[test]
    fn fills_in_the_first_version_only() {
        let manifest = r#"{ "name": "x", "version" : "0.0.0", "engines": { "version": "1" } }"#;
        let filled = r#"{ "name": "x", "version" : "1.2.3", "engines": { "version": "1" } }"#;
        assert_eq!(with_version(manifest, "1.2.3").as_deref(), Some(filled));
        assert_eq!(with_version(r#"{ "name": "x" }"#, "1.2.3"), None);
    }
}
