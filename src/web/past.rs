//! The exported class `WasmPast`: the database as it was. It stands in the second part of the module.

use super::convert::{json as as_json, promise};
use super::read::{self, Ask};
use super::store::WasmStore;
use super::transfer::thrown;
use crate::error::{Error, Result};
use crate::json::{Fields, text};
use crate::store::{CollectionInfo, Past, Point};
use js_sys::{Array, Promise};
use wasm_bindgen::prelude::*;

/// `{"seq"}` or `{"timeMs"}`.
fn point(json: &str) -> Result<Point> {
    let fields = Fields::known("a point", json, &["seq", "timeMs"])?;
    match (fields.natural("seq")?, fields.natural("timeMs")?) {
        (Some(seq), None) => Ok(Point::Seq(seq)),
        (None, Some(time)) => Ok(Point::Time(time)),
        _ => Err(Error::invalid("a point is a seq or a time")),
    }
}

#[wasm_bindgen]
impl WasmStore {
    /// Which points can be had: a `History`.
    pub fn history(&self) -> Promise {
        let database = self.database.clone();
        promise(async move { database.history().await.map(|history| as_json(&history)) })
    }

    /// What the database was at a point: a `WasmPast`.
    #[wasm_bindgen(js_name = asOf)]
    pub fn as_of(&self, point_json: String) -> Promise {
        let database = self.database.clone();
        promise(async move { Ok(WasmPast { past: database.as_of(point(&point_json)?).await? }.into()) })
    }
}

/// What a database was.
#[wasm_bindgen]
pub struct WasmPast {
    past: Past,
}

#[wasm_bindgen]
impl WasmPast {
    /// The last write in it.
    pub fn seq(&self) -> f64 {
        self.past.state.seq as f64
    }

    /// When that was, in milliseconds since 1970.
    #[wasm_bindgen(js_name = timeMs)]
    pub fn time_ms(&self) -> f64 {
        self.past.time_ms as f64
    }

    /// As that of `WasmStore`.
    pub fn collections(&self) -> String {
        let named = self.past.state.all().filter(|one| one.stages.is_none());
        text(&named.map(CollectionInfo::of).collect::<Vec<_>>())
    }

    /// As that of `WasmStore`.
    #[allow(clippy::too_many_arguments)]
    pub fn query(
        &self,
        name: &str,
        vectors: &[f32],
        top_k: u32,
        flags: u32,
        min_score: Option<f32>,
        ef: Option<u32>,
        oversample: Option<u32>,
        filter_json: Option<String>,
    ) -> std::result::Result<Array, JsValue> {
        let asked = Ask { vectors, top_k, flags, min_score, ef, oversample, filter_json };
        thrown(read::query(&self.past.state, name, asked))
    }

    /// As that of `WasmStore`.
    pub fn get(&self, name: &str, ids_json: &str, options_json: &str) -> std::result::Result<Array, JsValue> {
        thrown(read::get(&self.past.state, name, ids_json, options_json))
    }

    /// As that of `WasmStore`.
    pub fn list(&self, name: &str, options_json: &str) -> std::result::Result<Array, JsValue> {
        thrown(read::list(&self.past.state, name, options_json))
    }

    /// As that of `WasmStore`.
    pub fn count(&self, name: &str, filter_json: Option<String>) -> std::result::Result<f64, JsValue> {
        thrown(read::count(&self.past.state, name, filter_json.as_deref()))
    }
}
