//! Generates the JavaScript glue: `xtask-glue INPUT.wasm OUTPUT_DIR`.
//!
//! A crate of its own, so that `cargo xtask` does not wait for wasm-bindgen's forty crates before it can
//! do anything. The wasm-bindgen command line is not used: it would be another installation, and its version
//! has to be the library's own.
mod arrange;
mod prune;
mod split;
mod traps;
mod whole;

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
        .and_then(|()| rewrite(output).map_err(|error| error.to_string()))
        .and_then(|second| traps::catch(output, &second).map_err(|error| error.to_string()));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: no glue from {}: {error}", input.display());
            ExitCode::FAILURE
        }
    }
}

/// Arranges what wasm-bindgen wrote, in two parts; gives what the second one exports.
fn rewrite(folder: &Path) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    if std::env::var_os("NAMES").is_some() {
        return Ok(Vec::new());
    }
    let path = folder.join("lodestore_bg.wasm");
    let wasm = std::fs::read(&path)?;
    let names = whole::names(&wasm)?;
    let parts = split::split(&prune::emptied(&wasm, &names)?, &names)?;
    std::fs::write(path, parts.signed(arrange::arrange(&parts.first)?))?;
    std::fs::write(folder.join("lodestore_more_bg.wasm"), parts.signed(arrange::arrange(&parts.second)?))?;
    Ok(parts.exported)
}
