//! Results as promises.

use super::error::to_js;
use super::reply::text;
use crate::error::Result;
use js_sys::Promise;
use js_sys::futures::future_to_promise;
use serde::Serialize;
use wasm_bindgen::JsValue;

/// A promise of what `work` gives.
pub fn promise<T: Into<JsValue>>(work: impl Future<Output = Result<T>> + 'static) -> Promise {
    future_to_promise(async move { work.await.map(Into::into).map_err(to_js) })
}

/// A promise of what `work` gives, as JSON text.
pub fn promise_json<T: Serialize>(work: impl Future<Output = Result<T>> + 'static) -> Promise {
    promise(async move { work.await.and_then(|value| text(&value)).map(|json| JsValue::from(&json)) })
}
