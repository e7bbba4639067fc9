//! Generates the JavaScript glue: `xtask-glue INPUT.wasm OUTPUT_DIR`.
//!
//! A crate of its own, so that `cargo xtask` does not wait for wasm-bindgen's forty crates before it can
//! do anything. The wasm-bindgen command line is not used: it would be another installation, and its version
//! has to be the library's own.
mod arrange;
mod prune;
mod traps;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [input, output] = arguments.as_slice() else {
        eprintln!("usage: xtask-glue INPUT.wasm OUTPUT_DIR");
        return ExitCode::from(2);
    };
    let mut bindgen = Bindgen::new();
    let result = bindgen.web(true).and_then(|bindgen| {
        bindgen
            .input_path(input)
            .out_name("lodestore")
            .typescript(true)
            // The facade names the wasm file itself, each host in its own way. Left in, the glue's own
            // `new URL(...)` would make bundlers emit the file a second time.
            .omit_default_module_path(true)
            // What is taken out afterwards is found by its name.
            .remove_name_section(false)
            .remove_producers_section(true)
            .generate(output)
    });
    let result = result
        .map_err(|error| format!("{error:?}"))
        .and_then(|()| rewrite(&output.join("lodestore_bg.wasm")).map_err(|error| error.to_string()))
        .and_then(|()| traps::catch(output).map_err(|error| error.to_string()));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: no glue from {}: {error}", input.display());
            ExitCode::FAILURE
        }
    }
}

/// Arranges what wasm-bindgen wrote.
fn rewrite(path: &Path) -> Result<(), Box<dyn std::error::Error>> {
    if std::env::var_os("NAMES").is_some() {
        return Ok(());
    }
    let wasm = std::fs::read(path)?;
    Ok(std::fs::write(path, arrange::arrange(&wasm)?)?)
}
