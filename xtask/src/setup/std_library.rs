//! The standard library for wasm, compiled from the distribution's sources for the distribution's compiler.
//!
//! It is put into that compiler's own folder, so that every clone on the machine finds it, in one rename, with
//! a mark inside that names the compiler. Whatever is there without the right mark is replaced.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::apt;
use crate::run::{Failure, Result, ask, quiet, say, seconds};
use crate::toolchain::{self, SYSTEM_CARGO, SYSTEM_RUSTC, TARGET};
use crate::{paths, stamp};

const MARK: &str = "lodestore-complete";

/// Changes whenever the way of building does, so that older builds are replaced.
const RECIPE: &str = "recipe 1\n";

/// Whether the library is there, whole, and of the installed compiler.
pub fn ready() -> bool {
    let Some(version) = ask(SYSTEM_RUSTC, &["-vV"]) else { return false };
    let sysroot = ask(SYSTEM_RUSTC, &["--print", "sysroot"]).map(PathBuf::from).unwrap_or_default();
    stamp::matches(&installed(&sysroot).join(MARK), &mark(&version))
}

/// Compiles and installs it, unless it is there.
pub fn ensure() -> Result<()> {
    if ready() {
        return Ok(());
    }
    let start = Instant::now();
    say("wasm", "compiling the standard library for wasm, once: about a minute");
    let version =
        ask(SYSTEM_RUSTC, &["-vV"]).ok_or_else(|| Failure::new(format!("{SYSTEM_RUSTC} does not run")))?;
    let sysroot = toolchain::sysroot(SYSTEM_RUSTC)?;
    let built = compile(&sysroot)?;
    install(&built, &sysroot, &version)?;
    say("wasm", format!("the standard library is ready after {}", seconds(start)));
    Ok(())
}

fn mark(version: &str) -> String {
    format!("{RECIPE}{version}\n")
}

fn installed(sysroot: &Path) -> PathBuf {
    sysroot.join("lib/rustlib").join(TARGET)
}

/// Returns the folder with the compiled libraries.
fn compile(sysroot: &Path) -> Result<PathBuf> {
    let dummy = paths::scratch().join("std");
    let write = |name: &str, text: &str| {
        let path = dummy.join(name);
        let parent = path.parent().unwrap_or(&dummy);
        fs::create_dir_all(parent)
            .and_then(|()| fs::write(&path, text))
            .map_err(|error| Failure::io("write", &path, &error))
    };
    // A crate that needs nothing, so that the standard library is all there is to build. A workspace of its
    // own, or cargo would take it for a stray member of ours; its own rust-toolchain and config do not exist.
    write(
        "Cargo.toml",
        "[package]\nname = \"dummy\"\nedition = \"2021\"\n[lib]\npath = \"lib.rs\"\n[workspace]\n",
    )?;
    write("lib.rs", "#![no_std]\n")?;
    let mut flags = toolchain::remaps(sysroot);
    let source = fs::canonicalize(sysroot.join("lib/rustlib/src/rust")).unwrap_or_default();
    flags.push(format!("--remap-path-prefix={}=/rust", source.display()));
    // The release build of the library optimises across crates, which needs the bitcode of this one too.
    flags.push("-Cembed-bitcode=yes".into());
    let mut cargo = toolchain::system(SYSTEM_CARGO);
    cargo
        .args(["build", "--release", "--quiet", "-Zbuild-std=std,panic_abort,panic_unwind,proc_macro"])
        .args(["--target", TARGET, "--target-dir"])
        .arg(dummy.join("target"))
        // Building the standard library is an unstable feature of a compiler that is otherwise stable.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"))
        .current_dir(&dummy);
    quiet(&mut cargo)?;
    Ok(dummy.join("target").join(TARGET).join("release/deps"))
}

fn install(built: &Path, sysroot: &Path, version: &str) -> Result<()> {
    let staging = paths::scratch().join("std-staging");
    let _ = fs::remove_dir_all(&staging);
    let lib = staging.join("lib");
    fs::create_dir_all(&lib).map_err(|error| Failure::io("create", &lib, &error))?;
    let entries = fs::read_dir(built).map_err(|error| Failure::io("list", built, &error))?;
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".rlib") && !name.starts_with("libdummy-") {
            fs::copy(entry.path(), lib.join(&name))
                .map_err(|error| Failure::io("copy", &entry.path(), &error))?;
        }
    }
    stamp::write(&staging.join(MARK), &mark(version))?;

    // Copied beside its place first: only a rename within one file system is a single step.
    let place = installed(sysroot);
    let beside = |what: &str| {
        let name = format!(".{TARGET}.{what}.{}", std::process::id());
        place.with_file_name(name)
    };
    let (new, old) = (beside("new"), beside("old"));
    quiet(apt::privileged("cp")?.arg("-r").arg(&staging).arg(&new))?;
    if place.exists() {
        quiet(apt::privileged("mv")?.arg("-T").arg(&place).arg(&old))?;
    }
    quiet(apt::privileged("mv")?.arg("-T").arg(&new).arg(&place))?;
    quiet(apt::privileged("rm")?.arg("-rf").arg(&old))
}
