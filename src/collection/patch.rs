//! What a caller says of a configuration: what is left out is as stored or, for a new collection, the default.

use super::choices::{IndexKind, Memory, Quantization};
use super::config::{Config, HnswConfig, Model};
use crate::error::{Error, Result};
use crate::index::Metric;

/// A part of a configuration. Numbers are as wide as a caller may write them: one that does not fit is refused
/// when the whole is validated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigPatch {
    /// Numbers in each vector.
    pub dimension: Option<usize>,
    /// How two vectors are compared.
    pub metric: Option<Metric>,
    /// Which index answers queries.
    pub index: Option<IndexKind>,
    /// How vectors are coded beside the floats.
    pub quantization: Option<Quantization>,
    /// What of a vector is held in memory.
    pub memory: Option<Memory>,
    /// Neighbours that a node of the graph keeps.
    pub m: Option<usize>,
    /// Candidates that an insert looks at.
    pub ef_construction: Option<usize>,
    /// Candidates that a search looks at.
    pub ef: Option<usize>,
    /// What the levels of the nodes are drawn from.
    pub seed: Option<u32>,
    /// Candidates that are compared as floats, for each match; `Some(None)` asks for the default.
    pub oversample: Option<Option<usize>>,
    /// Which model made the vectors; `Some(None)` asks for none.
    pub model: Option<Option<Model>>,
}

impl ConfigPatch {
    /// The whole configuration: this over the one that is stored, or over the defaults.
    pub fn over(self, stored: Option<&Config>) -> Result<Config> {
        let mut config = match stored {
            Some(stored) => stored.clone(),
            None => {
                let dimension =
                    self.dimension.ok_or_else(|| Error::invalid("a collection needs a dimension"))?;
                Config::new(dimension, Metric::Cosine, self.index.unwrap_or(IndexKind::Auto))
            }
        };
        fn set<T>(part: &mut T, said: Option<T>) {
            if let Some(said) = said {
                *part = said;
            }
        }
        // What does not fit is out of every bound: the largest number is, too.
        let narrow = |number: usize| u16::try_from(number).unwrap_or(u16::MAX);
        set(&mut config.dimension, self.dimension);
        set(&mut config.metric, self.metric);
        set(&mut config.index, self.index);
        set(&mut config.quantization, self.quantization);
        set(&mut config.memory, self.memory);
        let HnswConfig { m, ef_construction, ef, seed } = &mut config.hnsw;
        set(m, self.m.map(narrow));
        set(ef_construction, self.ef_construction.map(narrow));
        set(ef, self.ef.map(narrow));
        set(seed, self.seed);
        set(&mut config.oversample, self.oversample.map(|some| some.map(narrow)));
        set(&mut config.model, self.model);
        Ok(config)
    }
}

/// Says every part: opening as this compares all of them.
impl From<Config> for ConfigPatch {
    fn from(config: Config) -> ConfigPatch {
        ConfigPatch {
            dimension: Some(config.dimension),
            metric: Some(config.metric),
            index: Some(config.index),
            quantization: Some(config.quantization),
            memory: Some(config.memory),
            m: Some(config.hnsw.m.into()),
            ef_construction: Some(config.hnsw.ef_construction.into()),
            ef: Some(config.hnsw.ef.into()),
            seed: Some(config.hnsw.seed),
            oversample: Some(config.oversample.map(usize::from)),
            model: Some(config.model),
        }
    }
}
