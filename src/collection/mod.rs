//! The in-memory state machine: what a database holds and how a write changes it. No I/O, no clock, no
//! randomness.
//!
//! A write is an [`Op`]. [`State::check`] refuses it or turns it into a [`Checked`] one, which
//! [`State::apply`] cannot fail on: the store appends the frame between the two.

mod answer;
mod choices;
mod config;
mod derived;
mod explain;
mod filtered;
mod group;
mod op;
mod plan;
mod rows;
mod search;
mod state;
mod vectors;

pub use choices::{IndexKind, Memory, Quantization};
pub use config::{Config, HnswConfig, Model};
pub use explain::{Explain, Found, Plan};
pub use group::GroupRows;
pub use op::{Checked, Op, Rows};
pub use rows::{Collection, Row};
pub use search::{Page, Query};
pub use state::State;
