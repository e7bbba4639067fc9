//! The graph and the codes, against the exact index and against what must hold of every graph.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "graph/check.rs"]
mod check;
#[path = "graph/churn.rs"]
mod churn;
#[path = "graph/codes.rs"]
mod codes;
#[path = "graph/data.rs"]
mod data;
#[path = "graph/fuzz.rs"]
mod fuzz;
#[path = "graph/recall.rs"]
mod recall;
#[path = "graph/reference.rs"]
mod reference;
#[path = "graph/steps.rs"]
mod steps;
#[path = "graph/stored.rs"]
mod stored;
#[path = "graph/world.rs"]
mod world;
