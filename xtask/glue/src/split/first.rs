//! The first part: the module without the functions of the second one, and with exports of what that one needs.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;

use super::shared::Shared;
use super::{Encoded, Result};
use crate::whole::Whole;
use wasm_encoder::reencode::{Reencode, utils};
use wasm_encoder::{
    CodeSection, ConstExpr, Elements, ExportKind, ExportSection, FunctionSection, HeapType, Module, RefType,
};
use wasmparser::{ElementItems, Parser};

/// Writes the module without the functions of the second part.
struct First<'a> {
    whole: &'a Whole<'a>,
    gone: HashSet<u32>,
    place: HashMap<u32, u32>,
    added: &'a [(String, ExportKind, u32)],
}

/// Writes it.
pub fn write_first(whole: &Whole<'_>, wasm: &[u8], second: &[u32], shared: &Shared) -> Result<Vec<u8>> {
    let gone: HashSet<u32> = second.iter().copied().collect();
    let stay = whole.all().filter(|one| !gone.contains(one));
    let place = stay.zip(0u32..).collect();
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
    type Error = Infallible;

    fn function_index(&mut self, function: u32) -> Encoded<u32> {
        Ok(self.place.get(&function).copied().unwrap_or(u32::MAX))
    }

    fn parse_custom_section(
        &mut self,
        _: &mut Module,
        _: wasmparser::CustomSectionReader<'_>,
    ) -> Encoded<()> {
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
