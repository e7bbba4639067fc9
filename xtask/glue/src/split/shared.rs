//! What the second part has of the first one, and under what names.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::Result;
use crate::whole::{Whole, calls};
use wasm_encoder::ExportKind;
use wasmparser::Operator;

/// By the index in the whole module.
pub struct Shared {
    pub functions: BTreeMap<u32, String>,
    pub imports: Vec<u32>,
    pub globals: BTreeMap<u32, String>,
    pub tables: Vec<String>,
    pub memory: String,
    /// What the first part has to export for it.
    pub added: Vec<(String, ExportKind, u32)>,
}

impl Shared {
    /// What these functions use.
    pub fn of(whole: &Whole<'_>, second: &[u32]) -> Result<Shared> {
        let own: HashSet<u32> = second.iter().copied().collect();
        let (mut used, mut globals) = (BTreeSet::new(), BTreeSet::new());
        for function in second {
            let Some((_, body)) = whole.defined(*function) else { continue };
            used.extend(calls(body)?.into_iter().filter(|called| !own.contains(called)));
            for operator in body.get_operators_reader()? {
                if let Operator::GlobalGet { global_index } | Operator::GlobalSet { global_index } = operator?
                {
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
pub fn short(mut number: usize) -> String {
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
