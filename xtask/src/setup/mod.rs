//! Making a machine ready: the wasm target, npm packages, a browser.
//!
//! Each part looks first whether its result is there, so that a second run costs a few look-ups, and a
//! run that was cut off goes on where it was.

pub mod apt;
pub mod chromium;
pub mod firefox;
pub mod node;
pub mod npm;
pub mod std_library;
pub mod wasm_target;

use std::path::PathBuf;
use std::time::Instant;

use crate::args::Args;
use crate::paths;
use crate::run::{Result, say, seconds};

/// `cargo xtask setup`
pub fn command(mut args: Args) -> Result<()> {
    let browser = !args.flag("--no-browser");
    args.done()?;
    let start = Instant::now();
    let results = std::thread::scope(|scope| {
        // npm waits for the network and the compiler for the processor: side by side they cost one of the two.
        let packages = scope.spawn(|| {
            node::check()?;
            folders().iter().try_for_each(|folder| npm::install(folder))
        });
        let compiler = wasm_target::ensure().map(|_| ());
        [compiler, packages.join().unwrap_or(Ok(()))]
    });
    results.into_iter().collect::<Result<()>>()?;
    if browser {
        let browsers = [chromium::ensure()?, firefox::ensure()?];
        say("setup", format!("the tests will use {} and {}", browsers[0].display(), browsers[1].display()));
    }
    say("setup", format!("ready after {}", seconds(start)));
    Ok(())
}

/// The folders with npm packages that are not for benchmarks only.
fn folders() -> Vec<PathBuf> {
    let mut folders = vec![paths::root(), paths::root().join("www")];
    folders.extend(tests());
    folders
}

/// The folders below tests/ with npm packages of their own.
pub fn tests() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(paths::root().join("tests")).into_iter().flatten().flatten();
    let mut folders: Vec<_> = entries.map(|entry| entry.path()).filter(|path| npm::has_lock(path)).collect();
    folders.sort();
    folders
}
