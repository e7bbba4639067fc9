//! Formatters, linters and type checkers.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::report::{Report, Unit};
use crate::run::{Result, command as program};
use crate::setup::{self, npm, wasm_target};
use crate::toolchain::Simd;
use crate::{build, pack, paths};

/// Folders with a tsconfig.json of their own, if they are there.
const PROJECTS: [&str; 5] = ["pkg-templates/npm", "www", "tests/web", "tests/packaging", "bench"];

/// Every check.
pub fn run(report: &mut Report) -> Result<()> {
    let root = paths::root();
    let start = Instant::now();
    let mut rustfmt = program("cargo");
    rustfmt.args(["fmt", "--all", "--check"]).current_dir(&root);
    report.tests("rustfmt", start, &mut rustfmt, Unit::Check)?;

    let start = Instant::now();
    report.broken("npm packages", start, packages())?;
    let mut prettier = npm::tool(&root, "prettier")?;
    report.tests("prettier", start, prettier.args(["--check", "--log-level", "warn", "."]), Unit::Check)?;

    let start = Instant::now();
    let mut clippy = program("cargo");
    clippy.args(["clippy", "--workspace", "--all-targets", "--target-dir"]).arg(paths::target());
    report.tests("clippy native", start, deny_warnings(clippy.current_dir(&root)), Unit::Check)?;

    let start = Instant::now();
    let wasm = report.broken("clippy wasm", start, wasm_target::ensure())?;
    report.broken("clippy wasm", start, wasm_target::ensure_clippy(&wasm))?;
    for simd in Simd::ALL {
        let start = Instant::now();
        let mut clippy = report.broken("clippy wasm", start, wasm.cargo("clippy", simd))?;
        // The release profile, so that it shares the compiled macros with the build: two minutes of work otherwise.
        clippy.args(["--release", "--package", "lodestore", "--package", "lodestore-seal", "--lib"]);
        report.tests("clippy wasm", start, deny_warnings(&mut clippy), Unit::Check)?;
    }

    // The sources import the glue, and the demo and the tests import the package: both must be there.
    let start = Instant::now();
    report.broken("pack", start, pack::pack(false))?;
    for project in projects() {
        let start = Instant::now();
        let mut tsc = npm::tool(&root, "tsc")?;
        tsc.args(["--noEmit", "--strict", "-p"]).arg(&project);
        report.tests("tsc", start, &mut tsc, Unit::Check)?;
    }
    Ok(())
}

fn packages() -> Result<()> {
    build::root_packages()?;
    npm::install(&paths::root().join("www"))?;
    setup::tests().iter().try_for_each(|folder| npm::install(folder))
}

fn deny_warnings(clippy: &mut std::process::Command) -> &mut std::process::Command {
    clippy.args(["--", "-D", "warnings"])
}

fn projects() -> Vec<PathBuf> {
    let has_config = |folder: &Path| folder.join("tsconfig.json").is_file();
    PROJECTS
        .map(|project| paths::root().join(project))
        .into_iter()
        .filter(|folder| has_config(folder))
        .collect()
}
