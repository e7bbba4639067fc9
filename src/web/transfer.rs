//! Long operations in steps: export, import, rebuild.

use super::convert::{self, json as as_json, promise};
use super::error::to_js;
use super::host::{HostEnv, HostStorage};
use super::intake::WasmIntake;
use super::store::index;
use crate::error::{Error, Result};
use crate::json;
use crate::storage::Source;
use crate::store::{Database, EmbedRow, Export, ImportOptions, Rebuild};
use js_sys::{Float32Array, Promise, Uint8Array};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// A running export, which freeing ends.
#[wasm_bindgen]
pub struct WasmExport {
    total: f64,
    export: Rc<RefCell<Option<Export<HostStorage, HostEnv>>>>,
}

impl WasmExport {
    pub(super) fn new(export: Export<HostStorage, HostEnv>) -> WasmExport {
        WasmExport { total: export.total_bytes() as f64, export: Rc::new(RefCell::new(Some(export))) }
    }
}

#[wasm_bindgen]
impl WasmExport {
    /// Bytes of the whole archive.
    #[wasm_bindgen(js_name = totalBytes)]
    pub fn total_bytes(&self) -> f64 {
        self.total
    }

    /// The next piece; undefined at the end. One call at a time.
    pub fn next(&self) -> Promise {
        let shared = self.export.clone();
        promise(async move {
            // Taken out for the time of the call, so that no borrow is held across the await.
            let Some(mut export) = shared.borrow_mut().take() else {
                return Err(Error::invalid("this export has ended, or its next() is still running"));
            };
            let piece = export.next().await?;
            Ok(match piece {
                None => JsValue::UNDEFINED,
                Some(bytes) => {
                    *shared.borrow_mut() = Some(export);
                    Uint8Array::from(bytes.as_slice()).into()
                }
            })
        })
    }
}

/// Begins an import. Its outcome is an `ImportResult`.
pub(super) fn import(database: Database<HostStorage, HostEnv>, options: ImportOptions) -> WasmIntake {
    WasmIntake::start(|mut feed| async move {
        let done = database.import(&mut feed, options).await;
        index(&database);
        done.map(|result| as_json(&result))
    })
}

/// A running rebuild.
#[wasm_bindgen]
pub struct WasmRebuild(Rc<Rebuild<HostStorage, HostEnv>>);

impl WasmRebuild {
    pub(super) fn new(rebuild: Rebuild<HostStorage, HostEnv>) -> WasmRebuild {
        WasmRebuild(Rc::new(rebuild))
    }
}

/// Metadata is JSON text already and is copied as it is.
fn rows_json(rows: &[EmbedRow]) -> String {
    let mut out = String::new();
    json::list(&mut out, rows.iter(), |out, row| {
        let mut object = json::Object::new(out);
        object.text("id", &row.id);
        object.field("metadata").push_str(&row.metadata);
        object.end();
    });
    out
}

#[wasm_bindgen]
impl WasmRebuild {
    /// Rows that still need a vector, as JSON; undefined when all have one.
    pub fn next(&self, max: usize) -> Promise {
        let rebuild = self.0.clone();
        promise(async move {
            let rows = rebuild.next(max)?;
            Ok(if rows.is_empty() { JsValue::UNDEFINED } else { JsValue::from(&rows_json(&rows)) })
        })
    }

    /// Takes the vectors of the rows that `next` gave.
    pub fn put(&self, vectors: Float32Array) -> Promise {
        let (rebuild, vectors) = (self.0.clone(), convert::floats(&vectors));
        promise(async move { rebuild.put(vectors?).await.map(|()| JsValue::UNDEFINED) })
    }

    /// `{"done", "total"}` in rows.
    pub fn progress(&self) -> String {
        let (done, total) = self.0.progress();
        format!("{{\"done\":{done},\"total\":{total}}}")
    }

    /// Switches: a `WriteResult`, or undefined when rows changed meanwhile and `next` has more.
    pub fn commit(&self) -> Promise {
        let rebuild = self.0.clone();
        promise(async move {
            Ok(match rebuild.clone().commit().await? {
                None => JsValue::UNDEFINED,
                Some(written) => as_json(&written),
            })
        })
    }

    /// Gives up: the old rows stay as they are.
    pub fn abort(&self) -> Promise {
        let rebuild = self.0.clone();
        promise(async move { rebuild.abort().await.map(|()| JsValue::UNDEFINED) })
    }
}

/// An error as a thrown value, for methods that answer at once.
pub fn thrown<T>(result: Result<T>) -> std::result::Result<T, JsValue> {
    result.map_err(to_js)
}
