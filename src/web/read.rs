//! Reading: of the database as it is, and as it was.

use super::json;
use super::reply::{Return, Writer, matches};
use crate::collection::{Query, State};
use crate::error::{Error, Result};
use crate::json::{Fields, strings};
use crate::limits::BATCH_ROWS_MAX;
use crate::metadata::Filter;
use js_sys::Array;

/// Flags of a query: return metadata.
const METADATA: u32 = 1;
/// Return vectors.
const VECTORS: u32 = 2;
/// Compare every row that may match.
const EXACT: u32 = 4;
/// Say how it was answered.
const EXPLAIN: u32 = 8;
/// There are several vectors.
const MANY: u32 = 16;

/// What is asked of a query.
pub struct Ask<'a> {
    /// One vector or, with [`MANY`], several.
    pub vectors: &'a [f32],
    pub top_k: u32,
    /// A sum of the constants above.
    pub flags: u32,
    pub min_score: Option<f32>,
    pub ef: Option<u32>,
    pub oversample: Option<u32>,
    pub filter_json: Option<String>,
}

/// The nearest rows.
pub fn query(state: &State, name: &str, asked: Ask<'_>) -> Result<Array> {
    let Ask { vectors, top_k, flags, min_score, ef, oversample, filter_json } = asked;
    let filter = filter_json.as_deref().map(Filter::parse).transpose()?;
    let collection = state.named(name)?;
    let query = Query {
        vector: vectors,
        top_k: top_k as usize,
        filter: filter.as_ref(),
        min_score,
        ef: ef.map(|ef| ef as usize),
        oversample: oversample.map(|some| some as usize),
        exact: flags & EXACT != 0,
    };
    let found = match flags & MANY {
        0 => vec![collection.query(&query)?],
        _ => collection.query_many(vectors, &query)?,
    };
    let fields = Return { metadata: flags & METADATA != 0, vectors: flags & VECTORS != 0 };
    matches(collection, &found, fields, flags & EXPLAIN != 0)
}

/// Rows by id.
pub fn get(state: &State, name: &str, ids_json: &str, options_json: &str) -> Result<Array> {
    let ids = strings("ids", ids_json)?;
    if ids.len() > BATCH_ROWS_MAX {
        return Err(Error::invalid("too many ids in one call: split it").with(BATCH_ROWS_MAX, ids.len()));
    }
    let options = Fields::known("options", options_json, &["returnMetadata", "returnVectors"])?;
    let collection = state.named(name)?;
    let fields = Return::of(&options)?;
    let mut writer = Writer::new(collection, fields);
    ids.iter().try_for_each(|id| writer.push(collection.slot(id)))?;
    Ok(writer.end(None))
}

/// A page of rows.
pub fn list(state: &State, name: &str, options_json: &str) -> Result<Array> {
    let known = ["filter", "limit", "cursor", "returnMetadata", "returnVectors"];
    let options = Fields::known("options", options_json, &known)?;
    let filter = json::filter(&options)?;
    let collection = state.named(name)?;
    let cursor = options.string("cursor")?;
    let page = collection.page(
        filter.as_ref(),
        cursor.as_deref(),
        json::whole(&options, "limit")?.unwrap_or(100),
    )?;
    let fields = Return::of(&options)?;
    let mut writer = Writer::new(collection, fields);
    page.slots.iter().try_for_each(|slot| writer.push(Some(*slot)))?;
    Ok(writer.end(page.cursor.as_deref()))
}

/// How many rows match.
pub fn count(state: &State, name: &str, filter_json: Option<&str>) -> Result<f64> {
    let filter = filter_json.map(Filter::parse).transpose()?;
    let one = state.named(name)?;
    Ok(one.matching(filter.as_ref())?.map_or(one.len() as f64, |matching| matching.len() as f64))
}

/// The reading methods of a class that has `read`, which runs something on what it reads: each as that of `WasmStore`.
macro_rules! reading_methods {
    ($class:ident) => {
        #[wasm_bindgen]
        impl $class {
            /// As that of `WasmStore`.
            pub fn collections(&self) -> std::result::Result<String, JsValue> {
                self.read(|state| {
                    let named = state.all().filter(|one| one.stages.is_none());
                    Ok($crate::json::text(&named.map($crate::store::CollectionInfo::of).collect::<Vec<_>>()))
                })
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
                let asked = read::Ask { vectors, top_k, flags, min_score, ef, oversample, filter_json };
                self.read(|state| read::query(state, name, asked))
            }

            /// As that of `WasmStore`.
            pub fn get(
                &self,
                name: &str,
                ids_json: &str,
                options_json: &str,
            ) -> std::result::Result<Array, JsValue> {
                self.read(|state| read::get(state, name, ids_json, options_json))
            }

            /// As that of `WasmStore`.
            pub fn list(&self, name: &str, options_json: &str) -> std::result::Result<Array, JsValue> {
                self.read(|state| read::list(state, name, options_json))
            }

            /// As that of `WasmStore`.
            pub fn count(
                &self,
                name: &str,
                filter_json: Option<String>,
            ) -> std::result::Result<f64, JsValue> {
                self.read(|state| read::count(state, name, filter_json.as_deref()))
            }
        }
    };
}
pub(super) use reading_methods;
