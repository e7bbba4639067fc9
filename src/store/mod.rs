//! The store: a [`State`](crate::collection::State) in memory, kept equal to files in a
//! [`Storage`](crate::storage::Storage).
//!
//! Opening is reconciling, every time. A write is validated, appended, applied, in that order; writes that wait
//! are appended together.

mod ahead;
mod archive;
mod audit;
mod back;
mod blocks;
mod chain;
mod check;
mod checkpoint;
mod clock;
mod configure;
mod database;
mod disk;
mod env;
mod export;
mod found;
mod graph;
mod import;
mod instead;
mod intent;
mod load;
mod log;
mod made;
mod maintain;
mod manifest;
mod names;
mod open;
mod options;
mod past;
mod pinned;
mod prune;
mod reach;
mod rebuild;
mod report;
mod requests;
mod retain;
mod retention;
mod salvage;
mod seal;
mod settle;
mod stats;
mod stored;
mod switch;
mod to_json;
mod turn;
mod whole;
mod wire;
mod write;

pub use archive::{
    Backup, BackupOptions, Level, LevelReport, Secret, Stage, StageOptions, VerifyOptions, VerifyReport,
    verify_archive,
};
pub use audit::{AuditDamage, AuditEntry, AuditLog, AuditQuery};
pub use check::{CheckReport, Problem};
pub use database::Database;
pub use env::Env;
pub use export::Export;
pub use import::ImportOptions;
pub use intent::{Asked, Intent, Target};
pub use options::Options;
pub use past::{History, Past, Point, RestorePoint};
pub use rebuild::{EmbedRow, Rebuild};
pub use report::{CheckpointResult, ImportResult, OpenReport, OpenedGraph, Phase, SkippedSnapshot};
pub use requests::Request;
pub use retain::{Gone, Judged, PruneOptions, PruneReport};
pub use retention::{Keep, Retention, select};
pub use salvage::{LostWrites, Quarantined, QuarantinedGroup, SalvageReport, SalvagedCollection};
pub use seal::{Digesting, Seal};
pub use stats::{Bytes, CollectionInfo, IndexState, KeptSnapshot, ModelInfo, Stats};
pub use write::Written;
