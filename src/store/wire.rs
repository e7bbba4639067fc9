//! Domain types <-> wire types. Stored numbers of enums stand here and nowhere else.

use crate::collection::{Config, IndexKind, Model, Op, Quantization, Rows};
use crate::error::{Error, Result};
use crate::format::record::{ConfigV1, RecordV1};
use crate::index::Metric;

/// A configuration as stored.
pub fn config_to_wire(config: &Config) -> ConfigV1 {
    ConfigV1 {
        dimension: config.dimension as u32,
        metric: match config.metric {
            Metric::Cosine => 0,
            Metric::Dot => 1,
            Metric::Euclidean => 2,
        },
        index: match config.index {
            IndexKind::Auto => 0,
            IndexKind::Flat => 1,
        },
        quantization: match config.quantization {
            Quantization::None => 0,
        },
        model: config.model.as_ref().map(|model| (model.id.clone(), model.version.clone())),
    }
}

/// A stored configuration. `Corrupt` when it is out of bounds.
pub fn config_from_wire(wire: &ConfigV1) -> Result<Config> {
    let unknown = |what: &str, got: u8| Error::corrupt(format!("a stored configuration has {what} {got}"));
    let config = Config {
        dimension: wire.dimension as usize,
        metric: match wire.metric {
            0 => Metric::Cosine,
            1 => Metric::Dot,
            2 => Metric::Euclidean,
            other => return Err(unknown("metric", other)),
        },
        index: match wire.index {
            0 => IndexKind::Auto,
            1 => IndexKind::Flat,
            other => return Err(unknown("index", other)),
        },
        quantization: match wire.quantization {
            0 => Quantization::None,
            other => return Err(unknown("quantization", other)),
        },
        model: wire.model.clone().map(|(id, version)| Model { id, version }),
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
pub fn op_to_wire(op: &Op) -> RecordV1<'_> {
    match op {
        Op::Create { collection, name, config, stages } => RecordV1::Create {
            collection: *collection,
            name,
            config: config_to_wire(config),
            stages: *stages,
        },
        Op::Drop { collection } => RecordV1::Drop { collection: *collection },
        Op::Upsert { collection, rows } => RecordV1::Upsert {
            collection: *collection,
            vectors: bytemuck::cast_slice(&rows.vectors),
            ids: texts(&rows.ids),
            metadata: texts(&rows.metadata),
        },
        Op::SetMetadata { collection, ids, metadata } => {
            RecordV1::SetMetadata { collection: *collection, ids: texts(ids), metadata: texts(metadata) }
        }
        Op::Delete { collection, ids } => RecordV1::Delete { collection: *collection, ids: texts(ids) },
        Op::Configure { collection, config } => {
            RecordV1::Configure { collection: *collection, config: config_to_wire(config) }
        }
        Op::Switch { staged } => RecordV1::Switch { staged: *staged },
    }
}

/// A stored write.
pub fn op_from_wire(record: RecordV1<'_>) -> Result<Op> {
    Ok(match record {
        RecordV1::Create { collection, name, config, stages } => {
            Op::Create { collection, name: name.to_owned(), config: config_from_wire(&config)?, stages }
        }
        RecordV1::Drop { collection } => Op::Drop { collection },
        RecordV1::Upsert { collection, vectors, ids, metadata } => {
            if vectors.len() % 4 != 0 {
                return Err(Error::corrupt("a stored vector ends within a number"));
            }
            let vectors = crate::format::floats(vectors);
            Op::Upsert { collection, rows: Rows { ids: owned(ids), vectors, metadata: owned(metadata) } }
        }
        RecordV1::SetMetadata { collection, ids, metadata } => {
            Op::SetMetadata { collection, ids: owned(ids), metadata: owned(metadata) }
        }
        RecordV1::Delete { collection, ids } => Op::Delete { collection, ids: owned(ids) },
        RecordV1::Configure { collection, config } => {
            Op::Configure { collection, config: config_from_wire(&config)? }
        }
        RecordV1::Switch { staged } => Op::Switch { staged },
    })
}
