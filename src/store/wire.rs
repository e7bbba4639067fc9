//! Domain types <-> wire types. Stored numbers of enums stand here and nowhere else.

use crate::collection::{Config, HnswConfig, IndexKind, Memory, Model, Op, Quantization, Rows};
use crate::error::{Error, Result};
use crate::format::config::{ConfigV1, ConfigV2, SearchV2};
use crate::format::record::RecordV2;
use crate::index::Metric;

/// A configuration as stored.
pub fn config_to_wire(config: &Config) -> ConfigV2 {
    let base = ConfigV1 {
        dimension: config.dimension as u32,
        metric: match config.metric {
            Metric::Cosine => 0,
            Metric::Dot => 1,
            Metric::Euclidean => 2,
        },
        index: match config.index {
            IndexKind::Auto => 0,
            IndexKind::Flat => 1,
            IndexKind::Hnsw => 2,
        },
        quantization: quantization_to_wire(config.quantization),
        model: config.model.as_ref().map(|model| (model.id.clone(), model.version.clone())),
    };
    let HnswConfig { m, ef_construction, ef, seed } = config.hnsw;
    let memory = match config.memory {
        Memory::Full => 0,
        Memory::Codes => 1,
    };
    let oversample = config.oversample.unwrap_or(0);
    ConfigV2 { base, search: SearchV2 { m, ef_construction, ef, seed, memory, oversample } }
}

/// A quantization as stored.
pub fn quantization_to_wire(quantization: Quantization) -> u8 {
    match quantization {
        Quantization::None => 0,
        Quantization::Int8 => 1,
        Quantization::Binary => 2,
    }
}

/// A stored configuration. `Corrupt` when it is out of bounds.
pub fn config_from_wire(base: &ConfigV1, search: &SearchV2) -> Result<Config> {
    let unknown = |what: &str, got: u8| Error::corrupt(format!("a stored configuration has {what} {got}"));
    let config = Config {
        dimension: base.dimension as usize,
        metric: match base.metric {
            0 => Metric::Cosine,
            1 => Metric::Dot,
            2 => Metric::Euclidean,
            other => return Err(unknown("metric", other)),
        },
        index: match base.index {
            0 => IndexKind::Auto,
            1 => IndexKind::Flat,
            2 => IndexKind::Hnsw,
            other => return Err(unknown("index", other)),
        },
        quantization: match base.quantization {
            0 => Quantization::None,
            1 => Quantization::Int8,
            2 => Quantization::Binary,
            other => return Err(unknown("quantization", other)),
        },
        memory: match search.memory {
            0 => Memory::Full,
            1 => Memory::Codes,
            other => return Err(unknown("memory", other)),
        },
        hnsw: HnswConfig {
            m: search.m,
            ef_construction: search.ef_construction,
            ef: search.ef,
            seed: search.seed,
        },
        oversample: (search.oversample != 0).then_some(search.oversample),
        model: base.model.clone().map(|(id, version)| Model { id, version }),
    };
    config
        .validate()
        .map_err(|cause| Error::corrupt(format!("a stored configuration: {}", cause.message)))?;
    Ok(config)
}

fn texts(strings: &[String]) -> Vec<&str> {
    strings.iter().map(String::as_str).collect()
}

fn owned(texts: Vec<&str>) -> Vec<String> {
    texts.into_iter().map(str::to_owned).collect()
}

/// A write as stored.
pub fn op_to_wire(op: &Op) -> RecordV2<'_> {
    match op {
        Op::Create { collection, name, config, stages } => RecordV2::Create {
            collection: *collection,
            name,
            config: config_to_wire(config),
            stages: *stages,
        },
        Op::Drop { collection } => RecordV2::Drop { collection: *collection },
        Op::Upsert { collection, rows } => RecordV2::Upsert {
            collection: *collection,
            vectors: bytemuck::cast_slice(&rows.vectors),
            ids: texts(&rows.ids),
            metadata: texts(&rows.metadata),
        },
        Op::SetMetadata { collection, ids, metadata } => {
            RecordV2::SetMetadata { collection: *collection, ids: texts(ids), metadata: texts(metadata) }
        }
        Op::Delete { collection, ids } => RecordV2::Delete { collection: *collection, ids: texts(ids) },
        Op::Configure { collection, config } => {
            RecordV2::Configure { collection: *collection, config: config_to_wire(config) }
        }
        Op::Switch { staged } => RecordV2::Switch { staged: *staged },
    }
}

/// A stored write.
pub fn op_from_wire(record: RecordV2<'_>) -> Result<Op> {
    Ok(match record {
        RecordV2::Create { collection, name, config, stages } => Op::Create {
            collection,
            name: name.to_owned(),
            config: config_from_wire(&config.base, &config.search)?,
            stages,
        },
        RecordV2::Drop { collection } => Op::Drop { collection },
        RecordV2::Upsert { collection, vectors, ids, metadata } => {
            if vectors.len() % 4 != 0 {
                return Err(Error::corrupt("a stored vector ends within a number"));
            }
            let vectors = crate::format::floats(vectors);
            Op::Upsert { collection, rows: Rows { ids: owned(ids), vectors, metadata: owned(metadata) } }
        }
        RecordV2::SetMetadata { collection, ids, metadata } => {
            Op::SetMetadata { collection, ids: owned(ids), metadata: owned(metadata) }
        }
        RecordV2::Delete { collection, ids } => Op::Delete { collection, ids: owned(ids) },
        RecordV2::Configure { collection, config } => {
            Op::Configure { collection, config: config_from_wire(&config.base, &config.search)? }
        }
        RecordV2::Switch { staged } => Op::Switch { staged },
    })
}
