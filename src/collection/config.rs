//! Configuration of a collection, and what may not differ when it is opened again.

use super::choices::{IndexKind, Memory, Quantization};
use crate::error::{Error, Kind, Result};
use crate::index::Metric;
use crate::limits::{DIMENSION_MAX, EF, EF_CONSTRUCTION, HNSW_M, MODEL_BYTES_MAX, OVERSAMPLE};

/// Which model made the vectors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// For example `all-MiniLM-L6-v2`.
    pub id: String,
    /// For example `1`.
    pub version: String,
}

/// How a graph is built and searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HnswConfig {
    /// Neighbours that a node keeps on each level; twice as many on the lowest.
    pub m: u16,
    /// Candidates that an insert looks at.
    pub ef_construction: u16,
    /// Candidates that a search looks at, unless the query says otherwise.
    pub ef: u16,
    /// What the levels of the nodes are drawn from: the same rows and seed give the same graph.
    pub seed: u32,
}

impl HnswConfig {
    /// What a new collection gets, and what collections of format version 1 have.
    pub const DEFAULT: HnswConfig = HnswConfig { m: 16, ef_construction: 200, ef: 64, seed: 1 };
}

/// Configuration of a collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Numbers in each vector.
    pub dimension: usize,
    /// How two vectors are compared.
    pub metric: Metric,
    /// Which index answers queries.
    pub index: IndexKind,
    /// How vectors are coded beside the floats.
    pub quantization: Quantization,
    /// What of a vector is held in memory.
    pub memory: Memory,
    /// How a graph is built and searched; kept where there is none.
    pub hnsw: HnswConfig,
    /// Candidates of a search on codes that are compared as floats, for each match; `None` is what the
    /// quantization needs.
    pub oversample: Option<u16>,
    /// Which model made the vectors.
    pub model: Option<Model>,
}

impl Config {
    /// A configuration with the defaults of a new collection.
    pub fn new(dimension: usize, metric: Metric, index: IndexKind) -> Config {
        Config {
            dimension,
            metric,
            index,
            quantization: Quantization::default_of(index),
            memory: Memory::Full,
            hnsw: HnswConfig::DEFAULT,
            oversample: None,
            model: None,
        }
    }

    /// Refuses a configuration beyond the bounds.
    pub fn validate(&self) -> Result<()> {
        check_bounds("the dimension of a collection", self.dimension, (1, DIMENSION_MAX))?;
        check_bounds("hnsw.m", self.hnsw.m.into(), HNSW_M)?;
        check_bounds("hnsw.efConstruction", self.hnsw.ef_construction.into(), EF_CONSTRUCTION)?;
        check_bounds("hnsw.ef", self.hnsw.ef.into(), EF)?;
        if let Some(oversample) = self.oversample {
            check_bounds("oversample", oversample.into(), OVERSAMPLE)?;
        }
        if self.memory == Memory::Codes && self.quantization == Quantization::None {
            return Err(Error::invalid(
                "memory 'codes' keeps codes instead of floats: give quantization 'int8' or 'binary' with it",
            )
            .with("int8 or binary", "none"));
        }
        if let Some(model) = &self.model {
            for (what, text) in [("id", &model.id), ("version", &model.version)] {
                if text.is_empty() || text.len() > MODEL_BYTES_MAX {
                    return Err(Error::invalid(format!("the model {what} has a length out of bounds"))
                        .with(format!("1 to {MODEL_BYTES_MAX} bytes"), text.len()));
                }
            }
        }
        Ok(())
    }

    /// Refuses to open a collection of this configuration as `wanted`: vectors of another dimension, metric or
    /// model are never padded, truncated or mixed, and an index is not rebuilt in passing.
    pub fn check_opened_as(&self, name: &str, wanted: &Config) -> Result<()> {
        let differs = |what: &str, stored: &str, asked: &str| {
            Err(Error::new(
                Kind::Mismatch,
                format!(
                    "collection '{name}' is stored with another {what}: open it as stored, or use rebuild()"
                ),
            )
            .with(format_args!("{what} {stored} (stored)"), format_args!("{asked} (asked for)")))
        };
        for ((what, stored), (_, asked)) in self.words().into_iter().zip(wanted.words()) {
            if stored != asked {
                return differs(what, stored, asked);
            }
        }
        for ((what, stored), (_, asked)) in self.numbers().into_iter().zip(wanted.numbers()) {
            if stored != asked {
                return differs(what, &stored.to_string(), &asked.to_string());
            }
        }
        if self.model != wanted.model {
            return differs("model", &model_text(&self.model), &model_text(&wanted.model));
        }
        Ok(())
    }

    /// What is chosen by name.
    fn words(&self) -> [(&'static str, &'static str); 4] {
        [
            ("metric", self.metric.name()),
            ("index", self.index.name()),
            ("quantization", self.quantization.name()),
            ("memory", self.memory.name()),
        ]
    }

    /// What is a number; 0 for a default.
    fn numbers(&self) -> [(&'static str, usize); 6] {
        let hnsw = &self.hnsw;
        [
            ("dimension", self.dimension),
            ("hnsw.m", hnsw.m.into()),
            ("hnsw.efConstruction", hnsw.ef_construction.into()),
            ("hnsw.ef", hnsw.ef.into()),
            ("hnsw.seed", hnsw.seed as usize),
            ("oversample", self.oversample.unwrap_or(0).into()),
        ]
    }
}

fn model_text(model: &Option<Model>) -> String {
    model.as_ref().map_or("none".to_owned(), |model| format!("{} version {}", model.id, model.version))
}

/// Refuses a number out of its bounds, which are included.
pub(super) fn check_bounds(what: &str, number: usize, (min, max): (usize, usize)) -> Result<()> {
    if (min..=max).contains(&number) {
        return Ok(());
    }
    Err(Error::invalid(format!("{what} is out of bounds")).with(format_args!("{min} to {max}"), number))
}
