//! Tests written in JavaScript. Each script closes with `N passed, N failed` and its exit code agrees.

use std::time::Instant;

use super::counts;
use super::report::{Report, Unit};
use crate::pack::{self, copy};
use crate::run::{self, Failure, Result, command as program};
use crate::setup::{self, chromium, npm, wasm_target};
use crate::toolchain::Simd;
use crate::{demo, paths};

/// A script and the kind of test that it is.
struct Script {
    kind: &'static str,
    path: &'static str,
    /// Drives the built demo.
    demo: bool,
}

/// Every script. One that is missing is an error: a kind must not vanish silently.
const SCRIPTS: [Script; 4] = [
    Script { kind: "web", path: "tests/web/run.mjs", demo: false },
    Script { kind: "tabs", path: "tests/tabs/run.mjs", demo: false },
    Script { kind: "packaging", path: "tests/packaging/run.mjs", demo: false },
    Script { kind: "demo", path: "tests/demo/run.mjs", demo: true },
];

/// Runs the script of one kind on the packed package.
pub fn run(kind: &str, report: &mut Report) -> Result<()> {
    let Some(script) = SCRIPTS.iter().find(|script| script.kind == kind) else {
        return Err(Failure::new(format!("no script tests `{kind}`")));
    };
    let start = Instant::now();
    let ready = report.broken(script.kind, start, prepare(script))?;
    let mut node = program("node");
    node.arg(script.path).env("CHROMIUM", ready).env("LODESTORE_TARBALL", paths::tarball());
    report.tests(script.kind, start, node.current_dir(paths::root()), Unit::Tests(counts::plain))
}

/// The kernel's self-test for both builds, in target/xtask/kernels.
fn kernels() -> Result<()> {
    let wasm = wasm_target::ensure()?;
    for simd in Simd::ALL {
        run::run(wasm.cargo("build", simd)?.args([
            "--quiet",
            "--release",
            "--package",
            "lodestore-test-kernel",
        ]))?;
        let place = paths::scratch().join("kernels").join(format!("{}.wasm", simd.name()));
        copy(&simd.output("lodestore_test_kernel"), &place)?;
    }
    Ok(())
}

/// Everything that the script needs; returns the browser's path.
fn prepare(script: &Script) -> Result<std::path::PathBuf> {
    if !paths::root().join(script.path).is_file() {
        return Err(Failure::new(format!("{} is missing", script.path)));
    }
    setup::tests().iter().try_for_each(|folder| npm::install(folder))?;
    match script.demo {
        true => demo::build()?,
        false => pack::pack(false).map(|_| ())?,
    }
    if script.kind == "web" {
        kernels()?;
    }
    chromium::ensure()
}
