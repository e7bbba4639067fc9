//! JSON, numbers and vectors that go out.
//!
//! A reply is `[json, numbers, vectors, ids]`, plain JavaScript values: an object in WebAssembly memory would have to be
//! registered for finalization and freed, which costs more than a small query.

use crate::collection::{Collection, Found, Row};
use crate::error::Result;
use crate::index::distance_from_score;
use crate::json::{self, Fields, ToJson};
use crate::room::{ask, out_of_memory};
use js_sys::{Array, Float32Array};
use wasm_bindgen::JsValue;

/// `[json, numbers, vectors, ids]`; the latter three are undefined where there are none.
fn reply(json: &str, numbers: Option<&[f32]>, vectors: Option<&[f32]>, ids: Option<&str>) -> Array {
    let floats =
        |floats: Option<&[f32]>| floats.map_or(JsValue::UNDEFINED, |some| Float32Array::from(some).into());
    let ids = ids.map_or(JsValue::UNDEFINED, JsValue::from_str);
    Array::of4(&JsValue::from_str(json), &floats(numbers), &floats(vectors), &ids)
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

/// What queries found: JSON, where there is any, of `{"metadata", "counts", "explain"}`, each a list of all matches or,
/// the latter two, of all queries; the score, the distance and the length of the id of each match; and the ids, one
/// after another. Numbers as text would cost more than a search, and
/// an engine that parses JSON looks every short string up in its table of all strings.
pub fn matches(collection: &Collection, all: &[Found], fields: Return, explain: bool) -> Result<Array> {
    let hits = || all.iter().flat_map(|found| &found.hits);
    let rows = || hits().filter_map(|hit| collection.row(hit.slot));
    let metric = collection.config().metric;
    let (mut out, mut ids, mut numbers) = (String::new(), String::new(), Vec::new());
    let count: usize = all.iter().map(|found| found.hits.len()).sum();
    let texts: usize =
        rows().map(|row| row.id.len() + 1 + if fields.metadata { row.metadata.len() } else { 0 }).sum();
    ask(2 * texts + 12 * count)?;
    for hit in hits() {
        let id = collection.row(hit.slot).map_or("", |row| &row.id);
        ids.push_str(id);
        // Adding zero makes a negative zero a plain one.
        numbers.push(hit.score + 0.0);
        numbers.push(distance_from_score(metric, hit.score) + 0.0);
        numbers.push(utf16_length(id));
    }
    let mut open = "{";
    let mut field = |out: &mut String, name: &str| {
        out.push_str(std::mem::replace(&mut open, ","));
        out.push_str(name);
    };
    if fields.metadata {
        field(&mut out, "\"metadata\":");
        // JSON text already.
        json::list(&mut out, rows(), |out, row| out.push_str(&row.metadata));
    }
    if all.len() != 1 {
        field(&mut out, "\"counts\":");
        json::list(&mut out, all.iter(), |out, found| out.push_str(&found.hits.len().to_string()));
    }
    if explain {
        field(&mut out, "\"explain\":");
        json::list(&mut out, all.iter(), |out, found| found.explain.to_json(out));
    }
    if open == "," {
        out.push('}');
    }
    let mut vectors = Vec::new();
    if fields.vectors {
        vectors.try_reserve_exact(count * collection.config().dimension).map_err(out_of_memory)?;
        for hit in hits() {
            vectors.extend_from_slice(&collection.vector(hit.slot)?);
        }
    }
    Ok(reply(&out, Some(&numbers), fields.vectors.then_some(&vectors), Some(&ids)))
}

/// Units of UTF-16 that a text takes in JavaScript. A float holds the length of every id exactly (`limits::ID_BYTES_MAX`).
fn utf16_length(text: &str) -> f32 {
    // A character has one byte that does not continue another, and two units where that begins one of four bytes.
    let units = text.bytes().map(|byte| usize::from(byte & 0xc0 != 0x80) + usize::from(byte >= 0xf0));
    units.sum::<usize>() as f32
}

/// Puts a list of rows together.
pub struct Writer<'a> {
    collection: &'a Collection,
    fields: Return,
    json: String,
    vectors: Vec<f32>,
    empty: bool,
}

impl<'a> Writer<'a> {
    pub fn new(collection: &'a Collection, fields: Return) -> Writer<'a> {
        Writer { collection, fields, json: "{\"rows\":[".to_owned(), vectors: Vec::new(), empty: true }
    }

    /// A row; `null` where there is none.
    pub fn push(&mut self, slot: Option<u32>) -> Result<()> {
        if !std::mem::replace(&mut self.empty, false) {
            self.json.push(',');
        }
        match slot.and_then(|slot| Some((slot, self.collection.row(slot)?))) {
            None => {
                self.json.push_str("null");
                Ok(())
            }
            Some((slot, row)) => self.row(slot, row),
        }
    }

    fn row(&mut self, slot: u32, row: &Row) -> Result<()> {
        let more = 2 * row.id.len() + row.metadata.len() + 64;
        if self.json.capacity() - self.json.len() < more {
            ask(2 * self.json.capacity() + more)?;
        }
        self.json.push_str("{\"id\":");
        json::string(&mut self.json, &row.id);
        self.json.push_str(",\"seq\":");
        self.json.push_str(&row.seq.to_string());
        if self.fields.metadata {
            self.json.push_str(",\"metadata\":");
            self.json.push_str(&row.metadata);
        }
        self.json.push('}');
        if self.fields.vectors {
            self.vectors.try_reserve(self.collection.config().dimension).map_err(out_of_memory)?;
            self.vectors.extend_from_slice(&self.collection.vector(slot)?);
        }
        Ok(())
    }

    /// Ends the list; a cursor goes beside it.
    pub fn end(mut self, cursor: Option<&str>) -> Array {
        self.json.push(']');
        if let Some(cursor) = cursor {
            self.json.push_str(",\"cursor\":");
            json::string(&mut self.json, cursor);
        }
        self.json.push('}');
        reply(&self.json, None, self.fields.vectors.then_some(&self.vectors), None)
    }
}
