//! Tests written in JavaScript. Each script closes with `N passed, N failed` and its exit code agrees.

use std::process::Command;
use std::time::Instant;

use super::counts;
use super::report::{Report, Unit};
use crate::pack::{self, copy};
use crate::run::{self, Failure, Result, command as program};
use crate::setup::{self, chromium, firefox, npm, wasm_target};
use crate::toolchain::Simd;
use crate::{crash, demo, paths};

/// A script and the kind of test that it is.
struct Script {
    kind: &'static str,
    /// In the table; a kind may have several.
    name: &'static str,
    path: &'static str,
    args: &'static [&'static str],
}

/// Every script. One that is missing is an error: a kind must not vanish silently.
const SCRIPTS: [Script; 12] = [
    Script { kind: "web", name: "web", path: "tests/web/run.mjs", args: &[] },
    Script { kind: "web", name: "web firefox", path: "tests/web/run.mjs", args: &STORAGES },
    Script { kind: "runtimes", name: "deno", path: "tests/web/run.mjs", args: &["--runtime=deno"] },
    Script { kind: "runtimes", name: "bun", path: "tests/web/run.mjs", args: &["--runtime=bun"] },
    Script { kind: "runtimes", name: "workerd", path: "tests/web/run.mjs", args: &["--runtime=workerd"] },
    Script { kind: "tabs", name: "tabs", path: "tests/tabs/run.mjs", args: &[] },
    Script { kind: "tabs", name: "tabs firefox", path: "tests/tabs/run.mjs", args: &IN_FIREFOX },
    Script { kind: "crash", name: "crash", path: "tests/crash-hosts/run.mjs", args: &crash::IN_TESTS },
    Script {
        kind: "crash",
        name: "crash room",
        path: "tests/crash-hosts/run.mjs",
        args: &crash::ROOM_IN_TESTS,
    },
    Script { kind: "crash", name: "crash archives", path: "tests/crash-hosts/archives.mjs", args: &[] },
    Script { kind: "packaging", name: "packaging", path: "tests/packaging/run.mjs", args: &[] },
    Script { kind: "demo", name: "demo", path: "tests/demo/run.mjs", args: &[] },
];

/// What depends on the browser's own storages and files, and on its own compression and encryption.
const STORAGES: [&str; 6] = ["--browser=firefox", "contract", "indexeddb", "opfs", "seal", "targets"];

/// Fewer rows: what differs between browsers is what happens to tabs, and that is the same.
const IN_FIREFOX: [&str; 2] = ["--browser=firefox", "--rows=50"];

/// Runs the scripts of one kind on the packed package.
pub fn run(kind: &str, report: &mut Report) -> Result<()> {
    let mut scripts = SCRIPTS.iter().filter(|script| script.kind == kind).peekable();
    if scripts.peek().is_none() {
        return Err(Failure::new(format!("no script tests `{kind}`")));
    }
    scripts.try_for_each(|script| {
        let start = Instant::now();
        let mut node = program("node");
        report.broken(script.name, start, prepare(script, &mut node))?;
        node.arg(script.path).args(script.args).env("LODESTORE_TARBALL", paths::tarball());
        report.tests(script.name, start, node.current_dir(paths::root()), Unit::Tests(counts::plain))
    })
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

/// Everything that the script needs, its browsers named in the environment of `node`.
fn prepare(script: &Script, node: &mut Command) -> Result<()> {
    if !paths::root().join(script.path).is_file() {
        return Err(Failure::new(format!("{} is missing", script.path)));
    }
    setup::tests().iter().try_for_each(|folder| npm::install(folder))?;
    match script.kind {
        "demo" => demo::build()?,
        _ => pack::pack(false).map(|_| ())?,
    }
    if script.path == "tests/web/run.mjs" {
        kernels()?;
    }
    if script.kind == "runtimes" {
        return Ok(());
    }
    node.env("CHROMIUM", chromium::ensure()?);
    if ["web", "tabs", "crash"].contains(&script.kind) {
        node.env("FIREFOX", firefox::ensure()?);
    }
    Ok(())
}
