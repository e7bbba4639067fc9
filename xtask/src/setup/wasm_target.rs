//! The wasm target: by rustup, and where that cannot download it, with the distribution's compiler.

use super::{apt, std_library};
use crate::run::{Failure, Result, command, find, quiet, say};
use crate::toolchain::{self, TARGET, Wasm};

/// A compiler for wasm, made ready if there is none yet. What is already there is taken before anything is
/// downloaded, so that a machine without a network never waits for one.
pub fn ensure() -> Result<Wasm> {
    match std::env::var("LODESTORE_WASM").as_deref() {
        Ok("rustup") => return by_rustup(),
        Ok("system") => return by_system(),
        Ok(other) => {
            return Err(Failure::new(format!("LODESTORE_WASM is `{other}`: set it to `rustup` or `system`")));
        }
        Err(_) => {}
    }
    if toolchain::has_target(&toolchain::sysroot("rustc")?) {
        return Ok(Wasm::Rustup);
    }
    if std_library::ready() && toolchain::linker().is_some() {
        return by_system();
    }
    by_rustup().or_else(|failure| {
        say("wasm", format!("{failure}; falling back to the distribution's compiler"));
        by_system()
    })
}

fn by_rustup() -> Result<Wasm> {
    if toolchain::has_target(&toolchain::sysroot("rustc")?) {
        return Ok(Wasm::Rustup);
    }
    if find(&["rustup"]).is_none() {
        return Err(Failure::new("rustup is missing, so it cannot add the wasm target"));
    }
    say("wasm", format!("installing the target {TARGET} by rustup, to compile for the browser"));
    quiet(command("rustup").args(["target", "add", TARGET]))
        .map_err(|_| Failure::new("rustup could not download the target"))?;
    Ok(Wasm::Rustup)
}

fn by_system() -> Result<Wasm> {
    if !apt::available() {
        return Err(Failure::new(format!(
            "there is no other way to the target here: run `rustup target add {TARGET}` where rustup can download it"
        )));
    }
    let packages = ["rustc-web", "cargo-web", "rust-web-src"];
    apt::install(
        &packages,
        "a compiler with its library's sources, since rustup has no wasm target to offer",
    )?;
    std_library::ensure()?;
    if toolchain::linker().is_none() {
        apt::install(&["lld"], "to link for wasm")?;
    }
    let linker =
        toolchain::linker().ok_or_else(|| Failure::new("there is no linker for wasm: install lld"))?;
    Ok(Wasm::System { linker })
}

/// Clippy for the compiler that builds the wasm: rustup's comes with the toolchain.
pub fn ensure_clippy(wasm: &Wasm) -> Result<()> {
    match wasm {
        Wasm::Rustup => Ok(()),
        Wasm::System { .. } => apt::install(&["rust-web-clippy"], "to lint the code that only wasm compiles"),
    }
}
