//! The exported function `salvage`. It stands in the second part of the module.

use super::convert::promise;
use super::error::report_panics;
use super::host::{Host, HostEnv, HostStorage};
use super::json;
use crate::json::{Object, ToJson, text};
use crate::store::{Database, OpenReport};
use js_sys::Promise;
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// An open report with what salvage has to say.
struct Salvaged<'a>(&'a OpenReport);

impl ToJson for Salvaged<'_> {
    fn to_json(&self, out: &mut String) {
        let mut object = Object::new(out);
        self.0.to_json(object.field("report"));
        if let Some(salvage) = &self.0.salvage {
            salvage.to_json(object.field("salvage"));
        }
        object.end();
    }
}

/// Makes what is stored behind `host` whole where it is damaged, as `Database::salvage` does, and closes it. Resolves
/// to `{"report", "salvage"?}`. The options are those of `WasmStore.open`.
#[wasm_bindgen]
pub fn salvage(host: Host, options_json: &str) -> Promise {
    report_panics();
    let options = options_json.to_owned();
    promise(async move {
        let host = Rc::new(host);
        let env = HostEnv::new(host.clone());
        let database = Database::salvage(HostStorage::new(host), env, json::options(&options)?).await?;
        let said = text(&Salvaged(database.open_report()));
        database.close().await;
        Ok(said.into())
    })
}
