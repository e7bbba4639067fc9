//! Where things are. All of it inside the repository, so that a clone can be thrown away whole.

use std::path::{Path, PathBuf};

use crate::toolchain::Simd;

/// The repository's root.
pub fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_path_buf()
}

/// Everything generated lies below it. Fixed, whatever CARGO_TARGET_DIR says: other tools look here.
pub fn target() -> PathBuf {
    root().join("target")
}

/// Cargo's folders for the wasm builds: apart, so that no build waits for another's lock, and because cargo keeps one
/// set of flags for each file: builds that take turns in one folder would each compile everything anew.
pub fn wasm_target(simd: Simd) -> PathBuf {
    target().join(match simd {
        Simd::Baseline => "wasm",
        Simd::Relaxed => "wasm-relaxed",
    })
}

/// Another for the crate `seal`, which is compiled for speed.
pub fn seal_target() -> PathBuf {
    target().join("wasm-seal")
}

/// Scratch space of these commands.
pub fn scratch() -> PathBuf {
    target().join("xtask")
}

/// What `build` makes: lodestore.js, its types, and the wasm of both builds.
pub fn glue() -> PathBuf {
    target().join("npm/glue")
}

/// The assembled npm package.
pub fn package() -> PathBuf {
    target().join("npm/package")
}

/// The template that the package is made from.
pub fn template() -> PathBuf {
    root().join("pkg-templates/npm")
}

/// The tarball of this version.
pub fn tarball() -> PathBuf {
    target().join(format!("npm/lodestore-{}.tgz", version()))
}

/// The version, one for the whole workspace.
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}
