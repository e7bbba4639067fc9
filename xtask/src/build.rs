//! From Rust to wasm and its glue, in target/npm/glue.

use std::fs;
use std::path::Path;
use std::time::Instant;

use crate::args::Args;
use crate::run::{Failure, Result, command as program, quiet, run, say, seconds};
use crate::setup::{node, npm, wasm_target};
use crate::size::{self, Size};
use crate::toolchain::{self, Simd, TARGET};
use crate::{hash, opt, paths, seal, stamp};

/// Arguments of all builds.
const BUILD: [&str; 5] = ["--quiet", "--release", "--lib", "--package", "lodestore"];

/// `cargo xtask build`
pub fn command(mut args: Args) -> Result<()> {
    let shrink = args.flag("--opt");
    args.done()?;
    build(shrink).map(|_| ())
}

/// Builds the glue and returns the size of the larger wasm: a page downloads one of two.
pub fn build(shrink: bool) -> Result<Size> {
    let start = Instant::now();
    let results = std::thread::scope(|scope| {
        let tool = scope.spawn(glue_tool);
        let packages = scope.spawn(move || if shrink { root_packages() } else { Ok(()) });
        let wasm = compile();
        (wasm, tool.join().unwrap_or(Ok(())), packages.join().unwrap_or(Ok(())))
    });
    results.0?;
    results.1?;
    results.2?;
    generate(shrink)?;
    let mut largest = Size::default();
    for simd in Simd::ALL {
        let size = size::of(&paths::glue().join(simd.file()))?;
        let second = size::of(&paths::glue().join(simd.second()))?;
        say("build", format!("{} is {size}, and {second} on demand, after {}", simd.file(), seconds(start)));
        size::check_wasm(simd.file(), size, size::WASM_GZIP_MAX)?;
        size::check_wasm(simd.second(), second, size::MORE_GZIP_MAX)?;
        if size.gzip > largest.gzip {
            largest = size;
        }
    }
    let sealing = size::of(&paths::glue().join(seal::FILE))?;
    say("build", format!("{} is {sealing}", seal::FILE));
    size::check_wasm(seal::FILE, sealing, size::SEAL_GZIP_MAX)?;
    Ok(largest)
}

/// The npm packages that building needs.
pub fn root_packages() -> Result<()> {
    node::check()?;
    npm::install(&paths::root())
}

/// All builds at once: each ends with one long single-threaded step.
fn compile() -> Result<()> {
    let wasm = wasm_target::ensure()?;
    // First the sources, so that their folders are known when the flags that rename them are made.
    quiet(program("cargo").args(["fetch", "--target", TARGET]).current_dir(paths::root()))?;
    let build = |simd: Simd| run(wasm.cargo("build", simd)?.args(BUILD));
    std::thread::scope(|scope| {
        let relaxed = scope.spawn(|| build(Simd::Relaxed));
        let sealing = scope.spawn(|| seal::compile(&wasm));
        let baseline = build(Simd::Baseline);
        let relaxed = relaxed.join().unwrap_or_else(|_| Err(Failure::new("the relaxed build broke off")));
        let sealing = sealing.join().unwrap_or_else(|_| Err(Failure::new("the build of seal broke off")));
        baseline.and(relaxed).and(sealing)
    })
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

fn generate(shrink: bool) -> Result<()> {
    let tool = paths::target().join("glue/xtask-glue");
    let mut made_from = format!("{} opt {shrink}\n", hash::file(&tool)?);
    for simd in Simd::ALL {
        made_from += &format!("{} {}\n", simd.file(), hash::file(&simd.output("lodestore"))?);
    }
    made_from += &format!("{} {}\n", seal::FILE, seal::fingerprint()?);
    let mark = paths::glue().join(".made-from");
    if stamp::matches(&mark, &made_from) {
        return Ok(());
    }
    // Made aside and moved there whole: a reader never sees the glue of one build with the wasm of another.
    let draft = paths::scratch().join("glue");
    let relaxed = paths::scratch().join("glue-relaxed");
    generate_one(&tool, Simd::Baseline, &draft, shrink)?;
    generate_one(&tool, Simd::Relaxed, &relaxed, shrink)?;
    refuse_different_glue(&draft, &relaxed)?;
    let parts =
        [(Simd::Baseline.file(), Simd::Relaxed.file()), (Simd::Baseline.second(), Simd::Relaxed.second())];
    for (made, place) in parts {
        let place = draft.join(place);
        fs::rename(relaxed.join(made), &place).map_err(|error| Failure::io("rename to", &place, &error))?;
    }
    seal::place(&draft, shrink)?;
    stamp::write(&draft.join(".made-from"), &made_from)?;
    replace_folder(&draft, &paths::glue())
}

fn generate_one(tool: &Path, simd: Simd, draft: &Path, shrink: bool) -> Result<()> {
    let _ = fs::remove_dir_all(draft);
    quiet(program(tool).arg(simd.output("lodestore")).arg(draft))?;
    for part in [Simd::Baseline.file(), Simd::Baseline.second()] {
        let output = draft.join(part);
        if shrink {
            let small = opt::optimised(&output)?;
            fs::copy(&small, &output).map_err(|error| Failure::io("copy", &small, &error))?;
        }
        let bytes = fs::read(&output).map_err(|error| Failure::io("read", &output, &error))?;
        toolchain::refuse_local_paths(&bytes)?;
    }
    Ok(())
}

/// One script serves both builds, so it has to be the script of both.
fn refuse_different_glue(baseline: &Path, relaxed: &Path) -> Result<()> {
    for name in ["lodestore.js", "lodestore.d.ts"] {
        let [one, other] = [baseline, relaxed].map(|folder| hash::file(&folder.join(name)));
        if one? != other? {
            return Err(Failure::new(format!(
                "the two builds need different glue: compare {name} in {} and {}; what JavaScript sees must not depend on target features",
                baseline.display(),
                relaxed.display()
            )));
        }
    }
    Ok(())
}

/// Puts a finished folder in the place of another.
pub fn replace_folder(new: &Path, place: &Path) -> Result<()> {
    let parent = place.parent().unwrap_or(place);
    fs::create_dir_all(parent).map_err(|error| Failure::io("create", parent, &error))?;
    if place.exists() {
        fs::remove_dir_all(place).map_err(|error| Failure::io("remove", place, &error))?;
    }
    fs::rename(new, place).map_err(|error| Failure::io("rename to", place, &error))
}
