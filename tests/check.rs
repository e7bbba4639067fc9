//! Check: what it finds, what it repairs, and what it takes for it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test that fails panics

#[path = "check/finds.rs"]
mod finds;
#[path = "check/peak.rs"]
mod peak;
mod support;
