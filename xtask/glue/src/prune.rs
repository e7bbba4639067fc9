//! Takes out what only the table of functions still holds. wasm-bindgen reads what a closure looks like out of functions
//! that it runs and then removes; these name the function by which JavaScript would call such a closure, and so js-sys
//! puts one into the table for each kind of closure that any of its methods takes: 35 of them, with all that they call.
//! Those that JavaScript does call are exported besides.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::whole::Whole;
use wasm_encoder::reencode::{Reencode, utils};
use wasmparser::{ElementItems, Parser};

type Result<T> = std::result::Result<T, wasm_encoder::reencode::Error>;

/// How such a function is named: it is private to that crate, and its address goes nowhere but into a description.
fn is_shim(name: &str) -> bool {
    name.contains("wasm_bindgen") && name.contains("convert::closures") && name.contains("invoke")
}

/// Writes a module whose table does not hold these functions: calling one by the table would trap.
struct Emptied(HashSet<u32>);

impl Reencode for Emptied {
    type Error = std::convert::Infallible;

    fn element_items<'a>(&mut self, items: ElementItems<'a>) -> Result<wasm_encoder::Elements<'a>> {
        let ElementItems::Functions(functions) = items else { return utils::element_items(self, items) };
        let mut entries = Vec::new();
        for function in functions {
            let function = function?;
            entries.push(match self.0.contains(&function) {
                true => wasm_encoder::ConstExpr::ref_null(wasm_encoder::HeapType::FUNC),
                false => wasm_encoder::ConstExpr::ref_func(function),
            });
        }
        Ok(wasm_encoder::Elements::Expressions(wasm_encoder::RefType::FUNCREF, entries.into()))
    }
}

/// The same module without them in its table.
pub fn emptied(wasm: &[u8], names: &HashMap<u32, String>) -> Result<Vec<u8>> {
    let shims = names.iter().filter(|(_, name)| is_shim(name)).map(|(function, _)| *function).collect();
    let mut module = wasm_encoder::Module::new();
    utils::parse_core_module(&mut Emptied(shims), &mut module, Parser::new(0), wasm)?;
    Ok(module.finish())
}

/// The functions that can be called: by JavaScript, at the start, through the table, or from another one of them.
pub fn reachable(wasm: &[u8]) -> Result<BTreeSet<u32>> {
    let whole = Whole::read(wasm)?;
    let exported = whole.functions_exported().map(|(_, function)| function);
    Ok(whole.reached(exported.chain(whole.start).chain(whole.table.values().copied()))?)
}
