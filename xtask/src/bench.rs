//! Benchmarks: scripts of their own in bench/, run on the packed package.

use std::path::{Path, PathBuf};

use crate::args::Args;
use crate::run::{Failure, Result, command as program, quiet, run, say};
use crate::setup::{chromium, node, npm, wasm_target};
use crate::toolchain::Simd;
use crate::{pack, paths};

/// `cargo xtask bench SUITE [ARGUMENTS...]`
pub fn command(mut args: Args) -> Result<()> {
    let known = suites();
    let suite = args.word().unwrap_or_default();
    if !known.contains(&suite) {
        return Err(Failure::new(format!("there is no suite `{suite}`: name one of {}", known.join(", "))));
    }
    node::check()?;
    let browser = chromium::ensure()?;
    let package = pack::pack(false)?;
    let mut node = program("node");
    node.arg(format!("bench/{suite}.mjs"))
        .args(args.rest())
        .env("CHROMIUM", browser)
        .env("LODESTORE_KERNEL", kernel()?)
        .env("LODESTORE_TARBALL", package)
        .current_dir(paths::root());
    if suite == "store" {
        node.env("LODESTORE_REPLAY", replay()?);
    }
    if suite == "million" {
        // What embeds its rows.
        npm::install(&paths::root().join("bench"))?;
    }
    if suite == "search" {
        peers()?;
        node.env("LODESTORE_INSTANT_DISTANCE", instant_distance()?);
    }
    run(&mut node)
}

/// The kernel alone, compiled as the package's wasm was.
fn kernel() -> Result<PathBuf> {
    let wasm = wasm_target::ensure()?;
    run(wasm.cargo("build", Simd::Baseline)?.args([
        "--quiet",
        "--release",
        "--package",
        "lodestore-bench-kernel",
    ]))?;
    Ok(Simd::Baseline.output("lodestore_bench_kernel"))
}

/// The program that replays a log natively, compiled for speed.
fn replay() -> Result<PathBuf> {
    run(program("cargo")
        .args([
            "build",
            "--quiet",
            "--profile",
            "native",
            "--package",
            "lodestore-bench-replay",
            "--target-dir",
        ])
        .arg(paths::target())
        .current_dir(paths::root()))?;
    Ok(paths::target().join("native/lodestore-bench-replay"))
}

/// The npm packages that search is measured beside: a gigabyte that nothing else needs.
fn peers() -> Result<()> {
    let bench = paths::root().join("bench");
    npm::install(&bench)?;
    if bench.join("node_modules/hnswlib-node/build/Release/addon.node").is_file() {
        return Ok(());
    }
    say("bench", "compiling hnswlib-node, which comes as source");
    // Of all their install scripts this one is wanted.
    let mut rebuild = program("npm");
    rebuild
        .args(["rebuild", "hnswlib-node", "--ignore-scripts=false", "--loglevel=error"])
        .current_dir(&bench);
    if let Err(failure) = quiet(&mut rebuild) {
        say("bench", format!("{failure}; it is left out"));
    }
    Ok(())
}

/// A peer that is a Rust crate: compiled as the package's wasm was, but for speed.
fn instant_distance() -> Result<PathBuf> {
    let wasm = wasm_target::ensure()?;
    let manifest = Path::new("bench/instant-distance/Cargo.toml");
    run(wasm
        .cargo("build", Simd::Baseline)?
        .args(["--quiet", "--release", "--locked", "--manifest-path"])
        .arg(manifest))?;
    Ok(Simd::Baseline.output("lodestore_bench_instant_distance"))
}

fn suites() -> Vec<String> {
    let entries = std::fs::read_dir(paths::root().join("bench")).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<_> = names.filter_map(|name| name.strip_suffix(".mjs").map(String::from)).collect();
    names.sort();
    names
}
