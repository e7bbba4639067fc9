//! npm packages, exactly as the lock files say.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::Instant;

use crate::run::{Failure, Result, command, quiet, say, seconds};
use crate::{hash, paths, stamp};

/// Several threads may want the same folder; whoever comes second waits and finds it done.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Whether npm has anything to do in this folder.
pub fn has_lock(folder: &Path) -> bool {
    folder.join("package-lock.json").is_file()
}

/// `npm ci`, unless what is installed is of this very lock. A folder without a lock has nothing to install.
pub fn install(folder: &Path) -> Result<()> {
    if !has_lock(folder) {
        return Ok(());
    }
    let _one = ONE_AT_A_TIME.lock();
    let lock = hash::file(&folder.join("package-lock.json"))?;
    let mark = folder.join("node_modules/.lodestore-lock");
    if stamp::matches(&mark, &lock) {
        return Ok(());
    }
    let start = Instant::now();
    say("npm", format!("installing what {} asks for", label(folder)));
    stamp::clear(&mark)?;
    quiet(
        command("npm")
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
            .current_dir(folder),
    )?;
    stamp::write(&mark, &lock)?;
    say("npm", format!("{} is ready after {}", label(folder), seconds(start)));
    Ok(())
}

fn label(folder: &Path) -> String {
    let inside = folder.strip_prefix(paths::root()).unwrap_or(folder);
    inside.join("package-lock.json").display().to_string()
}

/// A program of an installed package, run by Node directly: npx takes half a second to find it, and would
/// ask the registry when it does not.
pub fn tool(folder: &Path, name: &str) -> Result<Command> {
    let bin = |folder: &Path| folder.join("node_modules/.bin").join(name);
    let places: [PathBuf; 2] = [bin(folder), bin(&paths::root())];
    let Some(program) = places.iter().find(|path| path.exists()) else {
        return Err(Failure::new(format!("npm's `{name}` is not installed: run `cargo xtask setup`")));
    };
    let mut tool = command("node");
    tool.arg(program).current_dir(folder);
    Ok(tool)
}
