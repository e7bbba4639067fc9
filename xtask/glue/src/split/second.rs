//! The second part: its functions, which import what else they need from the first one, and their places in its table.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;

use super::shared::Shared;
use super::{Encoded, FIRST, Result, is_second};
use crate::whole::Whole;
use wasm_encoder::reencode::{Reencode, utils};
use wasm_encoder::{
    CodeSection, ConstExpr, ElementSection, Elements, EntityType, ExportKind, ExportSection, FunctionSection,
    ImportSection, Module, TypeSection,
};
use wasmparser::Parser;

/// Writes functions with the indices that they have in the second part.
struct Second {
    functions: HashMap<u32, u32>,
    globals: HashMap<u32, u32>,
}

impl Reencode for Second {
    type Error = Infallible;

    fn function_index(&mut self, function: u32) -> Encoded<u32> {
        Ok(self.functions.get(&function).copied().unwrap_or(u32::MAX))
    }

    fn global_index(&mut self, global: u32) -> Encoded<u32> {
        Ok(self.globals.get(&global).copied().unwrap_or(u32::MAX))
    }
}

/// Writes it.
pub fn write_second(whole: &Whole<'_>, wasm: &[u8], second: &[u32], shared: &Shared) -> Result<Vec<u8>> {
    let order = shared.imports.iter().chain(shared.functions.keys()).chain(second);
    let functions = order.copied().zip(0..).collect();
    let globals = shared.globals.keys().copied().zip(0..).collect();
    let mut own = Second { functions, globals };

    let mut types = TypeSection::new();
    for payload in Parser::new(0).parse_all(wasm) {
        if let wasmparser::Payload::TypeSection(section) = payload? {
            utils::parse_type_section(&mut own, &mut types, section)?;
        }
    }
    let mut imports = ImportSection::new();
    for function in &shared.imports {
        let (module, name, kind) = whole.imports[*function as usize];
        imports.import(module, name, EntityType::Function(kind));
    }
    for (function, name) in &shared.functions {
        let kind = whole.defined(*function).map_or(0, |(kind, _)| kind);
        imports.import(FIRST, name, EntityType::Function(kind));
    }
    for (global, name) in &shared.globals {
        imports.import(FIRST, name, own.global_type(whole.globals[*global as usize])?);
    }
    for (table, name) in whole.tables.iter().zip(&shared.tables) {
        imports.import(FIRST, name, own.table_type(*table)?);
    }
    imports.import(FIRST, &shared.memory, own.memory_type(whole.memory)?);

    let (mut kinds, mut code) = (FunctionSection::new(), CodeSection::new());
    for (kind, body) in second.iter().filter_map(|one| whole.defined(*one)) {
        kinds.function(kind);
        own.parse_function_body(&mut code, body.clone())?;
    }
    let mut exports = ExportSection::new();
    for (name, function) in whole.functions_exported().filter(|(name, _)| is_second(name)) {
        exports.export(name, ExportKind::Func, own.function_index(function)?);
    }
    let mut elements = ElementSection::new();
    let mine: HashSet<u32> = second.iter().copied().collect();
    for (place, function) in whole.table.iter().filter(|(_, function)| mine.contains(function)) {
        let one = [own.function_index(*function)?];
        elements.active(None, &ConstExpr::i32_const(*place as i32), Elements::Functions((&one[..]).into()));
    }
    let mut module = Module::new();
    module.section(&types).section(&imports).section(&kinds).section(&exports);
    module.section(&elements).section(&code);
    Ok(module.finish())
}
