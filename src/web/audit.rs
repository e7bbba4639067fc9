//! The part of `WasmStore` that is about the audit log. It stands in the second part of the module.

use super::convert::{json as as_json, promise};
use super::store::WasmStore;
use crate::error::Result;
use crate::json::{Fields, strings};
use crate::store::AuditQuery;
use js_sys::Promise;
use wasm_bindgen::prelude::*;

/// `{"last"?, "kinds"?}`.
fn query(json: &str) -> Result<AuditQuery> {
    let fields = Fields::known("options", json, &["last", "kinds"])?;
    let kinds = fields.raw("kinds").map(|kinds| strings("kinds", kinds)).transpose()?;
    let last = super::json::whole(&fields, "last")?;
    Ok(AuditQuery { last: last.unwrap_or(0), kinds: kinds.unwrap_or_default() })
}

#[wasm_bindgen]
impl WasmStore {
    /// What was done: an `AuditLog`.
    pub fn audit(&self, query_json: String) -> Promise {
        let database = self.database.clone();
        promise(async move { Ok(as_json(&database.audit(&query(&query_json)?).await?)) })
    }

    /// Notes that something was done: the number of the entry.
    pub fn note(&self, kind: String, details_json: String) -> Promise {
        let database = self.database.clone();
        promise(async move { Ok((database.note(&kind, &details_json).await? as f64).into()) })
    }
}
