//! JSON that comes in: options, targets, metadata. The facade checked it; this is for who calls past it.

use crate::collection::{Config, IndexKind, Memory, Model, Quantization};
use crate::error::{Error, Result};
use crate::index::Metric;
use crate::json::{Fields, elements};
use crate::metadata::Filter;
use crate::store::{Options, Target};

/// How to open.
pub fn options(json: &str) -> Result<Options> {
    let mut chosen = Options::default();
    let fields = Fields::known("options", json, &["checkpointLogBytes", "requests"])?;
    chosen.requests = fields.boolean("requests")?.unwrap_or(false);
    if let Some(bytes) = fields.natural("checkpointLogBytes")? {
        chosen.checkpoint_log_bytes = bytes;
    }
    Ok(chosen)
}

/// A whole configuration: what is left out is as in `stored` or, where there is none, the default.
pub fn config(json: &str, stored: Option<&Config>) -> Result<Config> {
    let known = ["dimension", "metric", "index", "quantization", "memory", "hnsw", "oversample", "model"];
    let fields = Fields::known("config", json, &known)?;
    let index = fields.string("index")?.map(|name| IndexKind::from_name(&name)).transpose()?;
    let mut config = match stored {
        Some(stored) => stored.clone(),
        None => Config::new(0, Metric::Cosine, index.unwrap_or(IndexKind::Auto)),
    };
    config.index = index.unwrap_or(config.index);
    match whole(&fields, "dimension")? {
        Some(dimension) => config.dimension = dimension,
        None if stored.is_none() => return Err(Error::invalid("a collection needs a dimension")),
        None => {}
    }
    if let Some(name) = fields.string("metric")? {
        config.metric = Metric::from_name(&name)
            .ok_or_else(|| Error::invalid("no such metric").with("cosine, dot or euclidean", &name))?;
    }
    if let Some(name) = fields.string("quantization")? {
        config.quantization = Quantization::from_name(&name)?;
    }
    if let Some(name) = fields.string("memory")? {
        config.memory = Memory::from_name(&name)?;
    }
    if let Some(hnsw) = fields.raw("hnsw") {
        let hnsw = Fields::known("hnsw", hnsw, &["m", "efConstruction", "ef", "seed"])?;
        let own = &mut config.hnsw;
        for (name, part) in
            [("m", &mut own.m), ("efConstruction", &mut own.ef_construction), ("ef", &mut own.ef)]
        {
            *part = narrow(&hnsw, name)?.unwrap_or(*part);
        }
        if let Some(seed) = hnsw.natural("seed")? {
            own.seed = u32::try_from(seed).map_err(|_| {
                Error::invalid("hnsw.seed is out of bounds").with("a number of 32 bits", seed)
            })?;
        }
    }
    config.oversample = narrow(&fields, "oversample")?.or(config.oversample);
    if let Some(json) = fields.raw("model") {
        config.model = Some(model(json)?);
    }
    Ok(config)
}

/// A setting. What does not fit is out of every bound, as the largest that does is.
fn narrow(fields: &Fields<'_>, name: &str) -> Result<Option<u16>> {
    let number = fields.natural(name)?;
    Ok(number.map(|number| u16::try_from(number).unwrap_or(u16::MAX)))
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
