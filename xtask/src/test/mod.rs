//! All tests, kind by kind, and a table of how many ran.

mod counts;
mod lint;
mod report;
mod scripts;

use std::time::Instant;

use crate::args::Args;
use crate::paths;
use crate::run::{Failure, Result, command as program, quiet};
use crate::sim;

use report::{Report, Unit};

/// The kinds, in the order in which they run: the quickest to fail come first.
const KINDS: [&str; 8] = ["lint", "native", "web", "runtimes", "tabs", "crash", "packaging", "demo"];

/// `cargo xtask test`
pub fn command(mut args: Args) -> Result<()> {
    let mut wanted = Vec::new();
    while let Some(kind) = args.word() {
        if !KINDS.contains(&kind.as_str()) {
            return Err(Failure::new(format!(
                "there is no kind `{kind}`: name some of {}",
                KINDS.join(", ")
            )));
        }
        wanted.push(kind);
    }
    args.done()?;
    run(&wanted)
}

/// `cargo xtask check`
pub fn check(args: Args) -> Result<()> {
    args.done()?;
    run(&["lint".to_string()])
}

fn run(wanted: &[String]) -> Result<()> {
    let mut report = Report::default();
    let outcome = KINDS
        .into_iter()
        .filter(|kind| wanted.is_empty() || wanted.iter().any(|wanted| wanted == kind))
        .try_for_each(|kind| match kind {
            "lint" => lint::run(&mut report),
            "native" => native(&mut report),
            script => scripts::run(script, &mut report),
        });
    report.print();
    outcome
}

fn native(report: &mut Report) -> Result<()> {
    let start = Instant::now();
    // With the profile that it is built with, so that wasm-bindgen is not compiled a second time.
    let glue = ["test", "--quiet", "--package", "xtask-glue", "--profile", "glue", "--target-dir"];
    quiet(program("cargo").args(glue).arg(paths::target()).current_dir(paths::root()))?;
    let mut cargo = program("cargo");
    // No --quiet: cargo's own progress goes to the log, with the names of the tests.
    cargo.args(["test", "--package", "lodestore", "--package", "lodestore-seal", "--package", "xtask"]);
    cargo.arg("--no-fail-fast").arg("--target-dir").arg(paths::target()).current_dir(paths::root());
    report.tests("native", start, &mut cargo, Unit::Tests(counts::cargo))?;
    let start = Instant::now();
    let mut simulation = sim::simulation();
    report.tests("simulation", start, simulation.args(sim::IN_TESTS), Unit::Tests(counts::plain))
}
