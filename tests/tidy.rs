//! Properties of the source itself: which module may use which, how long a file may be, what may not stand in it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test that fails panics

use std::fs;
use std::path::{Path, PathBuf};

/// Module -> the modules it may use beside `error`, `limits` and `room`, which stand below everything.
const EDGES: [(&str, &[&str]); 15] = [
    ("error", &[]),
    ("limits", &[]),
    ("room", &[]),
    ("json", &[]),
    ("sort", &[]),
    ("sorted", &[]),
    ("kernel", &[]),
    ("vectors", &["kernel", "sorted"]),
    ("metadata", &["json", "sort", "sorted"]),
    ("index", &["metadata", "vectors", "kernel", "json", "sort"]),
    ("collection", &["index", "metadata", "vectors", "json", "sorted"]),
    ("format", &[]),
    ("storage", &[]),
    ("store", &["collection", "index", "metadata", "vectors", "format", "storage", "json", "sorted"]),
    ("web", &["store", "collection", "index", "metadata", "vectors", "kernel", "format", "storage", "json"]),
];

const LINES_MAX: usize = 400;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below `folder` with one of these endings, build products left out.
fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
        let skipped = ["target", "node_modules", "dist", ".git", ".data", "wasm"].contains(&name.as_str());
        if path.is_dir() && !skipped {
            found.extend(files(&path, endings));
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            found.push(path);
        }
    }
    found
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().display().to_string()
}

/// The module of a file in src: the first part of its path.
fn module(path: &Path) -> String {
    let inside = path.strip_prefix(root().join("src")).unwrap();
    let first = inside.components().next().unwrap().as_os_str().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

#[test]
fn modules_use_only_what_stands_below_them() {
    let mut uses = 0;
    for path in files(&root().join("src"), &[".rs"]) {
        let module = module(&path);
        if module == "lib" {
            continue;
        }
        let allowed = EDGES.iter().find(|(name, _)| *name == module);
        let allowed = allowed.unwrap_or_else(|| panic!("src/{module} is not in the table of modules")).1;
        for (number, line) in fs::read_to_string(&path).unwrap().lines().enumerate() {
            for part in line.split("crate::").skip(1) {
                let used: String = part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if used.is_empty() || !EDGES.iter().any(|(name, _)| *name == used) {
                    continue;
                }
                uses += 1;
                let fine = used == module
                    || ["error", "limits", "room"].contains(&used.as_str())
                    || allowed.contains(&used.as_str());
                assert!(fine, "{}:{}: {module} may not use {used}", relative(&path), number + 1);
            }
        }
    }
    assert!(uses > 100, "the edges were read: {uses}");
}

#[test]
fn only_web_names_the_web_crates() {
    for path in files(&root().join("src"), &[".rs"]) {
        let text = fs::read_to_string(&path).unwrap();
        let named = ["wasm_bindgen", "js_sys", "web_sys"].iter().any(|name| text.contains(name));
        assert!(!named || module(&path) == "web", "{} names a web crate", relative(&path));
    }
}

#[test]
fn the_core_has_no_clock_no_randomness_and_no_io_of_its_own() {
    for path in files(&root().join("src"), &[".rs"]) {
        let text = fs::read_to_string(&path).unwrap();
        for banned in
            ["SystemTime", "Instant::", "std::fs", "std::net", "std::thread", "thread_rng", "getrandom"]
        {
            assert!(!text.contains(banned), "{} uses {banned}: take it as an argument", relative(&path));
        }
    }
}

#[test]
fn files_fit_in_a_head() {
    let files = files(&root(), &[".rs", ".ts", ".mjs", ".css"]);
    assert!(files.len() > 100);
    for path in files {
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= LINES_MAX, "{} has {lines} lines: is it more than one noun?", relative(&path));
    }
}

#[test]
fn nothing_is_unfinished_or_skipped() {
    // Put together here, so that this file does not find itself.
    let banned = [
        ["to", "do!("].concat(),
        ["unimple", "mented!("].concat(),
        ["FIX", "ME"].concat(),
        ["XX", "X"].concat(),
        ["#[ig", "nore"].concat(),
        [".sk", "ip()"].concat(),
        ["test.to", "do"].concat(),
        ["describe.sk", "ip"].concat(),
        [".on", "ly("].concat(),
    ];
    for path in files(&root(), &[".rs", ".ts", ".mjs", ".js"]) {
        let text = fs::read_to_string(&path).unwrap();
        for word in &banned {
            assert!(!text.contains(word.as_str()), "{} says {word}", relative(&path));
        }
    }
}

#[test]
fn nothing_names_this_machine_or_a_registry() {
    let banned = [["/wo", "rk/"].concat(), ["/ro", "ot/"].concat(), ["registry.", "npmjs"].concat()];
    for path in files(&root(), &[".rs", ".ts", ".mjs", ".md", ".json", ".toml", ".html", ".css"]) {
        let text = fs::read_to_string(&path).unwrap();
        for word in &banned {
            assert!(!text.contains(word.as_str()), "{} says {word}", relative(&path));
        }
    }
}

#[test]
fn every_source_file_says_what_it_is_for() {
    for path in files(&root().join("src"), &[".rs"]) {
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("//!"), "{} begins without a word about itself", relative(&path));
    }
}

#[test]
fn the_facade_knows_which_format_is_written() {
    let text = fs::read_to_string(root().join("pkg-templates/npm/src/tabs/protocol.ts")).unwrap();
    let line = format!("export const FORMAT = {};", lodestore::format::VERSION);
    assert!(text.contains(&line), "tabs tell each other which format they write: `{line}`");
}
