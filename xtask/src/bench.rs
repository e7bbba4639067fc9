//! Benchmarks: scripts of their own in bench/, run on the packed package.

use std::path::PathBuf;

use crate::args::Args;
use crate::run::{Failure, Result, command as program, run};
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
    npm::install(&paths::root().join("bench"))?;
    let package = pack::pack(false)?;
    let kernel = kernel()?;
    run(program("node")
        .arg(format!("bench/{suite}.mjs"))
        .args(args.rest())
        .env("CHROMIUM", browser)
        .env("LODESTORE_KERNEL", kernel)
        .env("LODESTORE_TARBALL", package)
        .current_dir(paths::root()))
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

fn suites() -> Vec<String> {
    let entries = std::fs::read_dir(paths::root().join("bench")).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<_> = names.filter_map(|name| name.strip_suffix(".mjs").map(String::from)).collect();
    names.sort();
    names
}
