//! The same wasm with its functions in another order: like ones beside each other, and equal ones once.
//!
//! wasm-bindgen leaves functions sorted by size. gzip finds repetition only within 32 KB, and a compiler that makes
//! many functions of one generic one repeats itself all over: this order is 4 % less to download.

use std::collections::HashMap;

use crate::prune;
use wasm_encoder::reencode::{Reencode, utils};
use wasmparser::{CodeSectionReader, FunctionBody, FunctionSectionReader, Parser, Payload, TypeRef};

type Result<T> = std::result::Result<T, wasm_encoder::reencode::Error>;

/// Bytes of a piece of code by which two functions are alike.
const PIECE: usize = 5;
/// A piece in more functions than this says nothing about any two of them; the rarer one is, the more it says.
const COMMON: usize = 400;
/// What a function already placed counts for, as against the one placed after it.
const FADE: f64 = 0.982;
/// Added to the length of a function, so that the least ones do not come first for one piece in common.
const LEAST: usize = 600;

/// What a module says about the functions in it that decides where they go.
struct Functions<'a> {
    imported: u32,
    /// The type and the body of each.
    defined: Vec<(u32, FunctionBody<'a>)>,
}

impl<'a> Functions<'a> {
    fn read(wasm: &'a [u8]) -> Result<Functions<'a>> {
        let (mut imported, mut types, mut bodies) = (0, Vec::new(), Vec::new());
        for payload in Parser::new(0).parse_all(wasm) {
            match payload? {
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        imported += u32::from(matches!(import?.ty, TypeRef::Func(_)));
                    }
                }
                Payload::FunctionSection(section) => {
                    types = section.into_iter().collect::<std::result::Result<_, _>>()?;
                }
                Payload::CodeSectionEntry(body) => bodies.push(body),
                _ => {}
            }
        }
        Ok(Functions { imported, defined: types.into_iter().zip(bodies).collect() })
    }
}

/// Writes a module with its functions in another order.
struct Moved<'a> {
    functions: Functions<'a>,
    /// Which of the old functions each new one is.
    order: Vec<usize>,
    /// Which of the new functions each old one became.
    place: Vec<u32>,
}

impl<'a> Moved<'a> {
    /// `order` names each function once, or instead of it an equal one, which `same` gives.
    fn new(functions: Functions<'a>, order: Vec<usize>, same: &[usize]) -> Moved<'a> {
        let mut place = vec![0; same.len()];
        for (at, function) in order.iter().enumerate() {
            place[*function] = at as u32;
        }
        let place = same.iter().map(|function| place[*function]).collect();
        Moved { functions, order, place }
    }

    fn write(mut self, wasm: &[u8]) -> Result<Vec<u8>> {
        let mut module = wasm_encoder::Module::new();
        utils::parse_core_module(&mut self, &mut module, Parser::new(0), wasm)?;
        Ok(module.finish())
    }
}

impl Reencode for Moved<'_> {
    type Error = std::convert::Infallible;

    fn function_index(&mut self, function: u32) -> Result<u32> {
        let imported = self.functions.imported;
        let defined = function.checked_sub(imported);
        Ok(match defined.and_then(|function| self.place.get(function as usize)) {
            Some(place) => imported + place,
            None => function,
        })
    }

    /// The names have been read, and nothing reads `target_features` any more.
    fn parse_custom_section(
        &mut self,
        _: &mut wasm_encoder::Module,
        _: wasmparser::CustomSectionReader<'_>,
    ) -> Result<()> {
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        section: &mut wasm_encoder::FunctionSection,
        _: FunctionSectionReader<'_>,
    ) -> Result<()> {
        for function in &self.order {
            section.function(self.functions.defined[*function].0);
        }
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        section: &mut wasm_encoder::CodeSection,
        _: CodeSectionReader<'_>,
    ) -> Result<()> {
        for at in 0..self.order.len() {
            let body = self.functions.defined[self.order[at]].1.clone();
            self.parse_function_body(section, body)?;
        }
        Ok(())
    }
}

/// For each function the first that is equal to it.
fn equals(functions: &Functions<'_>) -> Vec<usize> {
    let mut first = HashMap::new();
    let defined = functions.defined.iter().enumerate();
    defined.map(|(at, (kind, body))| *first.entry((*kind, body.as_bytes())).or_insert(at)).collect()
}

/// A piece of code, and the function that it stands in.
type Place<'a> = (&'a [u8], usize);

/// Functions such that each shares much with those just before it, beginning with the longest.
fn order(bodies: &[&[u8]], among: &[usize]) -> Vec<usize> {
    let mut pieces: Vec<Place<'_>> = Vec::new();
    for function in among {
        pieces.extend(bodies[*function].windows(PIECE).map(|piece| (piece, *function)));
    }
    pieces.sort_unstable();
    pieces.dedup();
    // For each function the groups of functions that it shares a piece with.
    let mut shared: Vec<Vec<&[Place<'_>]>> = vec![Vec::new(); bodies.len()];
    for group in pieces.chunk_by(|one, other| one.0 == other.0) {
        if (2..=COMMON).contains(&group.len()) {
            group.iter().for_each(|(_, function)| shared[*function].push(group));
        }
    }
    let mut left = among.to_vec();
    let mut likeness = vec![0.0; bodies.len()];
    let mut order = Vec::new();
    while !left.is_empty() {
        let rank = |function: usize| likeness[function] / (bodies[function].len() + LEAST) as f64;
        let length = |function: usize| bodies[function].len();
        let mut best = 0;
        for (at, function) in left.iter().enumerate() {
            let (one, other) = (*function, left[best]);
            let higher = rank(one) > rank(other);
            if higher || (rank(one) == rank(other) && length(one) > length(other)) {
                best = at;
            }
        }
        let function = left.remove(best);
        order.push(function);
        likeness.iter_mut().for_each(|likeness| *likeness *= FADE);
        for group in &shared[function] {
            group.iter().for_each(|(_, other)| likeness[*other] += 1.0 / group.len() as f64);
        }
    }
    order
}

/// Arranges a module.
pub fn arrange(wasm: &[u8]) -> Result<Vec<u8>> {
    let (functions, reachable) = (Functions::read(wasm)?, prune::reachable(wasm)?);
    let all: Vec<usize> = (0..functions.defined.len()).collect();
    let is_reachable = |at: &usize| reachable.contains(&(*at as u32 + functions.imported));
    let kept = all.iter().copied().filter(is_reachable).collect();
    let mut wasm = Moved::new(functions, kept, &all).write(wasm)?;
    // Where equal ones were called, callers become equal.
    loop {
        let functions = Functions::read(&wasm)?;
        let same = equals(&functions);
        let kept: Vec<usize> = (0..same.len()).filter(|function| same[*function] == *function).collect();
        if kept.len() == same.len() {
            break;
        }
        wasm = Moved::new(functions, kept, &same).write(&wasm)?;
    }
    let functions = Functions::read(&wasm)?;
    let bodies: Vec<&[u8]> = functions.defined.iter().map(|(_, body)| body.as_bytes()).collect();
    let all: Vec<usize> = (0..bodies.len()).collect();
    let order = order(&bodies, &all);
    Moved::new(functions, order, &all).write(&wasm)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasm_encoder::{
        CodeSection, ExportKind, ExportSection, Function, FunctionSection, ImportSection, Instruction,
        Module, TypeSection,
    };

    /// A module of functions that each call one and then leave a number, after one import.
    fn module(functions: &[(u32, i32)]) -> Vec<u8> {
        let (mut types, mut imports) = (TypeSection::new(), ImportSection::new());
        types.ty().function([], []);
        imports.import("host", "call", wasm_encoder::EntityType::Function(0));
        let (mut kinds, mut exports, mut code) =
            (FunctionSection::new(), ExportSection::new(), CodeSection::new());
        for (at, (callee, number)) in functions.iter().enumerate() {
            kinds.function(0);
            exports.export(&format!("f{at}"), ExportKind::Func, at as u32 + 1);
            let mut function = Function::new([]);
            function.instruction(&Instruction::Call(*callee));
            for step in 0..8 {
                function.instruction(&Instruction::I32Const(number + step)).instruction(&Instruction::Drop);
            }
            code.function(function.instruction(&Instruction::End));
        }
        let mut module = Module::new();
        module.section(&types).section(&imports).section(&kinds).section(&exports).section(&code);
        module.finish()
    }

    /// What each exported function calls and the first number in it, following calls by what they lead to.
    fn meaning(wasm: &[u8]) -> Result<Vec<String>> {
        let functions = Functions::read(wasm)?;
        let mut exports = Vec::new();
        for payload in Parser::new(0).parse_all(wasm) {
            if let Payload::ExportSection(section) = payload? {
                for export in section {
                    exports.push(export?.index);
                }
            }
        }
        let says = |mut function: u32| {
            let mut text = String::new();
            while let Some(at) = function.checked_sub(functions.imported) {
                let mut operators = functions.defined[at as usize].1.get_operators_reader()?.into_iter();
                let (call, number) = (operators.next(), operators.next());
                if let (Some(Ok(wasmparser::Operator::Call { function_index })), Some(number)) =
                    (call, number)
                {
                    text += &format!("{:?} ", number?);
                    function = function_index;
                }
            }
            Ok(text)
        };
        exports.into_iter().map(says).collect()
    }

    #[test]
    fn equal_functions_are_one_and_all_mean_the_same() -> Result<()> {
        // The first two are equal, so the two that call one of them each are, and so are those that call these.
        let calls = [(0, 100), (0, 100), (1, 7), (2, 7), (3, 9), (4, 9), (0, 5000), (7, 5000), (6, 101)];
        let old = module(&calls);
        let new = arrange(&old)?;
        assert_eq!(Functions::read(&new)?.defined.len(), 6);
        assert_eq!(meaning(&new)?, meaning(&old)?);
        assert_eq!(arrange(&old)?, new, "the same every time");
        Ok(())
    }

    #[test]
    fn like_functions_are_neighbours() {
        let (one, other): (Vec<u8>, Vec<u8>) = ((0..40).collect(), (100..140).collect());
        let bodies: [&[u8]; 5] = [&one, &other, &one[1..], &other[2..], &one[..38]];
        let places = order(&bodies, &[0, 1, 2, 3, 4]);
        assert_eq!(places.iter().map(|place| place % 2).collect::<Vec<_>>(), [0, 0, 0, 1, 1]);
    }
}
