//! Archives of format 4: what goes in comes out, in every combination, and of what is damaged nothing does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // a test that fails panics

#[path = "archives/chain.rs"]
mod chain;
#[path = "archives/common.rs"]
mod common;
#[path = "archives/crash.rs"]
mod crash;
#[path = "archives/damage.rs"]
mod damage;
#[path = "archives/golden.rs"]
mod golden;
#[path = "archives/points.rs"]
mod points;
#[path = "archives/rebuilds.rs"]
mod rebuilds;
#[path = "archives/sizes.rs"]
mod sizes;
#[path = "archives/verified.rs"]
mod verified;

mod support;
