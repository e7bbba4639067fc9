//! Formatting in place.

use crate::args::Args;
use crate::build::root_packages;
use crate::paths;
use crate::run::{Result, command as program, run};
use crate::setup::npm;

/// `cargo xtask fmt`
pub fn command(args: Args) -> Result<()> {
    args.done()?;
    root_packages()?;
    run(program("cargo").args(["fmt", "--all"]).current_dir(paths::root()))?;
    run(npm::tool(&paths::root(), "prettier")?.args(["--write", "--log-level", "warn", "."]))
}
