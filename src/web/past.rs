//! The exported class `WasmPast`: the database as it was. It stands in the second part of the module.

use super::convert::{json as as_json, promise};
use super::host::{HostEnv, HostStorage};
use super::read::{self, reading_methods};
use super::store::{WasmStore, index};
use super::transfer::thrown;
use crate::collection::State;
use crate::error::{Error, Kind, Result};
use crate::json::Fields;
use crate::store::{Database, Past, Point};
use js_sys::{Array, Promise};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// `{"seq"}` or `{"timeMs"}`.
pub(super) fn point(json: &str) -> Result<Point> {
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
        promise(async move {
            let past = database.as_of(point(&point_json)?).await?;
            Ok(WasmPast { database, past: Rc::new(RefCell::new(Some(past))) }.into())
        })
    }
}

/// What a database was.
#[wasm_bindgen]
pub struct WasmPast {
    database: Database<HostStorage, HostEnv>,
    /// Until it is what the database is.
    past: Rc<RefCell<Option<Past<HostStorage, HostEnv>>>>,
}

impl WasmPast {
    fn read<T>(&self, work: impl FnOnce(&State) -> Result<T>) -> std::result::Result<T, JsValue> {
        let gone = || Error::new(Kind::Closed, "this is what the database is now: ask again with asOf()");
        thrown(self.past.borrow().as_ref().ok_or_else(gone).and_then(|past| work(&past.state)))
    }
}

#[wasm_bindgen]
impl WasmPast {
    /// The last write in it.
    pub fn seq(&self) -> f64 {
        self.past.borrow().as_ref().map_or(0.0, |past| past.state.seq as f64)
    }

    /// When that was, in milliseconds since 1970.
    #[wasm_bindgen(js_name = timeMs)]
    pub fn time_ms(&self) -> f64 {
        self.past.borrow().as_ref().map_or(0.0, |past| past.time_ms as f64)
    }

    /// Makes it what the database is: an `ImportResult`. It cannot be read any more then.
    pub fn restore(&self) -> Promise {
        let (database, past) = (self.database.clone(), self.past.borrow_mut().take());
        promise(async move {
            let gone =
                || Error::new(Kind::Closed, "this has been restored, or that failed: ask again with asOf()");
            let done = database.restore(past.ok_or_else(gone)?).await;
            index(&database);
            done.map(|done| as_json(&done))
        })
    }
}

reading_methods!(WasmPast);
