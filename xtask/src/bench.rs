//! Benchmarks: scripts of their own in bench/, run on the packed package.

use crate::args::Args;
use crate::run::{Failure, Result, command as program, run};
use crate::setup::{chromium, node, npm};
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
    run(program("node")
        .arg(format!("bench/{suite}.mjs"))
        .args(args.rest())
        .env("CHROMIUM", browser)
        .env("LODESTORE_TARBALL", package)
        .current_dir(paths::root()))
}

fn suites() -> Vec<String> {
    let entries = std::fs::read_dir(paths::root().join("bench")).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<_> = names.filter_map(|name| name.strip_suffix(".mjs").map(String::from)).collect();
    names.sort();
    names
}
