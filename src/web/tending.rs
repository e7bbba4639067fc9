//! The part of `WasmStore` that is about what was done to look after the database, and what is to be kept of its past. It
//! stands in the second part of the module.

use super::convert::promise;
use super::host::{HostEnv, HostStorage};
use super::json::whole;
use super::store::WasmStore;
use crate::error::{Error, Result};
use crate::json::{Fields, elements, strings, text};
use crate::store::{AuditQuery, Database, PruneOptions, Retention};
use js_sys::Promise;
use wasm_bindgen::prelude::*;

/// `{"last"?, "kinds"?}`.
fn query(json: &str) -> Result<AuditQuery> {
    let fields = Fields::known("options", json, &["last", "kinds"])?;
    let kinds = fields.raw("kinds").map(|kinds| strings("kinds", kinds)).transpose()?;
    Ok(AuditQuery { last: whole(&fields, "last")?.unwrap_or(0), kinds: kinds.unwrap_or_default() })
}

/// `{"keep"?, "policy"?, "dryRun"?, "archives"?}`.
fn pruning(json: &str) -> Result<PruneOptions> {
    let fields = Fields::known("options", json, &["keep", "policy", "dryRun", "archives"])?;
    let times = fields.raw("archives").map_or(Ok(Vec::new()), |times| elements("archives", times))?;
    let time = |text: &&str| text.trim().parse().map_err(|_| Error::invalid("a time is no natural number"));
    Ok(PruneOptions {
        keep: whole(&fields, "keep")?,
        policy: fields.raw("policy").map(Retention::parse).transpose()?,
        dry_run: fields.boolean("dryRun")?.unwrap_or(false),
        archives: times.iter().map(time).collect::<Result<_>>()?,
    })
}

/// One of the methods below. Texts are made here and not by way of `convert::json`: a table of methods would bring them
/// into the first part.
async fn upkeep(
    database: &Database<HostStorage, HostEnv>,
    method: &str,
    first: Option<String>,
    details: &str,
) -> Result<JsValue> {
    let json = first.as_deref().unwrap_or("{}");
    Ok(match method {
        "audit" => text(&database.audit(&query(json)?).await?).into(),
        "note" => (database.note(json, details).await? as f64).into(),
        "prune" => text(&database.prune_by(&pruning(json)?).await?).into(),
        "retention" => {
            // Refuses what is closed.
            drop(database.state()?);
            match database.retention() {
                None => JsValue::UNDEFINED,
                Some(policy) if policy.is_unreadable() => "".into(),
                Some(policy) => text(&policy).into(),
            }
        }
        "setRetention" => {
            let policy = first.as_deref().map(Retention::parse).transpose()?;
            database.set_retention(policy).await?;
            JsValue::UNDEFINED
        }
        _ => return Err(Error::invalid("no such method of upkeep")),
    })
}

#[wasm_bindgen]
impl WasmStore {
    /// One exported method for all of these, for their size: `audit(query)`, an `AuditLog`; `note(kind, details)`, the number of
    /// the entry; `prune(options)`, a `PruneReport`; `retention()`, a `Retention`, nothing where nothing was said and an
    /// empty text where it cannot be read; `setRetention(policy?)`.
    pub fn upkeep(&self, method: String, first: Option<String>, details: Option<String>) -> Promise {
        let database = self.database.clone();
        promise(async move { upkeep(&database, &method, first, details.as_deref().unwrap_or("{}")).await })
    }
}
