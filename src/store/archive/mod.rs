//! Archives of version 4: made of a database without stopping its writers, verified without one, and restored beside
//! what is there.

mod backup;
mod bytes;
mod content;
mod frames;
mod inspect;
mod old;
mod open;
mod places;
mod planned;
mod receive;
mod report;
mod sealing;
mod secret;
mod stage;
mod verify;

pub use backup::{Backup, BackupOptions};
pub(super) use bytes::Bytes;
pub(super) use old::receive_old;
pub(super) use open::Opened;
pub use report::{Level, LevelReport, VerifyReport};
pub use secret::Secret;
pub use stage::{Stage, StageOptions};
pub use verify::{VerifyOptions, verify_archive};
