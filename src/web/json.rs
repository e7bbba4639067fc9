//! JSON that comes in: options, ids, metadata.

use crate::collection::{Config, IndexKind, Model, Quantization};
use crate::error::{Error, Result};
use crate::index::Metric;
use crate::metadata::Filter;
use crate::store::Target;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

/// Decodes options. The facade checked them; this is for who calls past it.
pub fn parse<T: DeserializeOwned>(what: &str, json: &str) -> Result<T> {
    serde_json::from_str(json).map_err(|cause| Error::invalid(format!("{what}: {cause}")))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OpenJson {
    pub checkpoint_log_bytes: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfigJson {
    pub dimension: Option<usize>,
    pub metric: Option<String>,
    pub index: Option<String>,
    pub quantization: Option<String>,
    pub model: Option<ModelJson>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelJson {
    pub id: String,
    pub version: String,
}

impl ConfigJson {
    /// A whole configuration: what is left out has its default, or its value in `base`.
    pub fn config(self, base: Option<&Config>) -> Result<Config> {
        let name = |text: Option<String>, base: Option<&'static str>, default: &'static str| {
            text.unwrap_or_else(|| base.unwrap_or(default).to_owned())
        };
        let metric = name(self.metric, base.map(|base| base.metric.name()), "cosine");
        let index = name(self.index, base.map(|base| base.index.name()), "auto");
        let quantization = name(self.quantization, base.map(|base| base.quantization.name()), "none");
        let dimension = self.dimension.or(base.map(|base| base.dimension));
        let model = self.model.map(|model| Model { id: model.id, version: model.version });
        Ok(Config {
            dimension: dimension.ok_or_else(|| Error::invalid("a collection needs a dimension"))?,
            metric: Metric::from_name(&metric)
                .ok_or_else(|| Error::invalid("no such metric").with("cosine, dot or euclidean", &metric))?,
            index: IndexKind::from_name(&index)?,
            quantization: Quantization::from_name(&quantization)?,
            model: model.or_else(|| base.and_then(|base| base.model.clone())),
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct QueryJson {
    pub top_k: Option<usize>,
    pub filter: Option<Box<RawValue>>,
    pub min_score: Option<f32>,
    pub return_metadata: Option<bool>,
    pub return_vectors: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListJson {
    pub filter: Option<Box<RawValue>>,
    pub limit: Option<usize>,
    pub cursor: Option<String>,
    pub return_metadata: Option<bool>,
    pub return_vectors: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GetJson {
    pub return_metadata: Option<bool>,
    pub return_vectors: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ImportJson {
    pub replace: Option<bool>,
    pub total_bytes: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TargetJson {
    ids: Option<Vec<String>>,
    filter: Option<Box<RawValue>>,
}

/// `{"ids": [...]}` or `{"filter": {...}}`.
pub fn target(json: &str) -> Result<Target> {
    let target: TargetJson = parse("target", json)?;
    match (target.ids, target.filter) {
        (Some(ids), None) => Ok(Target::Ids(ids)),
        (None, Some(filter)) => Filter::parse(filter.get()).map(Target::Filter),
        _ => Err(Error::invalid("a target is either ids or a filter")),
    }
}

/// A filter, if there is one.
pub fn filter(raw: Option<&RawValue>) -> Result<Option<Filter>> {
    raw.map(|raw| Filter::parse(raw.get())).transpose()
}

/// An array with one JSON object, or null for an empty one, for each row.
pub fn metadata(json: Option<&str>, rows: usize) -> Result<Vec<String>> {
    let Some(json) = json else { return Ok(vec!["{}".to_owned(); rows]) };
    let texts: Vec<Option<Box<RawValue>>> = parse("metadata", json)?;
    Ok(texts
        .into_iter()
        .map(|text| text.map_or_else(|| "{}".to_owned(), |text| text.get().to_owned()))
        .collect())
}
