//! Salvage: whatever is damaged, every row that verifies is kept, no row is invented, and what is gone is named.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test that fails panics

#[path = "salvage/alone.rs"]
mod alone;
#[path = "salvage/crash.rs"]
mod crash;
#[path = "salvage/flips.rs"]
mod flips;
#[path = "salvage/found.rs"]
mod found;
#[path = "salvage/imports.rs"]
mod imports;
#[path = "salvage/places.rs"]
mod places;
#[path = "salvage/world.rs"]
mod world;

mod support;
