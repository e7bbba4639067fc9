//! Tests of splitting.

use super::shared::short;
use super::{EXPORTS, FIRST, LENGTH_MIN, Result, Whole, split};
use std::collections::{HashMap, HashSet};
use wasm_encoder::*;

/// Bodies of at least [`LENGTH_MIN`] bytes that make some calls.
fn body(called: &[Instruction<'_>]) -> Function {
    let mut function = Function::new([]);
    called.iter().for_each(|one| {
        function.instruction(one);
    });
    for number in 0..LENGTH_MIN as i32 {
        function.instruction(&Instruction::I32Const(number)).instruction(&Instruction::Drop);
    }
    function.instruction(&Instruction::End);
    function
}

/// Each export of the second part calls a function of its own (5), one of the first part's (4) and one by the table;
/// the exports of the first part call that one (4), too. In the table: 4, 6 and 5.
fn module() -> Vec<u8> {
    let mut types = TypeSection::new();
    types.ty().function([], []);
    let mut imports = ImportSection::new();
    imports.import("host", "one", EntityType::Function(0));
    imports.import("host", "other", EntityType::Function(0));
    let (mut kinds, mut code, mut exports) =
        (FunctionSection::new(), CodeSection::new(), ExportSection::new());
    let by_table = [Instruction::I32Const(2), Instruction::CallIndirect { type_index: 0, table_index: 0 }];
    // 2: an export of the first part. 3: exports of the second one. 4: of both. 5, 6: of the second one.
    code.function(&body(&[Instruction::Call(4), Instruction::Call(0)]));
    let [number, call] = by_table;
    let stack = [Instruction::GlobalGet(0), Instruction::GlobalSet(0)];
    let [get, set] = stack;
    code.function(&body(&[
        Instruction::Call(4),
        Instruction::Call(5),
        Instruction::Call(1),
        number,
        call,
        get,
        set,
    ]));
    (4..7).for_each(|_| {
        code.function(&body(&[]));
    });
    (2..7).for_each(|_| {
        kinds.function(0);
    });
    exports.export("wasmstore_query", ExportKind::Func, 2);
    // Others have names that begin as one of those does.
    exports.export("wasmstore_checkpoint", ExportKind::Func, 2);
    for listed in EXPORTS {
        let name = if listed.ends_with('_') { format!("{listed}x") } else { listed.to_owned() };
        exports.export(&name, ExportKind::Func, 3);
    }
    let mut tables = TableSection::new();
    let limits = TableType {
        element_type: RefType::FUNCREF,
        table64: false,
        minimum: 4,
        maximum: Some(4),
        shared: false,
    };
    tables.table(limits);
    let mut elements = ElementSection::new();
    elements.active(None, &ConstExpr::i32_const(1), Elements::Functions((&[4, 6, 5][..]).into()));
    let mut memories = MemorySection::new();
    memories.memory(MemoryType {
        minimum: 1,
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let mut globals = GlobalSection::new();
    let kind = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
    globals.global(kind, &ConstExpr::i32_const(7));
    let mut module = Module::new();
    module.section(&types).section(&imports).section(&kinds).section(&tables).section(&memories);
    module.section(&globals).section(&exports).section(&elements).section(&code);
    module.finish()
}

fn is_valid(wasm: &[u8]) -> Result<()> {
    wasmparser::Validator::new().validate_all(wasm)?;
    Ok(())
}

#[test]
fn the_second_part_has_what_only_it_needs() -> Result<()> {
    let wasm = module();
    is_valid(&wasm)?;
    let names = HashMap::from([(6, "lodestore::web::upkeep::check".to_owned())]);
    let parts = split(&wasm, &names)?;
    is_valid(&parts.first)?;
    is_valid(&parts.second)?;
    let (first, second) = (Whole::read(&parts.first)?, Whole::read(&parts.second)?);
    // 0 to 2 and 4 stay; 5 is called by the table and has no name that says whose it is, so it stays as well.
    assert_eq!(first.all(), 0..5);
    assert_eq!(first.table.into_iter().collect::<Vec<_>>(), [(1, 3), (3, 4)]);
    // The export and what stood in the table between those two; one import, and two functions of the first part.
    let imported: Vec<_> = second.imports.iter().map(|(module, ..)| *module).collect();
    assert_eq!(imported, ["host", FIRST, FIRST]);
    assert_eq!(second.all(), 0..5);
    assert_eq!(second.table.clone().into_iter().collect::<Vec<_>>(), [(2, 4)]);
    assert!(second.functions_exported().all(|(_, function)| function == 3));
    assert_eq!(parts.exported.len(), EXPORTS.len());
    Ok(())
}

#[test]
fn a_list_that_is_out_of_date_is_noticed() {
    let mut module = Module::new();
    assert!(split(&module.section(&TypeSection::new()).clone().finish(), &HashMap::new()).is_err());
}

#[test]
fn names_are_short_and_differ() {
    let names: HashSet<String> = (0..2000).map(short).collect();
    assert_eq!(names.len(), 2000);
    assert!(names.iter().all(|name| name.len() <= 2));
}
