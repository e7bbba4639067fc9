//! A collection's configuration, as stored. The layout of a version is frozen; what a version adds stands in a
//! type of its own behind it.

use super::codec::wire_struct;

/// Configuration since version 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigV1 {
    /// Numbers in each vector.
    pub dimension: u32,
    /// 0 cosine, 1 dot, 2 euclidean.
    pub metric: u8,
    /// 0 auto, 1 flat, 2 hnsw (since version 2).
    pub index: u8,
    /// 0 none, 1 int8, 2 binary (both since version 2).
    pub quantization: u8,
    /// Model id and version.
    pub model: Option<(String, String)>,
}

/// What version 2 adds to a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SearchV2 {
    /// Neighbours that a node of the graph keeps.
    pub m: u16,
    /// Candidates that an insert into the graph looks at.
    pub ef_construction: u16,
    /// Candidates that a search of the graph looks at.
    pub ef: u16,
    /// What the levels of the nodes are drawn from.
    pub seed: u32,
    /// 0 floats and codes in memory, 1 codes only.
    pub memory: u8,
    /// Candidates that are compared as floats, for each match; 0 is the default of the quantization.
    pub oversample: u16,
}

impl SearchV2 {
    /// What a configuration of version 1 means.
    pub const OF_V1: SearchV2 =
        SearchV2 { m: 16, ef_construction: 200, ef: 64, seed: 1, memory: 0, oversample: 0 };
}

/// Configuration since version 2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigV2 {
    /// What it was in version 1.
    pub base: ConfigV1,
    /// What version 2 adds.
    pub search: SearchV2,
}

impl From<ConfigV1> for ConfigV2 {
    fn from(base: ConfigV1) -> ConfigV2 {
        ConfigV2 { base, search: SearchV2::OF_V1 }
    }
}

wire_struct!(ConfigV1 { dimension, metric, index, quantization, model });
wire_struct!(SearchV2 { m, ef_construction, ef, seed, memory, oversample });
wire_struct!(ConfigV2 { base, search });
