//! What a module consists of, as far as splitting it needs to know.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use wasm_encoder::ExportKind;
use wasmparser::{
    ElementItems, ElementKind, ExternalKind, FunctionBody, GlobalType, KnownCustom, MemoryType, Name,
    Operator, Parser, Payload, TableType, TypeRef,
};

type Result<T> = std::result::Result<T, wasmparser::BinaryReaderError>;

/// A module.
pub struct Whole<'a> {
    /// The functions that it imports: from which module, by what name, of what type.
    pub imports: Vec<(&'a str, &'a str, u32)>,
    /// Type and body of those that it defines.
    functions: Vec<(u32, FunctionBody<'a>)>,
    exports: Vec<(&'a str, ExternalKind, u32)>,
    /// The function in each place of the table.
    pub table: BTreeMap<u32, u32>,
    pub tables: Vec<TableType>,
    pub globals: Vec<GlobalType>,
    pub memory: MemoryType,
    pub start: Option<u32>,
}

/// The functions of an element segment, place after place.
pub fn entries(items: ElementItems<'_>) -> Result<Vec<Option<u32>>> {
    match items {
        ElementItems::Functions(functions) => functions.into_iter().map(|one| one.map(Some)).collect(),
        ElementItems::Expressions(_, expressions) => {
            let mut entries = Vec::new();
            for expression in expressions {
                entries.push(match expression?.get_operators_reader().into_iter().next().transpose()? {
                    Some(Operator::RefFunc { function_index }) => Some(function_index),
                    _ => None,
                });
            }
            Ok(entries)
        }
    }
}

/// The functions that one calls by name.
pub fn calls(body: &FunctionBody<'_>) -> Result<Vec<u32>> {
    let mut named = Vec::new();
    for operator in body.get_operators_reader()? {
        if let Operator::Call { function_index }
        | Operator::ReturnCall { function_index }
        | Operator::RefFunc { function_index } = operator?
        {
            named.push(function_index);
        }
    }
    Ok(named)
}

/// What the functions of a module are called.
pub fn names(wasm: &[u8]) -> Result<HashMap<u32, String>> {
    let mut all = HashMap::new();
    for payload in Parser::new(0).parse_all(wasm) {
        let Payload::CustomSection(section) = payload? else { continue };
        let KnownCustom::Name(names) = section.as_known() else { continue };
        for part in names {
            if let Name::Function(functions) = part? {
                for function in functions {
                    let function = function?;
                    all.insert(function.index, function.name.to_owned());
                }
            }
        }
    }
    Ok(all)
}

impl<'a> Whole<'a> {
    /// Reads a module.
    pub fn read(wasm: &'a [u8]) -> Result<Whole<'a>> {
        let memory =
            MemoryType { memory64: false, shared: false, initial: 0, maximum: None, page_size_log2: None };
        let mut whole = Whole {
            imports: Vec::new(),
            functions: Vec::new(),
            exports: Vec::new(),
            table: BTreeMap::new(),
            tables: Vec::new(),
            globals: Vec::new(),
            memory,
            start: None,
        };
        let (mut types, mut bodies) = (Vec::new(), Vec::new());
        for payload in Parser::new(0).parse_all(wasm) {
            match payload? {
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let import = import?;
                        if let TypeRef::Func(kind) = import.ty {
                            whole.imports.push((import.module, import.name, kind));
                        }
                    }
                }
                Payload::FunctionSection(section) => types = section.into_iter().collect::<Result<_>>()?,
                Payload::TableSection(section) => {
                    for table in section {
                        whole.tables.push(table?.ty);
                    }
                }
                Payload::MemorySection(section) => {
                    for memory in section {
                        whole.memory = memory?;
                    }
                }
                Payload::GlobalSection(section) => {
                    for global in section {
                        whole.globals.push(global?.ty);
                    }
                }
                Payload::ExportSection(section) => {
                    for export in section {
                        let export = export?;
                        whole.exports.push((export.name, export.kind, export.index));
                    }
                }
                Payload::StartSection { func, .. } => whole.start = Some(func),
                Payload::ElementSection(section) => {
                    for element in section {
                        let element = element?;
                        whole.fill(element.kind, element.items)?;
                    }
                }
                Payload::CodeSectionEntry(body) => bodies.push(body),
                _ => {}
            }
        }
        whole.functions = types.into_iter().zip(bodies).collect();
        Ok(whole)
    }

    fn fill(&mut self, kind: ElementKind<'_>, items: ElementItems<'_>) -> Result<()> {
        let ElementKind::Active { offset_expr, .. } = kind else { return Ok(()) };
        let first = offset_expr.get_operators_reader().into_iter().next().transpose()?;
        let Some(Operator::I32Const { value }) = first else { return Ok(()) };
        let filled = (value as u32..).zip(entries(items)?);
        self.table.extend(filled.filter_map(|(place, function)| Some((place, function?))));
        Ok(())
    }

    /// The type and the body of a function, if this module defines it.
    pub fn defined(&self, function: u32) -> Option<(u32, &FunctionBody<'a>)> {
        let at = (function as usize).checked_sub(self.imports.len())?;
        self.functions.get(at).map(|(kind, body)| (*kind, body))
    }

    /// All that can be called from these.
    pub fn reached(&self, from: impl Iterator<Item = u32>) -> Result<BTreeSet<u32>> {
        let (mut found, mut reached) = (from.collect::<Vec<_>>(), BTreeSet::new());
        while let Some(function) = found.pop() {
            if reached.insert(function)
                && let Some((_, body)) = self.defined(function)
            {
                found.extend(calls(body)?);
            }
        }
        Ok(reached)
    }

    /// All functions.
    pub fn all(&self) -> std::ops::Range<u32> {
        0..(self.imports.len() + self.functions.len()) as u32
    }

    /// The functions that it exports.
    pub fn functions_exported(&self) -> impl Iterator<Item = (&'a str, u32)> {
        let functions = self.exports.iter().filter(|(_, kind, _)| *kind == ExternalKind::Func);
        functions.map(|(name, _, function)| (*name, *function))
    }

    /// The name under which something is exported.
    pub fn exported(&self, kind: ExportKind, index: u32) -> Option<String> {
        let same =
            |(_, other, at): &&(&str, ExternalKind, u32)| ExportKind::from(*other) == kind && *at == index;
        self.exports.iter().find(same).map(|(name, ..)| (*name).to_owned())
    }
}
