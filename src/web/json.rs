//! JSON that comes in: options, targets, metadata. The facade checked it; this is for who calls past it.

use crate::collection::{ConfigPatch, IndexKind, Memory, Model, Quantization};
use crate::error::{Error, Result};
use crate::index::Metric;
use crate::json::{Fields, elements};
use crate::metadata::Filter;
use crate::store::Target;

/// A configuration as far as the caller says it.
pub fn config(json: &str) -> Result<ConfigPatch> {
    let known = ["dimension", "metric", "index", "quantization", "memory", "hnsw", "oversample", "model"];
    let fields = Fields::known("config", json, &known)?;
    let hnsw = fields.raw("hnsw").unwrap_or("{}");
    let hnsw = Fields::known("hnsw", hnsw, &["m", "efConstruction", "ef", "seed"])?;
    let metric = |name: String| {
        Metric::from_name(&name)
            .ok_or_else(|| Error::invalid("no such metric").with("cosine, dot or euclidean", &name))
    };
    let seed = |seed: u64| {
        u32::try_from(seed).map_err(|_| {
            Error::invalid("hnsw.seed is out of bounds").with(format_args!("0 to {}", u32::MAX), seed)
        })
    };
    Ok(ConfigPatch {
        dimension: whole(&fields, "dimension")?,
        metric: fields.string("metric")?.map(metric).transpose()?,
        index: fields.string("index")?.map(|name| IndexKind::from_name(&name)).transpose()?,
        quantization: fields
            .string("quantization")?
            .map(|name| Quantization::from_name(&name))
            .transpose()?,
        memory: fields.string("memory")?.map(|name| Memory::from_name(&name)).transpose()?,
        m: whole(&hnsw, "m")?,
        ef_construction: whole(&hnsw, "efConstruction")?,
        ef: whole(&hnsw, "ef")?,
        seed: hnsw.natural("seed")?.map(seed).transpose()?,
        oversample: whole(&fields, "oversample")?.map(Some),
        model: fields.raw("model").map(model).transpose()?.map(Some),
    })
}

fn model(json: &str) -> Result<Model> {
    let fields = Fields::known("model", json, &["id", "version"])?;
    match (fields.string("id")?, fields.string("version")?) {
        (Some(id), Some(version)) => Ok(Model { id, version }),
        _ => Err(Error::invalid("a model needs an id and a version")),
    }
}

/// A count. What does not fit is out of every bound, which the store says better.
pub fn whole(fields: &Fields<'_>, name: &str) -> Result<Option<usize>> {
    let count = fields.natural(name)?;
    Ok(count.map(|count| usize::try_from(count).unwrap_or(usize::MAX)))
}

/// `{"ids": [...]}` or `{"filter": {...}}`.
pub fn target(json: &str) -> Result<Target> {
    let target = Fields::known("target", json, &["ids", "filter"])?;
    match (target.raw("ids"), target.raw("filter")) {
        (Some(ids), None) => crate::json::strings("ids", ids).map(Target::Ids),
        (None, Some(filter)) => Filter::parse(filter).map(Target::Filter),
        _ => Err(Error::invalid("a target is either ids or a filter")),
    }
}

/// The filter among options, if there is one.
pub fn filter(options: &Fields<'_>) -> Result<Option<Filter>> {
    options.raw("filter").map(Filter::parse).transpose()
}

/// An array with one JSON object, or null for an empty one, for each row. What is in it is checked later.
pub fn metadata(json: Option<&str>, rows: usize) -> Result<Vec<String>> {
    let Some(json) = json else { return Ok(vec!["{}".to_owned(); rows]) };
    let texts = elements("metadata", json)?;
    Ok(texts.into_iter().map(|text| if text == "null" { "{}" } else { text }.to_owned()).collect())
}
