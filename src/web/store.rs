//! The exported class `WasmStore`: an open database.

use super::answer::Answer;
use super::convert::{background, floats, json as as_json, promise};
use super::error::report_panics;
use super::host::{Host, HostEnv, HostStorage};
use super::json;
use super::read::{self, Ask};
use super::transfer::{self, WasmExport, WasmRebuild, thrown};
use crate::collection::Rows;
use crate::error::{Error, Result};
use crate::json::{Fields, strings, text};
use crate::kernel;
use crate::store::{Asked, CollectionInfo, Database, ImportOptions, Intent, Request};
use js_sys::{Array, Float32Array, Promise};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::prelude::*;

type Db = Database<HostStorage, HostEnv>;

/// An open database.
#[wasm_bindgen]
pub struct WasmStore {
    pub(super) database: Db,
    /// The runs of `optimize` and `check` that are to end, by the number that the caller gave them.
    pub(super) stopped: Rc<RefCell<Vec<u32>>>,
    /// The name of the write that is asked for next.
    request: Cell<Option<Request>>,
}

/// What a configuration says is laid over what is stored then.
fn asked(text: String) -> Asked {
    Box::new(move |stored| json::config(&text, stored))
}

/// Sees to the graphs, beside everything else, if there is anything to do.
pub(super) fn index(database: &Db) {
    if database.index_steps_left(None, false).unwrap_or(0) > 0 {
        let database = database.clone();
        background(async move {
            // A step fails where memory has run out or the database was closed: rows are scanned instead.
            let _ = database.index_in_background().await;
            checkpoint(&database);
        });
    }
}

/// Makes a checkpoint beside everything else, if one is due.
fn checkpoint(database: &Db) {
    if database.checkpoint_due() {
        let database = database.clone();
        background(async move {
            // A failure is kept and shown in stats().
            let _ = database.checkpoint_if_due().await;
        });
    }
}

/// Rows to be written, copied before their caller can change them.
fn rows(ids_json: &str, vectors: &Float32Array, metadata_json: Option<&str>) -> Result<Rows> {
    let vectors = floats(vectors)?;
    let ids = strings("ids", ids_json)?;
    let metadata = json::metadata(metadata_json, ids.len())?;
    Ok(Rows { ids, vectors, metadata })
}

/// A change of metadata: one object, or a list with one for each id.
fn changed(name: String, target_json: &str, metadata_json: String, mode: &str) -> Result<Intent> {
    let target = json::target(target_json)?;
    let replace = match mode {
        "merge" => false,
        "replace" => true,
        _ => return Err(Error::invalid("no such mode of update").with("merge or replace", mode)),
    };
    let metadata = match metadata_json.starts_with('[') {
        true => json::metadata(Some(&metadata_json), 0)?,
        false => vec![metadata_json],
    };
    Ok(Intent::update(name, target, metadata, replace))
}

fn info(database: &Db, name: &str) -> Result<CollectionInfo> {
    Ok(CollectionInfo::of(database.state()?.named(name)?))
}

#[wasm_bindgen]
impl WasmStore {
    /// Opens the database behind `host`, or makes one. Resolves to a `WasmStore`.
    pub fn open(host: Host, options_json: &str) -> Promise {
        report_panics();
        let options = options_json.to_owned();
        promise(async move {
            let chosen = json::options(&options)?;
            let host = Rc::new(host);
            let database = Database::open(HostStorage::new(host.clone()), HostEnv::new(host), chosen).await?;
            index(&database);
            Ok(WasmStore { database, stopped: Rc::default(), request: Cell::default() }.into())
        })
    }

    /// Gives the write that is called next, before anything else happens, the name of its request; `again` with the
    /// sequence number that its caller had seen, when it may have been made already.
    pub fn request(&self, client: f64, counter: f64, again: Option<f64>) {
        let again = again.map(|seen| seen as u64);
        self.request.set(Some(Request { client: client as u64, counter: counter as u64, again }));
    }

    /// The open report, as JSON.
    #[wasm_bindgen(js_name = openReport)]
    pub fn open_report(&self) -> String {
        text(self.database.open_report())
    }

    /// Makes or opens a collection: its `CollectionInfo`, as JSON.
    pub fn collection(&self, name: String, config_json: Option<String>) -> Promise {
        let database = self.writer();
        promise(async move {
            let intent = match config_json {
                None => Intent::existing(name.clone()),
                Some(text) => Intent::collection(name.clone(), asked(text)),
            };
            database.queue(intent).await?;
            Ok(as_json(&info(&database, &name)?))
        })
    }

    /// All collections, as JSON.
    pub fn collections(&self) -> std::result::Result<String, JsValue> {
        thrown(self.database.collections().map(|infos| text(&infos)))
    }

    /// Removes a collection.
    #[wasm_bindgen(js_name = dropCollection)]
    pub fn drop_collection(&self, name: String, answer: Answer) {
        self.write(Ok(Intent::drop_collection(name)), answer)
    }

    /// Adds or replaces rows.
    pub fn upsert(
        &self,
        name: String,
        ids_json: &str,
        vectors: &Float32Array,
        metadata_json: Option<String>,
        answer: Answer,
    ) {
        let rows = rows(ids_json, vectors, metadata_json.as_deref());
        self.write(rows.map(|rows| Intent::upsert(name, rows)), answer)
    }

    /// Changes metadata.
    #[wasm_bindgen(js_name = updateMetadata)]
    pub fn update_metadata(
        &self,
        name: String,
        target_json: &str,
        metadata_json: String,
        mode: &str,
        answer: Answer,
    ) {
        self.write(changed(name, target_json, metadata_json, mode), answer)
    }

    /// Deletes rows.
    pub fn delete(&self, name: String, target_json: &str, answer: Answer) {
        self.write(json::target(target_json).map(|target| Intent::delete(name, target)), answer)
    }

    /// Nearest rows to one vector or, with [`MANY`], to each of several: see `reply::matches`. `flags` is a
    /// sum of the constants in `read`.
    // Numbers one by one: reading them from JSON takes as long as a part of the search.
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
        thrown(self.database.state().and_then(|state| read::query(&state, name, asked)))
    }

    /// Rows by id: `{"rows"}` with null where there is none.
    pub fn get(&self, name: &str, ids_json: &str, options_json: &str) -> std::result::Result<Array, JsValue> {
        thrown(self.database.state().and_then(|state| read::get(&state, name, ids_json, options_json)))
    }

    /// A page of rows: `{"rows", "cursor"}`.
    pub fn list(&self, name: &str, options_json: &str) -> std::result::Result<Array, JsValue> {
        thrown(self.database.state().and_then(|state| read::list(&state, name, options_json)))
    }

    /// How many rows match.
    pub fn count(&self, name: &str, filter_json: Option<String>) -> std::result::Result<f64, JsValue> {
        thrown(self.database.state().and_then(|state| read::count(&state, name, filter_json.as_deref())))
    }

    /// Writes a snapshot: a `CheckpointResult`.
    pub fn checkpoint(&self) -> Promise {
        let database = self.database.clone();
        promise(async move { database.checkpoint().await.map(|done| as_json(&done)) })
    }

    /// Puts every row of a collection into its graph, and takes out what was deleted. `run` is a number for
    /// `optimizeStop`.
    pub fn optimize(&self, name: String, run: u32) -> Promise {
        let (database, stopped) = (self.database.clone(), self.stopped.clone());
        promise(async move {
            let done = database.optimize(&name, || !stopped.borrow().contains(&run)).await;
            stopped.borrow_mut().retain(|other| *other != run);
            checkpoint(&database);
            done.map(|()| JsValue::UNDEFINED)
        })
    }

    /// Ends a run of `optimize` or `check` after its current slice; what is done stays.
    #[wasm_bindgen(js_name = optimizeStop)]
    pub fn optimize_stop(&self, run: u32) {
        self.stopped.borrow_mut().push(run);
    }

    /// What is stored: `Stats` without what only the facade knows.
    pub fn stats(&self) -> Promise {
        let database = self.database.clone();
        promise(async move { database.stats().await.map(|stats| as_json(&stats)) })
    }

    /// The sequence number of the last write; 0 once it is closed.
    #[wasm_bindgen(js_name = lastWrite)]
    pub fn last_write(&self) -> f64 {
        self.database.last_write() as f64
    }

    /// Which of the two builds this is: `simd128` or `relaxed-simd`.
    pub fn build(&self) -> String {
        kernel::WASM_BUILD.into()
    }

    /// Bytes of WebAssembly memory.
    #[wasm_bindgen(js_name = memoryBytes)]
    pub fn memory_bytes(&self) -> f64 {
        core::arch::wasm32::memory_size::<0>() as f64 * 65_536.0
    }

    /// Begins an export: a `WasmExport`.
    #[wasm_bindgen(js_name = exportStart)]
    pub fn export_start(&self) -> Promise {
        let database = self.database.clone();
        promise(async move { database.export().await.map(|export| WasmExport::new(export).into()) })
    }

    /// Begins an import: a `WasmIntake`.
    #[wasm_bindgen(js_name = importStart)]
    pub fn import_start(&self, options_json: String) -> Promise {
        let database = self.database.clone();
        promise(async move {
            let fields = Fields::known("options", &options_json, &["replace", "totalBytes"])?;
            let options = ImportOptions {
                replace: fields.boolean("replace")?.unwrap_or(false),
                total_bytes: fields.natural("totalBytes")?.unwrap_or(0),
            };
            Ok(transfer::import(database, options).into())
        })
    }

    /// Changes the configuration of a collection in place.
    pub fn configure(&self, name: String, config_json: String, answer: Answer) {
        self.write(Ok(Intent::configure(name, asked(config_json))), answer)
    }

    /// Begins a rebuild: a `WasmRebuild`.
    #[wasm_bindgen(js_name = rebuildStart)]
    pub fn rebuild_start(&self, name: String, config_json: String) -> Promise {
        let database = self.writer();
        promise(
            async move { Ok(WasmRebuild::new(database.rebuild_as(&name, asked(config_json)).await?).into()) },
        )
    }

    /// Waits for running writes and closes.
    pub fn close(&self) -> Promise {
        let database = self.database.clone();
        promise(async move {
            database.close().await;
            Ok(JsValue::UNDEFINED)
        })
    }
}

impl WasmStore {
    /// For one write, by its name if it was given one.
    fn writer(&self) -> Db {
        self.database.requested(self.request.take())
    }

    /// Makes a write, and answers. A checkpoint may be due behind it, for which it does not wait.
    fn write(&self, intent: Result<Intent>, answer: Answer) {
        let database = self.writer();
        // In the queue before this returns, and so together with whatever is asked for before the first is begun.
        let queued = intent.map(|intent| database.queue(intent));
        background(async move {
            let outcome = match queued {
                Ok(queued) => queued.await,
                Err(cause) => Err(cause),
            };
            if outcome.is_ok() {
                index(&database);
                checkpoint(&database);
            }
            answer.tell(outcome);
        });
    }
}
