//! A module as two: what every page needs, and what it loads when it is asked for. Checks, exports, imports and salvage
//! are a good part of the code, and most pages never run them.
//!
//! The second part has the memory, the tables and the functions of the first one: it is the same program. It holds what can
//! be reached from its own exports only, and fills its own places in the table of functions when it is loaded. A hash of
//! the whole module stands in both, since parts of different builds would not fit.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::whole::{Whole, calls};
use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{
    CodeSection, ConstExpr, CustomSection, ElementSection, Elements, EntityType, ExportKind, ExportSection,
    FunctionSection, HeapType, ImportSection, Module, RefType, Section, TypeSection,
};
use wasmparser::{ElementItems, Operator, Parser};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;
type Encoded<T> = std::result::Result<T, Error<std::convert::Infallible>>;

/// Exports that only the second part has, by how their names begin. Of what frees an object, those whose objects only it
/// makes.
const EXPORTS: [&str; 10] = [
    "salvage",
    "wasmstore_check",
    "wasmstore_export",
    "wasmstore_import",
    "wasmstore_quarantine",
    "wasmexport_",
    "wasmimport_",
    "wasmrebuild_",
    "__wbg_wasmexport_free",
    "__wbg_wasmimport_free",
];

/// What is called by the table and belongs to the second part, by what the name holds: futures of its exports, and what
/// becomes of them.
const NAMES: [&str; 9] = [
    "lodestore::web::salvage",
    "lodestore::web::upkeep",
    "WasmExport::",
    "WasmImport::",
    "WasmRebuild::",
    "WasmStore::export_start",
    "WasmStore::import_start",
    "lodestore::store::check",
    "lodestore::store::salvage",
];

/// Shorter ones may be equal to one of something else, of which the compiler then has one.
const LENGTH_MIN: usize = 200;

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

fn is_second(name: &str) -> bool {
    EXPORTS.iter().any(|start| name.starts_with(start))
}

/// Splits a module, whose functions have these names.
pub fn split(wasm: &[u8], names: &HashMap<u32, String>) -> Result<Parts> {
    let whole = Whole::read(wasm)?;
    for start in EXPORTS {
        if !whole.functions_exported().any(|(name, _)| name.starts_with(start)) {
            return Err(format!("nothing exported begins with {start}: xtask/glue/src/split.rs").into());
        }
    }
    let long = |function: u32| whole.defined(function).is_some_and(|(_, body)| body.range().len() >= LENGTH_MIN);
    let by_table = |function: u32| {
        let name = names.get(&function).map_or("", String::as_str);
        NAMES.iter().any(|part| name.contains(part)) && long(function)
    };
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
        first: write_first(&whole, wasm, &second, &shared)?,
        second: write_second(&whole, wasm, &second, &shared)?,
        exported: whole.functions_exported().map(|(name, _)| name.to_owned()).filter(|one| is_second(one)).collect(),
        twin: hasher.finish().to_le_bytes(),
    })
}

/// What the second part has of the first one, and under what names.
struct Shared {
    functions: BTreeMap<u32, String>,
    imports: Vec<u32>,
    globals: BTreeMap<u32, String>,
    tables: Vec<String>,
    memory: String,
    /// What the first part has to export for it.
    added: Vec<(String, ExportKind, u32)>,
}

impl Shared {
    fn of(whole: &Whole<'_>, second: &[u32]) -> Result<Shared> {
        let own: HashSet<u32> = second.iter().copied().collect();
        let (mut used, mut globals) = (BTreeSet::new(), BTreeSet::new());
        for function in second {
            let Some((_, body)) = whole.defined(*function) else { continue };
            used.extend(calls(body)?.into_iter().filter(|called| !own.contains(called)));
            for operator in body.get_operators_reader()? {
                if let Operator::GlobalGet { global_index } | Operator::GlobalSet { global_index } = operator? {
                    globals.insert(global_index);
                }
            }
        }
        let mut added = Vec::new();
        let mut name = |kind: ExportKind, index: u32| {
            whole.exported(kind, index).unwrap_or_else(|| {
                let name = short(added.len());
                added.push((name.clone(), kind, index));
                name
            })
        };
        let imports = used.iter().copied().filter(|one| whole.defined(*one).is_none()).collect();
        let functions = used
            .iter()
            .filter(|one| whole.defined(**one).is_some())
            .map(|one| (*one, name(ExportKind::Func, *one)))
            .collect();
        let globals = globals.into_iter().map(|one| (one, name(ExportKind::Global, one))).collect();
        let tables = (0..whole.tables.len() as u32).map(|one| name(ExportKind::Table, one)).collect();
        let memory = name(ExportKind::Memory, 0);
        Ok(Shared { functions, imports, globals, tables, memory, added })
    }
}

/// Names of one or two characters, which no other export has.
fn short(mut number: usize) -> String {
    let letters = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let mut name = String::new();
    loop {
        name.push(char::from(letters[number % letters.len()]));
        number /= letters.len();
        if number == 0 {
            return name;
        }
        number -= 1;
    }
}

/// Writes the module without the functions of the second part.
struct First<'a> {
    whole: &'a Whole<'a>,
    gone: HashSet<u32>,
    place: HashMap<u32, u32>,
    added: &'a [(String, ExportKind, u32)],
}

fn write_first(
    whole: &Whole<'_>,
    wasm: &[u8],
    second: &[u32],
    shared: &Shared,
) -> Result<Vec<u8>> {
    let gone: HashSet<u32> = second.iter().copied().collect();
    let stay = whole.all().filter(|one| !gone.contains(one));
    let place = stay.zip(0u32..).map(|(old, new)| (old, new)).collect();
    let mut first = First { whole, gone, place, added: &shared.added };
    let mut module = Module::new();
    utils::parse_core_module(&mut first, &mut module, Parser::new(0), wasm)?;
    Ok(module.finish())
}

impl First<'_> {
    fn defined(&self) -> impl Iterator<Item = (u32, wasmparser::FunctionBody<'_>)> {
        let stay = self.whole.all().filter(|one| !self.gone.contains(one));
        stay.filter_map(|one| self.whole.defined(one)).map(|(kind, body)| (kind, body.clone()))
    }
}

impl Reencode for First<'_> {
    type Error = std::convert::Infallible;

    fn function_index(&mut self, function: u32) -> Encoded<u32> {
        Ok(self.place.get(&function).copied().unwrap_or(u32::MAX))
    }

    fn parse_custom_section(&mut self, _: &mut Module, _: wasmparser::CustomSectionReader<'_>) -> Encoded<()> {
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        section: &mut FunctionSection,
        _: wasmparser::FunctionSectionReader<'_>,
    ) -> Encoded<()> {
        self.defined().for_each(|(kind, _)| {
            section.function(kind);
        });
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        section: &mut CodeSection,
        _: wasmparser::CodeSectionReader<'_>,
    ) -> Encoded<()> {
        let whole = self.whole;
        for function in whole.all() {
            if let Some((_, body)) = whole.defined(function).filter(|_| !self.gone.contains(&function)) {
                self.parse_function_body(section, body.clone())?;
            }
        }
        Ok(())
    }

    fn parse_export_section(
        &mut self,
        section: &mut ExportSection,
        exports: wasmparser::ExportSectionReader<'_>,
    ) -> Encoded<()> {
        for export in exports {
            let export = export?;
            let is_gone = export.kind == wasmparser::ExternalKind::Func && self.gone.contains(&export.index);
            if !is_gone {
                self.parse_export(section, export)?;
            }
        }
        for (name, kind, index) in self.added {
            let index = if *kind == ExportKind::Func { self.function_index(*index)? } else { *index };
            section.export(name, *kind, index);
        }
        Ok(())
    }

    fn element_items<'a>(&mut self, items: ElementItems<'a>) -> Encoded<Elements<'a>> {
        let mut entries = Vec::new();
        for function in crate::whole::entries(items)? {
            entries.push(match function.filter(|one| !self.gone.contains(one)) {
                None => ConstExpr::ref_null(HeapType::FUNC),
                Some(function) => ConstExpr::ref_func(self.function_index(function)?),
            });
        }
        Ok(Elements::Expressions(RefType::FUNCREF, entries.into()))
    }
}

/// Writes functions with the indices that they have in the second part.
struct Second {
    functions: HashMap<u32, u32>,
    globals: HashMap<u32, u32>,
}

impl Reencode for Second {
    type Error = std::convert::Infallible;

    fn function_index(&mut self, function: u32) -> Encoded<u32> {
        Ok(self.functions.get(&function).copied().unwrap_or(u32::MAX))
    }

    fn global_index(&mut self, global: u32) -> Encoded<u32> {
        Ok(self.globals.get(&global).copied().unwrap_or(u32::MAX))
    }
}

fn write_second(
    whole: &Whole<'_>,
    wasm: &[u8],
    second: &[u32],
    shared: &Shared,
) -> Result<Vec<u8>> {
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
