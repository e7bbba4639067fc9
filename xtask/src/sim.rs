//! The simulation, built with every assertion on and run on all cores.

use std::process::Command;

use crate::args::Args;
use crate::paths;
use crate::run::{Failure, Result, command as program, run};

/// What each run of the tests simulates: always the same seeds, so that a run says the same of the same sources.
pub const IN_TESTS: [&str; 5] = ["--self-test", "--seeds", "3000", "--flips", "4000"];

const OPTIONS: [&str; 4] = ["--seeds", "--from", "--flips", "--self-test"];

/// `cargo xtask sim`
pub fn command(args: Args) -> Result<()> {
    let mut rest = args.rest();
    let unknown = rest.iter().find(|word| word.starts_with('-') && !OPTIONS.contains(&word.as_str()));
    if let Some(word) = unknown {
        return Err(Failure::new(format!("`{word}` means nothing here: try --help")));
    }
    if !rest.iter().any(|word| word != "--from" && OPTIONS.contains(&word.as_str())) {
        rest.extend(["--seeds".into(), "3000".into()]);
    }
    run(simulation().args(rest))
}

/// The program; its arguments are still to be given.
pub fn simulation() -> Command {
    let mut cargo = program("cargo");
    cargo.args(["run", "--quiet", "--profile", "sim", "--package", "lodestore-sim", "--target-dir"]);
    cargo.arg(paths::target()).arg("--").current_dir(paths::root());
    cargo
}
