//! JSON, read and written by hand. Every deserialiser that a library derives is a copy of the machinery in the
//! wasm; this is a tenth of it. Numbers are read exactly: the nearest double, as `JSON.parse` has it.

mod decimal;
mod fields;
mod reader;
mod write;

pub use decimal::nearest;
pub use fields::{Fields, elements, strings};
pub use reader::{Bad, Number, Reader};
pub use write::{Object, ToJson, list, number, quoted, string, text};
