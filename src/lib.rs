//! Lodestore: a vector store for browser tabs, offline-first web apps, edge workers and Node, Deno or Bun.
//!
//! The core is native Rust without I/O, clock or randomness of its own; `web` (wasm32 only) puts it
//! behind JavaScript. `ARCHITECTURE.md` beside this file is the map, `format/FORMAT.md` the byte layouts.
//!
//! Modules stand in dependency order: each may use only those above it.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod error;
pub mod limits;

pub mod room;

pub mod json;
pub mod sort;
pub mod sorted;

pub mod kernel;
pub mod vectors;

pub mod metadata;

pub mod index;

pub mod collection;

pub mod format;
pub mod storage;

pub mod store;

#[cfg(target_arch = "wasm32")]
pub mod web;

pub use error::{Error, Kind, Result};
