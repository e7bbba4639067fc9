//! The part of `WasmStore` that is about damage: check, repair, and what is kept aside.

use super::convert::{json, promise};
use super::store::{WasmStore, index};
use js_sys::{Promise, Uint8Array};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
impl WasmStore {
    /// Verifies everything, and makes good what can be if `repair` says so: a `CheckReport`. `run` is a number for
    /// `optimizeStop`.
    pub fn check(&self, repair: bool, run: u32) -> Promise {
        let (database, stopped) = (self.database.clone(), self.stopped.clone());
        promise(async move {
            let report = database.check_and(repair, || !stopped.borrow().contains(&run)).await;
            stopped.borrow_mut().retain(|other| *other != run);
            index(&database);
            report.map(|report| json(&report))
        })
    }

    /// What is kept aside: a list of `QuarantinedFile`.
    pub fn quarantine(&self) -> Promise {
        let database = self.database.clone();
        promise(async move { database.quarantined().await.map(|files| json(&files)) })
    }

    /// Bytes of a file that is kept aside, from `at` on; none at its end.
    #[wasm_bindgen(js_name = quarantineRead)]
    pub fn quarantine_read(&self, name: String, at: f64) -> Promise {
        let database = self.database.clone();
        promise(async move {
            let bytes = database.read_quarantined(&name, at as u64).await?;
            Ok(Uint8Array::from(bytes.as_slice()).into())
        })
    }

    /// Removes a file that is kept aside, or all of them.
    #[wasm_bindgen(js_name = quarantineDrop)]
    pub fn quarantine_drop(&self, name: Option<String>) -> Promise {
        let database = self.database.clone();
        promise(async move {
            database.drop_quarantined(name.as_deref()).await?;
            Ok(JsValue::UNDEFINED)
        })
    }
}
