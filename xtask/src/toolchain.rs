//! Which compiler builds the wasm, and with what flags.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::paths;
use crate::run::{Failure, Result, ask, capture, command, find};

/// The target's name.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// The builds of one source. Engines refuse a module with instructions that they do not know, so which is loaded is
/// chosen where it runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Simd {
    /// simd128: every engine that is supported.
    Baseline,
    /// With relaxed SIMD besides: newer engines.
    Relaxed,
}

impl Simd {
    /// All.
    pub const ALL: [Self; 2] = [Self::Baseline, Self::Relaxed];

    /// How the build is called where there are both.
    pub fn name(self) -> &'static str {
        match self {
            Self::Baseline => "simd128",
            Self::Relaxed => "relaxed-simd",
        }
    }

    /// The wasm file in the package.
    pub const fn file(self) -> &'static str {
        match self {
            Self::Baseline => "lodestore_bg.wasm",
            Self::Relaxed => "lodestore_relaxed_bg.wasm",
        }
    }

    /// What of it is loaded only when it is asked for: see `xtask/glue/src/split`.
    pub const fn second(self) -> &'static str {
        match self {
            Self::Baseline => "lodestore_more_bg.wasm",
            Self::Relaxed => "lodestore_relaxed_more_bg.wasm",
        }
    }

    fn flag(self) -> &'static str {
        match self {
            Self::Baseline => "-Ctarget-feature=+simd128",
            Self::Relaxed => "-Ctarget-feature=+simd128,+relaxed-simd",
        }
    }

    /// Where cargo puts a release build of `crate_name`.
    pub fn output(self, crate_name: &str) -> PathBuf {
        paths::wasm_target(self).join(TARGET).join("release").join(crate_name).with_extension("wasm")
    }
}

/// What a function may weigh to be inlined. The 5 of `opt-level = "z"` leaves calls to functions hardly larger than a
/// call: 25 is 1 % less to download. (50, as at "s", with all else that "s" does, is 10 % more.)
const INLINE: &str = "-Cllvm-args=-inline-threshold=25";

/// The stack lies below everything else, so that one that is too deep traps. With 512 KB of it, half of what the linker
/// would take, addresses of constants are a byte shorter; nothing recurses deeper than the 16 levels of metadata.
const STACK: &str = "-Clink-arg=-zstack-size=524288";

/// A compiler that is ready to build for wasm.
pub enum Wasm {
    /// The toolchain that rust-toolchain.toml names, with the target added by rustup.
    Rustup,
    /// The distribution's compiler, with a standard library that set-up compiled.
    System {
        /// Linker for wasm: that compiler's package has none.
        linker: PathBuf,
    },
}

/// The distribution's programs by their full paths, since rustup's stand before them on the PATH.
pub const SYSTEM_CARGO: &str = "/usr/bin/cargo";
/// See [`SYSTEM_CARGO`].
pub const SYSTEM_RUSTC: &str = "/usr/bin/rustc";
/// See [`SYSTEM_CARGO`].
pub const SYSTEM_CLIPPY: &str = "/usr/bin/cargo-clippy";

impl Wasm {
    /// `cargo build`, or another subcommand, for the wasm target, with the library's flags.
    pub fn cargo(&self, subcommand: &str, simd: Simd) -> Result<Command> {
        let mut flags = self.flags(simd)?;
        flags.push(INLINE.to_string());
        Ok(self.prepared(subcommand, &paths::wasm_target(simd), &flags))
    }

    /// The same for what has to be fast rather than small, in a folder of its own: cargo keeps one set of flags in each.
    pub fn fast_cargo(&self, subcommand: &str, target: &Path) -> Result<Command> {
        Ok(self.prepared(subcommand, target, &self.flags(Simd::Baseline)?))
    }

    fn prepared(&self, subcommand: &str, target: &Path, flags: &[String]) -> Command {
        let mut cargo = match self {
            Self::Rustup => {
                let mut cargo = command("cargo");
                cargo.arg(subcommand);
                cargo
            }
            Self::System { linker } => {
                // Clippy is a subcommand of its own: cargo would look for it among rustup's proxies.
                let clippy = subcommand == "clippy";
                let mut cargo = system(if clippy { SYSTEM_CLIPPY } else { SYSTEM_CARGO });
                cargo.arg(subcommand).env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
                cargo
            }
        };
        cargo.current_dir(paths::root()).args(["--target", TARGET, "--target-dir"]).arg(target);
        // The encoded form wins over RUSTFLAGS, and paths in it may hold spaces.
        cargo.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
        cargo
    }

    fn flags(&self, simd: Simd) -> Result<Vec<String>> {
        let mut flags = vec![simd.flag().to_string(), STACK.to_string()];
        flags.extend(remaps(&match self {
            Self::Rustup => sysroot("rustc")?,
            Self::System { .. } => sysroot(SYSTEM_RUSTC)?,
        }));
        Ok(flags)
    }
}

/// Panic messages name source files: these flags make the names the same on every machine.
pub fn remaps(sysroot: &Path) -> Vec<String> {
    let mut flags =
        vec![remap(&paths::root(), "lodestore"), remap(&sysroot.join("lib/rustlib/src/rust"), "rust")];
    // One folder for each registry in use. Their names hold host names, so each is mapped whole.
    let registries = cargo_home().join("registry/src");
    flags.push(remap(&registries, "crates"));
    for entry in std::fs::read_dir(&registries).into_iter().flatten().flatten() {
        flags.push(remap(&entry.path(), "crates"));
    }
    flags
}

fn remap(from: &Path, to: &str) -> String {
    format!("--remap-path-prefix={}=/{to}", from.display())
}

/// Cargo's own folder.
pub fn cargo_home() -> PathBuf {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo"));
    std::env::var_os("CARGO_HOME").map(PathBuf::from).or_else(home).unwrap_or_default()
}

/// A program of the distribution's compiler, kept clear of rustup's settings and libraries.
pub fn system(program: &str) -> Command {
    let mut command = command(program);
    command.env("RUSTC", SYSTEM_RUSTC).env("CARGO", SYSTEM_CARGO);
    for name in ["LD_LIBRARY_PATH", "RUSTUP_TOOLCHAIN", "RUSTDOC", "RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER"]
    {
        command.env_remove(name);
    }
    command
}

/// Where a compiler keeps its libraries.
pub fn sysroot(rustc: &str) -> Result<PathBuf> {
    let output = capture(command(rustc).args(["--print", "sysroot"]))?;
    Ok(PathBuf::from(String::from_utf8_lossy(&output).trim_end()))
}

/// Whether that sysroot can compile for wasm.
pub fn has_target(sysroot: &Path) -> bool {
    let folder = sysroot.join("lib/rustlib").join(TARGET).join("lib");
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name()).any(|name| name.to_string_lossy().starts_with("libcore-"))
}

/// A linker for wasm: the one in rustup's toolchain, or LLVM's on the PATH.
pub fn linker() -> Option<PathBuf> {
    let host = ask("rustc", &["--print", "host-tuple"]);
    let bundled = sysroot("rustc").ok().zip(host);
    let bundled = bundled.map(|(sysroot, host)| sysroot.join("lib/rustlib").join(host).join("bin/rust-lld"));
    bundled
        .filter(|path| path.is_file())
        .or_else(|| find(&["wasm-ld", "wasm-ld-22", "wasm-ld-19", "wasm-ld-16"]))
}

/// Fails when the wasm holds a path of this machine: it would make the build differ from everyone else's.
pub fn refuse_local_paths(wasm: &[u8]) -> Result<()> {
    let local = [paths::root(), cargo_home()];
    for path in local.iter().map(|path| path.to_string_lossy()).filter(|path| path.len() > 1) {
        if wasm.windows(path.len()).any(|window| window == path.as_bytes()) {
            return Err(Failure::new(format!(
                "the wasm holds the path {path}: a source folder is missing from the remapped ones in xtask/src/toolchain.rs"
            )));
        }
    }
    Ok(())
}
