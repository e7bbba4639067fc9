//! JSON and vectors that go out.

use crate::collection::{Collection, Row};
use crate::error::Result;
use crate::index::{Scored, distance_from_score};
use crate::json::{self, Fields};
use js_sys::Float32Array;
use wasm_bindgen::prelude::*;

/// JSON, and the vectors of the rows in it, in their order.
#[wasm_bindgen]
pub struct Reply {
    json: String,
    vectors: Option<Vec<f32>>,
}

#[wasm_bindgen]
impl Reply {
    /// The JSON.
    #[wasm_bindgen(getter)]
    pub fn json(&self) -> String {
        self.json.clone()
    }

    /// The vectors, once.
    #[wasm_bindgen(js_name = takeVectors)]
    pub fn take_vectors(&mut self) -> Option<Float32Array> {
        self.vectors.take().map(|vectors| Float32Array::from(vectors.as_slice()))
    }
}

/// What to say of each row.
#[derive(Clone, Copy)]
pub struct Return {
    pub metadata: bool,
    pub vectors: bool,
}

impl Return {
    /// As options say: metadata unless refused, vectors if wanted.
    pub fn of(options: &Fields<'_>) -> Result<Return> {
        Ok(Return {
            metadata: options.boolean("returnMetadata")?.unwrap_or(true),
            vectors: options.boolean("returnVectors")?.unwrap_or(false),
        })
    }
}

/// Puts a reply together. Metadata is JSON text already and is copied as it is.
pub struct Writer<'a> {
    collection: &'a Collection,
    fields: Return,
    json: String,
    vectors: Vec<f32>,
    empty: bool,
}

impl<'a> Writer<'a> {
    pub fn new(collection: &'a Collection, fields: Return, list: &str) -> Writer<'a> {
        let json = format!("{{\"{list}\":[");
        Writer { collection, fields, json, vectors: Vec::new(), empty: true }
    }

    /// A match of a query.
    pub fn push_match(&mut self, scored: &Scored) -> Result<()> {
        let Some(row) = self.collection.row(scored.slot) else { return Ok(()) };
        let metric = self.collection.config().metric;
        self.begin(row);
        self.json.push_str(",\"score\":");
        json::number(&mut self.json, scored.score);
        self.json.push_str(",\"distance\":");
        json::number(&mut self.json, distance_from_score(metric, scored.score));
        self.finish(scored.slot, row)
    }

    /// A row; `null` where there is none.
    pub fn push_row(&mut self, slot: Option<u32>) -> Result<()> {
        match slot.and_then(|slot| Some((slot, self.collection.row(slot)?))) {
            None => {
                self.comma();
                self.json.push_str("null");
                Ok(())
            }
            Some((slot, row)) => {
                self.begin(row);
                self.json.push_str(",\"seq\":");
                self.json.push_str(&row.seq.to_string());
                self.finish(slot, row)
            }
        }
    }

    /// Ends the list; a cursor goes beside it.
    pub fn end(mut self, cursor: Option<&str>) -> Reply {
        self.json.push(']');
        if let Some(cursor) = cursor {
            self.json.push_str(",\"cursor\":");
            json::string(&mut self.json, cursor);
        }
        self.json.push('}');
        Reply { json: self.json, vectors: self.fields.vectors.then_some(self.vectors) }
    }

    fn comma(&mut self) {
        if !std::mem::replace(&mut self.empty, false) {
            self.json.push(',');
        }
    }

    fn begin(&mut self, row: &Row) {
        self.comma();
        self.json.push_str("{\"id\":");
        json::string(&mut self.json, &row.id);
    }

    fn finish(&mut self, slot: u32, row: &Row) -> Result<()> {
        if self.fields.metadata {
            self.json.push_str(",\"metadata\":");
            self.json.push_str(&row.metadata);
        }
        self.json.push('}');
        if self.fields.vectors {
            self.vectors.extend_from_slice(&self.collection.vector(slot)?);
        }
        Ok(())
    }
}
