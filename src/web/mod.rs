//! The store behind JavaScript: exported classes, conversion, and the adapter for a storage object written in
//! JavaScript. Only this module names the web crates, and nothing outside imports it.
//!
//! The TypeScript facade is the only caller; `pkg-templates/npm/src/wasm-api.ts` states the same boundary from
//! the other side. Texts named `json` carry JSON: one string crosses faster than many objects.
//!
//! An exported method is a plain `&self` that returns a promise over a cloned `Rc`: no borrow of the exported
//! object outlives the call, so calls may overlap as they like.
//!
//! With the feature `salvage` it is another module: that function alone, and what it needs.
#![cfg_attr(feature = "salvage", allow(dead_code))]

mod convert;
mod error;
#[cfg(not(feature = "salvage"))]
mod feed;
mod host;
mod json;
#[cfg(not(feature = "salvage"))]
mod reply;
#[cfg(feature = "salvage")]
mod salvage;
#[cfg(not(feature = "salvage"))]
mod store;
#[cfg(not(feature = "salvage"))]
mod transfer;
#[cfg(not(feature = "salvage"))]
mod upkeep;

#[cfg(not(feature = "salvage"))]
pub use store::WasmStore;
#[cfg(not(feature = "salvage"))]
pub use transfer::{WasmExport, WasmImport, WasmRebuild};
