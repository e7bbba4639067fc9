//! Configuration of a collection, and what may not differ when it is opened again.

use crate::error::{Error, Kind, Result};
use crate::index::Metric;
use crate::limits::{DIMENSION_MAX, MODEL_BYTES_MAX};

/// Which index answers queries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexKind {
    /// The store chooses; today always flat.
    Auto,
    /// Exact scan.
    Flat,
}

impl IndexKind {
    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            IndexKind::Auto => "auto",
            IndexKind::Flat => "flat",
        }
    }

    /// The kind with this name.
    pub fn from_name(name: &str) -> Result<IndexKind> {
        match name {
            "auto" => Ok(IndexKind::Auto),
            "flat" => Ok(IndexKind::Flat),
            _ => Err(Error::invalid("this version has no such index").with("auto or flat", name)),
        }
    }
}

/// How vectors are coded beside the floats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantization {
    /// Floats only.
    None,
}

impl Quantization {
    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Quantization::None => "none",
        }
    }

    /// The quantization with this name.
    pub fn from_name(name: &str) -> Result<Quantization> {
        match name {
            "none" => Ok(Quantization::None),
            _ => Err(Error::invalid("this version has no such quantization").with("none", name)),
        }
    }
}

/// Which model made the vectors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// For example `all-MiniLM-L6-v2`.
    pub id: String,
    /// For example `1`.
    pub version: String,
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
    /// Which model made the vectors.
    pub model: Option<Model>,
}

impl Config {
    /// Refuses a configuration beyond the bounds.
    pub fn validate(&self) -> Result<()> {
        if self.dimension == 0 || self.dimension > DIMENSION_MAX {
            return Err(Error::invalid("the dimension of a collection is out of bounds")
                .with(format!("1 to {DIMENSION_MAX}"), self.dimension));
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
    /// model are never padded, truncated or mixed.
    pub fn check_opened_as(&self, name: &str, wanted: &Config) -> Result<()> {
        let differs = |what: &str, stored: &str, asked: &str| {
            Error::new(
                Kind::Mismatch,
                format!(
                    "collection '{name}' is stored with another {what}: open it as stored, or use rebuild()"
                ),
            )
            .with(format!("{what} {stored} (stored)"), format!("{asked} (asked for)"))
        };
        if self.dimension != wanted.dimension {
            return Err(differs("dimension", &self.dimension.to_string(), &wanted.dimension.to_string()));
        }
        if self.metric != wanted.metric {
            return Err(differs("metric", self.metric.name(), wanted.metric.name()));
        }
        if self.index != wanted.index {
            return Err(differs("index", self.index.name(), wanted.index.name()));
        }
        if self.quantization != wanted.quantization {
            return Err(differs("quantization", self.quantization.name(), wanted.quantization.name()));
        }
        if self.model != wanted.model {
            return Err(differs("model", &model_text(&self.model), &model_text(&wanted.model)));
        }
        Ok(())
    }
}

fn model_text(model: &Option<Model>) -> String {
    model.as_ref().map_or("none".to_owned(), |model| format!("{} version {}", model.id, model.version))
}
