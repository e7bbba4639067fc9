//! The store behind JavaScript: exported classes, conversion, and the adapter for a storage object written in
//! JavaScript. Only this module names the web crates, and nothing outside imports it.
//!
//! The TypeScript facade is the only caller; `pkg-templates/npm/src/wasm-api.ts` states the same boundary from
//! the other side. Texts named `json` carry JSON: one string crosses faster than many objects.
//!
//! An exported method is a plain `&self` that returns a promise over a cloned `Rc`: no borrow of the exported
//! object outlives the call, so calls may overlap as they like.
//!
//! What hardly any page needs is split off behind the compiler, as a second part of the module that is loaded when it is
//! asked for: `xtask/glue/src/split` says what that is.

mod answer;
mod archive;
mod convert;
mod error;
mod feed;
mod host;
mod intake;
mod json;
mod past;
mod read;
mod reply;
mod salvage;
mod seal;
mod store;
mod tending;
mod transfer;
mod upkeep;

pub use archive::{WasmBackup, WasmStage, verify_start};
pub use intake::WasmIntake;
pub use past::WasmPast;
pub use store::WasmStore;
pub use transfer::{WasmExport, WasmRebuild};
