//! wasm-opt, only when asked for. After `lto = "fat"`, one codegen unit and `opt-level = "z"` it makes the module 4 %
//! smaller and its gzip 2 % larger, so what is packed goes without it. It is slow (it is itself wasm under Node), so
//! its result is kept by the hash of its input.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::run::{Failure, Result, quiet, say, seconds};
use crate::setup::npm;
use crate::{hash, paths};

/// What the compiler uses, by name. Never `-all`: that lets binaryen write proposals that no browser knows.
const FLAGS: [&str; 10] = [
    "-O3",
    "--enable-simd",
    "--enable-relaxed-simd",
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
    "--enable-multivalue",
];

/// The path of the optimised twin of this wasm.
pub fn optimised(wasm: &Path) -> Result<PathBuf> {
    let input = fs::read(wasm).map_err(|error| Failure::io("read", wasm, &error))?;
    let manifest = paths::root().join("package.json");
    let versions = fs::read(&manifest).map_err(|error| Failure::io("read", &manifest, &error))?;
    let folder = paths::scratch().join("wasm-opt");
    let output =
        folder.join(format!("{}.wasm", hash::bytes(&[&input, &versions, FLAGS.join(" ").as_bytes()])));
    if output.is_file() {
        return Ok(output);
    }
    let start = Instant::now();
    say("wasm-opt", "shrinking the wasm");
    fs::create_dir_all(&folder).map_err(|error| Failure::io("create", &folder, &error))?;
    let draft = output.with_extension(format!("{}.tmp", std::process::id()));
    quiet(npm::tool(&paths::root(), "wasm-opt")?.args(FLAGS).arg(wasm).arg("-o").arg(&draft))?;
    fs::rename(&draft, &output).map_err(|error| Failure::io("rename to", &output, &error))?;
    say("wasm-opt", format!("done after {}", seconds(start)));
    Ok(output)
}
