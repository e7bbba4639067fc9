//! JSON that comes in: options, targets, metadata. The facade checked it; this is for who calls past it.

use crate::collection::{Config, IndexKind, Model, Quantization};
use crate::error::{Error, Result};
use crate::index::Metric;
use crate::json::{Fields, elements};
use crate::metadata::Filter;
use crate::store::Target;

/// A whole configuration: what is left out has its default, or its value in `base`.
pub fn config(json: &str, base: Option<&Config>) -> Result<Config> {
    let fields = Fields::known("config", json, &["dimension", "metric", "index", "quantization", "model"])?;
    let name = |field: &str, base: Option<&'static str>, default: &'static str| {
        let given = fields.string(field)?;
        Ok(given.unwrap_or_else(|| base.unwrap_or(default).to_owned()))
    };
    let metric = name("metric", base.map(|base| base.metric.name()), "cosine")?;
    let index = name("index", base.map(|base| base.index.name()), "auto")?;
    let quantization = name("quantization", base.map(|base| base.quantization.name()), "none")?;
    let dimension = whole(&fields, "dimension")?.or(base.map(|base| base.dimension));
    let model = fields.raw("model").map(model).transpose()?;
    Ok(Config {
        dimension: dimension.ok_or_else(|| Error::invalid("a collection needs a dimension"))?,
        metric: Metric::from_name(&metric)
            .ok_or_else(|| Error::invalid("no such metric").with("cosine, dot or euclidean", &metric))?,
        index: IndexKind::from_name(&index)?,
        quantization: Quantization::from_name(&quantization)?,
        model: model.or_else(|| base.and_then(|base| base.model.clone())),
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
