//! Takes out what only the table of functions still holds. wasm-bindgen reads what a closure looks like out of functions
//! that it runs and then removes; these name the function by which JavaScript would call such a closure, and so js-sys
//! puts one into the table for each kind of closure that any of its methods takes: 35 of them, with all that they call.
//! Those that JavaScript does call are exported besides.

use std::collections::HashSet;

use wasm_encoder::reencode::{Reencode, utils};
use wasmparser::{ElementItems, KnownCustom, Name, Operator, Parser, Payload};

type Result<T> = std::result::Result<T, wasm_encoder::reencode::Error>;

/// How such a function is named: it is private to that crate, and its address goes nowhere but into a description.
fn is_shim(name: &str) -> bool {
    name.contains("wasm_bindgen") && name.contains("convert::closures") && name.contains("invoke")
}

/// The functions of that name, by their index.
fn shims(wasm: &[u8]) -> Result<HashSet<u32>> {
    let mut shims = HashSet::new();
    for payload in Parser::new(0).parse_all(wasm) {
        let Payload::CustomSection(section) = payload? else { continue };
        let KnownCustom::Name(names) = section.as_known() else { continue };
        for part in names {
            if let Name::Function(functions) = part? {
                for function in functions {
                    let function = function?;
                    if is_shim(function.name) {
                        shims.insert(function.index);
                    }
                }
            }
        }
    }
    Ok(shims)
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
pub fn emptied(wasm: &[u8]) -> Result<Vec<u8>> {
    let shims = shims(wasm)?;
    let mut module = wasm_encoder::Module::new();
    utils::parse_core_module(&mut Emptied(shims), &mut module, Parser::new(0), wasm)?;
    Ok(module.finish())
}

/// The functions that can be called: by JavaScript, at the start, through the table, or from another one of them.
pub fn reachable(wasm: &[u8]) -> Result<HashSet<u32>> {
    let (mut found, mut calls, mut imported) = (Vec::new(), Vec::new(), 0);
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    imported += u32::from(matches!(import?.ty, wasmparser::TypeRef::Func(_)));
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export?;
                    if export.kind == wasmparser::ExternalKind::Func {
                        found.push(export.index);
                    }
                }
            }
            Payload::StartSection { func, .. } => found.push(func),
            Payload::ElementSection(section) => {
                for element in section {
                    match element?.items {
                        ElementItems::Functions(functions) => {
                            for function in functions {
                                found.push(function?);
                            }
                        }
                        ElementItems::Expressions(_, expressions) => {
                            for expression in expressions {
                                for operator in expression?.get_operators_reader() {
                                    if let Operator::RefFunc { function_index } = operator? {
                                        found.push(function_index);
                                    }
                                }
                            }
                        }
                    }
                }
            }
            Payload::CodeSectionEntry(body) => {
                let mut named = Vec::new();
                for operator in body.get_operators_reader()? {
                    match operator? {
                        Operator::Call { function_index }
                        | Operator::ReturnCall { function_index }
                        | Operator::RefFunc { function_index } => named.push(function_index),
                        _ => {}
                    }
                }
                calls.push(named);
            }
            _ => {}
        }
    }
    let mut reached = HashSet::new();
    while let Some(function) = found.pop() {
        if reached.insert(function)
            && let Some(named) = function.checked_sub(imported).and_then(|at| calls.get(at as usize))
        {
            found.extend(named);
        }
    }
    Ok(reached)
}
