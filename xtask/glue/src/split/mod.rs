//! A module as two: what every page needs, and what it loads when it is asked for. Checks, exports, imports and salvage
//! are a good part of the code, and most pages never run them.
//!
//! The second part has the memory, the tables and the functions of the first one: it is the same program. It holds what can
//! be reached from its own exports only, and fills its own places in the table of functions when it is loaded. A hash of
//! the whole module stands in both, since parts of different builds would not fit.

mod first;
mod second;
mod shared;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::convert::Infallible;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::whole::{Whole, calls};
use shared::Shared;
use wasm_encoder::reencode::Error;
use wasm_encoder::{CustomSection, Section};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;
type Encoded<T> = std::result::Result<T, Error<Infallible>>;

/// Exports that only the second part has: of these names, or with names that begin so where it ends in `_`. Of what frees
/// an object, those whose objects only it makes.
const EXPORTS: [&str; 29] = [
    "salvage",
    "wasmstore_check",
    "wasmstore_configure",
    "wasmstore_exportStart",
    "wasmstore_importStart",
    "wasmstore_rebuildStart",
    "wasmstore_optimize",
    "wasmstore_quarantine",
    "wasmstore_quarantineRead",
    "wasmstore_quarantineDrop",
    "wasmstore_history",
    "wasmstore_asOf",
    "wasmstore_backupStart",
    "wasmstore_stageStart",
    "wasmstore_stagePast",
    "verifyStart",
    "wasmstore_upkeep",
    "wasmexport_",
    "wasmintake_",
    "wasmbackup_",
    "wasmstage_",
    "wasmrebuild_",
    "wasmpast_",
    "__wbg_wasmexport_free",
    "__wbg_wasmintake_free",
    "__wbg_wasmbackup_free",
    "__wbg_wasmstage_free",
    "__wbg_wasmpast_free",
    "__wbg_wasmrebuild_free",
];

/// What is called by the table and belongs to the second part, by what the name holds: futures of its exports, and what
/// becomes of them.
const NAMES: [&str; 27] = [
    "lodestore::web::salvage",
    "lodestore::web::upkeep",
    "lodestore::web::past",
    "lodestore::web::tending",
    "lodestore::store::audit",
    "lodestore::store::retain::",
    "WasmExport::",
    "WasmIntake",
    "lodestore::web::archive",
    "lodestore::web::intake",
    "lodestore::store::archive",
    "lodestore::web::seal",
    "lodestore::store::import::",
    "lodestore::store::export::",
    "WasmRebuild::",
    "Intent::configure",
    "WasmStore::export_start",
    "WasmStore::import_start",
    "WasmStore::rebuild_start",
    "WasmStore::optimize",
    "lodestore::store::check",
    "lodestore::store::salvage",
    "lodestore::store::past",
    "lodestore::store::back",
    "lodestore::store::switch",
    "lodestore::store::whole",
    "WasmPast",
];

/// Shorter ones, with those that they call, may be equal to one of something else, of which the compiler then has one.
const LENGTH_MIN: usize = 200;

/// Calls that are followed from a short one.
const STEPS: u32 = 4;

/// The section that says what belongs together.
pub const TWIN: &str = "lodestore-twin";

/// Where the second part finds the first one among what it imports.
pub const FIRST: &str = "first";

/// The two parts.
pub struct Parts {
    /// What every page needs.
    pub first: Vec<u8>,
    /// What it loads when it is asked for.
    pub second: Vec<u8>,
    /// What that exports.
    pub exported: Vec<String>,
    twin: [u8; 8],
}

impl Parts {
    /// One of the parts, with what says that it belongs to the other.
    pub fn signed(&self, mut part: Vec<u8>) -> Vec<u8> {
        let section = CustomSection { name: TWIN.into(), data: (&self.twin[..]).into() };
        section.append_to(&mut part);
        part
    }
}

fn is_listed(listed: &str, name: &str) -> bool {
    if listed.ends_with('_') { name.starts_with(listed) } else { name == listed }
}

fn is_second(name: &str) -> bool {
    EXPORTS.iter().any(|listed| is_listed(listed, name))
}

/// Functions of the names in [`NAMES`] that are of the second part for certain.
struct Listed<'a> {
    whole: &'a Whole<'a>,
    names: &'a HashMap<u32, String>,
}

impl<'a> Listed<'a> {
    fn of(whole: &'a Whole<'a>, names: &'a HashMap<u32, String>) -> Listed<'a> {
        Listed { whole, names }
    }

    fn is_named(&self, function: u32) -> bool {
        let name = self.names.get(&function).map_or("", String::as_str);
        NAMES.iter().any(|part| name.contains(part))
    }

    /// Whether there is so much of it, with the named ones that it calls, that one of something else would not be equal.
    fn holds(&self, function: u32) -> bool {
        self.length(function, STEPS) >= LENGTH_MIN
    }

    /// Bytes of a function of such a name, and of those that it calls; 0 of another.
    fn length(&self, function: u32, steps: u32) -> usize {
        let Some((_, body)) = self.whole.defined(function).filter(|_| self.is_named(function)) else {
            return 0;
        };
        let called = if steps == 0 { Vec::new() } else { calls(body).unwrap_or_default() };
        let others = called.into_iter().filter(|one| *one != function);
        body.range().len() + others.map(|one| self.length(one, steps - 1)).sum::<usize>()
    }
}

/// Splits a module, whose functions have these names.
pub fn split(wasm: &[u8], names: &HashMap<u32, String>) -> Result<Parts> {
    let whole = Whole::read(wasm)?;
    for listed in EXPORTS {
        if !whole.functions_exported().any(|(name, _)| is_listed(listed, name)) {
            return Err(format!("nothing of the name {listed} is exported: xtask/glue/src/split").into());
        }
    }
    let listed = Listed::of(&whole, names);
    let by_table = |function: u32| listed.holds(function);
    let exported = |second: bool| {
        let some = whole.functions_exported().filter(move |(name, _)| is_second(name) == second);
        some.map(|(_, function)| function)
    };
    let in_table = |second: bool| {
        let all = whole.table.values().copied();
        all.filter(move |function| by_table(*function) == second)
    };
    let first = whole.reached(exported(false).chain(in_table(false)).chain(whole.start))?;
    let second = whole.reached(exported(true).chain(in_table(true)))?;
    let second: Vec<u32> =
        second.into_iter().filter(|one| !first.contains(one) && whole.defined(*one).is_some()).collect();
    let shared = Shared::of(&whole, &second)?;
    let mut hasher = DefaultHasher::new();
    wasm.hash(&mut hasher);
    Ok(Parts {
        first: first::write_first(&whole, wasm, &second, &shared)?,
        second: second::write_second(&whole, wasm, &second, &shared)?,
        exported: whole
            .functions_exported()
            .map(|(name, _)| name.to_owned())
            .filter(|one| is_second(one))
            .collect(),
        twin: hasher.finish().to_le_bytes(),
    })
}
