//! From Rust to wasm and its glue, in target/npm/glue.

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use crate::args::Args;
use crate::run::{Failure, Result, command as program, quiet, run, say, seconds};
use crate::setup::{node, npm, wasm_target};
use crate::size::{self, Size};
use crate::toolchain::{self, TARGET};
use crate::{hash, opt, paths, stamp};

/// `cargo xtask build`
pub fn command(mut args: Args) -> Result<()> {
    let shrink = args.flag("--opt");
    args.done()?;
    build(shrink).map(|_| ())
}

/// Builds the glue and returns the size of the wasm.
pub fn build(shrink: bool) -> Result<Size> {
    let start = Instant::now();
    let results = std::thread::scope(|scope| {
        let tool = scope.spawn(glue_tool);
        let packages = scope.spawn(move || if shrink { root_packages() } else { Ok(()) });
        let wasm = compile();
        (wasm, tool.join().unwrap_or(Ok(())), packages.join().unwrap_or(Ok(())))
    });
    let (wasm, ()) = (results.0?, results.1?);
    results.2?;
    generate(&wasm, shrink)?;
    let size = size::of(&paths::glue().join("lodestore_bg.wasm"))?;
    say("build", format!("lodestore_bg.wasm is {size}, after {}", seconds(start)));
    size::check_wasm(size)?;
    Ok(size)
}

/// The npm packages that building needs.
pub fn root_packages() -> Result<()> {
    node::check()?;
    npm::install(&paths::root())
}

fn compile() -> Result<PathBuf> {
    let wasm = wasm_target::ensure()?;
    // First the sources, so that their folders are known when the flags that rename them are made.
    quiet(program("cargo").args(["fetch", "--target", TARGET]).current_dir(paths::root()))?;
    run(wasm.cargo("build")?.args(["--quiet", "--release", "--lib", "--package", "lodestore"]))?;
    Ok(paths::wasm_target().join(TARGET).join("release/lodestore.wasm"))
}

/// xtask/glue, compiled. Not by this crate's dependency on it: see its Cargo.toml.
fn glue_tool() -> Result<()> {
    let profile = ["--quiet", "--package", "xtask-glue", "--profile", "glue"];
    let target = paths::target();
    run(program("cargo")
        .arg("build")
        .args(profile)
        .arg("--target-dir")
        .arg(target)
        .current_dir(paths::root()))
}

fn generate(wasm: &PathBuf, shrink: bool) -> Result<()> {
    let input = fs::read(wasm).map_err(|error| Failure::io("read", wasm, &error))?;
    let tool = paths::target().join("glue/xtask-glue");
    let made_from = format!("{} {} opt {shrink}\n", hash::bytes(&[&input]), hash::file(&tool)?);
    let mark = paths::glue().join(".made-from");
    if stamp::matches(&mark, &made_from) {
        return Ok(());
    }
    // Made aside and moved there whole: a reader never sees the glue of one build with the wasm of another.
    let draft = paths::scratch().join("glue");
    let _ = fs::remove_dir_all(&draft);
    quiet(program(&tool).arg(wasm).arg(&draft))?;
    let output = draft.join("lodestore_bg.wasm");
    if shrink {
        let small = opt::optimised(&output)?;
        fs::copy(&small, &output).map_err(|error| Failure::io("copy", &small, &error))?;
    }
    let bytes = fs::read(&output).map_err(|error| Failure::io("read", &output, &error))?;
    toolchain::refuse_local_paths(&bytes)?;
    stamp::write(&draft.join(".made-from"), &made_from)?;
    replace_folder(&draft, &paths::glue())
}

/// Puts a finished folder in the place of another.
pub fn replace_folder(new: &std::path::Path, place: &std::path::Path) -> Result<()> {
    let parent = place.parent().unwrap_or(place);
    fs::create_dir_all(parent).map_err(|error| Failure::io("create", parent, &error))?;
    if place.exists() {
        fs::remove_dir_all(place).map_err(|error| Failure::io("remove", place, &error))?;
    }
    fs::rename(new, place).map_err(|error| Failure::io("rename to", place, &error))
}
