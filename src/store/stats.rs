//! What is stored, for people and dashboards. The field names are those of the JavaScript API.

use super::database::Database;
use super::env::Env;
use super::names::{AUDIT, Listing, RETENTION, numbered};
use crate::collection::{Collection, HnswConfig};
use crate::error::Result;
use crate::index::LiveGraph;
use crate::storage::Storage;

/// What is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Stats {
    /// The last write.
    pub seq: u64,
    /// The collections, staged ones not among them.
    pub collections: Vec<CollectionInfo>,
    /// Bytes in storage.
    pub bytes: Bytes,
    /// The kept snapshots, newest first.
    pub snapshots: Vec<KeptSnapshot>,
    /// Bytes of the log that a reopening replays.
    pub log_bytes: u64,
    /// Bytes of memory for vectors, as floats; those that stay in storage are not among them.
    pub vector_bytes: u64,
    /// Why the last automatic checkpoint failed; absent when it did not.
    pub checkpoint_error: Option<String>,
}

/// One collection.
#[derive(Clone, Debug, PartialEq)]
pub struct CollectionInfo {
    /// Its name.
    pub name: String,
    /// Numbers in each vector.
    pub dimension: usize,
    /// How two vectors are compared.
    pub metric: &'static str,
    /// Which index answers queries.
    pub index: &'static str,
    /// How vectors are coded beside the floats.
    pub quantization: &'static str,
    /// What of a vector is held in memory.
    pub memory: &'static str,
    /// How a graph is built and searched.
    pub hnsw: HnswConfig,
    /// Candidates that are compared as floats, for each match; absent where it is the default.
    pub oversample: Option<u16>,
    /// Which model made the vectors.
    pub model: Option<ModelInfo>,
    /// Rows.
    pub rows: usize,
    /// What answers queries now.
    pub index_state: IndexState,
}

/// What answers the queries of a collection now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexState {
    /// `hnsw` where there is a graph, else `flat`.
    pub kind: &'static str,
    /// Nodes of the graph, dead ones among them.
    pub nodes: u64,
    /// Rows that are not in the graph yet: queries scan them.
    pub pending: u64,
    /// Nodes whose rows are gone, until they are swept out.
    pub dead: u64,
    /// Bytes of codes and links in memory.
    pub bytes: u64,
}

impl IndexState {
    /// Describes the index of a collection.
    pub fn of(collection: &Collection) -> IndexState {
        let graph = collection.graph();
        let count = |of: fn(&LiveGraph) -> u64| graph.map_or(0, of);
        IndexState {
            kind: if graph.is_some() { "hnsw" } else { "flat" },
            nodes: count(|live| live.graph().len() as u64),
            pending: collection.rows_without_node(),
            dead: count(|live| live.graph().dead() as u64),
            bytes: collection.derived_bytes() as u64,
        }
    }
}

/// A model tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelInfo {
    /// Model id.
    pub id: String,
    /// Model version.
    pub version: String,
}

/// Bytes in storage by kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bytes {
    /// Logs.
    pub log: u64,
    /// Blocks.
    pub blocks: u64,
    /// Manifests.
    pub snapshots: u64,
    /// The audit log, and what is said about what is to be kept.
    pub upkeep: u64,
    /// Files of other names.
    pub other: u64,
    /// All of these.
    pub total: u64,
}

/// A kept snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptSnapshot {
    /// Its generation.
    pub generation: u64,
    /// The last write that it covers.
    pub seq: u64,
    /// When it was made: milliseconds since 1970.
    pub time_ms: u64,
    /// Bytes of the blocks that it names and of its manifest.
    pub bytes: u64,
}

impl CollectionInfo {
    /// Describes a collection.
    pub fn of(collection: &Collection) -> CollectionInfo {
        let config = collection.config();
        CollectionInfo {
            name: collection.name.clone(),
            dimension: config.dimension,
            metric: config.metric.name(),
            index: config.index.name(),
            quantization: config.quantization.name(),
            memory: config.memory.name(),
            hnsw: config.hnsw,
            oversample: config.oversample,
            model: config
                .model
                .as_ref()
                .map(|model| ModelInfo { id: model.id.clone(), version: model.version.clone() }),
            rows: collection.len(),
            index_state: IndexState::of(collection),
        }
    }
}

impl<S: Storage, E: Env> Database<S, E> {
    /// The collections in the order in which they were made.
    pub fn collections(&self) -> Result<Vec<CollectionInfo>> {
        let state = self.state()?;
        let named = state.all().filter(|one| one.stages.is_none());
        Ok(named.map(CollectionInfo::of).collect())
    }

    /// What is stored.
    pub async fn stats(&self) -> Result<Stats> {
        let collections = self.collections()?;
        let files = self.0.storage.list().await?;
        let listing = Listing::of(&files);
        let upkeep = [AUDIT, RETENTION].iter().map(|of| Listing::sum(&numbered(&files, of))).sum();
        let (log, blocks, snapshots) =
            (Listing::sum(&listing.logs), Listing::sum(&listing.blocks), Listing::sum(&listing.snapshots));
        let other = listing.other_bytes - upkeep;
        let (disk, state) = (self.0.disk.borrow(), self.0.state.borrow());
        let kept = disk.snapshots.iter().rev().map(|kept| KeptSnapshot {
            generation: kept.generation,
            seq: kept.seq,
            time_ms: kept.time_ms,
            bytes: kept.bytes,
        });
        Ok(Stats {
            seq: state.seq,
            collections,
            bytes: Bytes {
                log,
                blocks,
                snapshots,
                upkeep,
                other,
                total: log + blocks + snapshots + listing.other_bytes,
            },
            snapshots: kept.collect(),
            log_bytes: disk.log.length,
            vector_bytes: state.all().map(|one| one.vectors().memory_bytes() as u64).sum(),
            checkpoint_error: disk.failed_checkpoint.as_ref().map(|(_, cause)| cause.to_string()),
        })
    }
}
