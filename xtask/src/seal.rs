//! The wasm file made of the crate `seal`: for passphrases everywhere, and for all the rest where the host has none of it.
//! It has numbers for arguments and no imports, so no glue is made for it, and one build of it is enough.

use std::fs;
use std::path::{Path, PathBuf};

use crate::run::{Failure, Result, run};
use crate::toolchain::{self, TARGET, Wasm};
use crate::{hash, opt, paths};

/// The wasm file in the package.
pub const FILE: &str = "lodestore_seal_bg.wasm";

/// Compiles it. What it does to megabytes is worth 5 KB more: with `opt-level = "z"` and its inlining it takes two to four
/// times as long (Cargo.toml has the level).
pub fn compile(wasm: &Wasm) -> Result<()> {
    let crate_only = ["--quiet", "--release", "--lib", "--package", "lodestore-seal"];
    // The names of functions would be half as much again, and nobody reads them.
    run(wasm.fast_cargo("rustc", &paths::seal_target())?.args(crate_only).args(["--", "-Cstrip=symbols"]))
}

fn output() -> PathBuf {
    paths::seal_target().join(TARGET).join("release/lodestore_seal.wasm")
}

/// Tells one result of compiling from another.
pub fn fingerprint() -> Result<String> {
    hash::file(&output())
}

/// Puts it into the folder of the glue.
pub fn place(folder: &Path, shrink: bool) -> Result<()> {
    let made = if shrink { opt::optimised(&output())? } else { output() };
    let bytes = fs::read(&made).map_err(|error| Failure::io("read", &made, &error))?;
    toolchain::refuse_local_paths(&bytes)?;
    let place = folder.join(FILE);
    fs::write(&place, bytes).map_err(|error| Failure::io("write", &place, &error))
}
