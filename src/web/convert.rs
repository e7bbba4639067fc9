//! Results as promises.

use super::error::to_js;
use crate::error::Result;
use crate::json::{ToJson, text};
use crate::room::ask;
use js_sys::futures::{future_to_promise, spawn_local};
use js_sys::{Float32Array, Promise, Uint8Array};
use std::pin::Pin;
use wasm_bindgen::JsValue;

/// Boxed, so that the machinery of promises is in the wasm once and not once for each method.
type Work = Pin<Box<dyn Future<Output = Result<JsValue>>>>;

fn start(work: Work) -> Promise {
    future_to_promise(async move { work.await.map_err(to_js) })
}

/// A promise of what `work` gives.
pub fn promise(work: impl Future<Output = Result<JsValue>> + 'static) -> Promise {
    start(Box::pin(work))
}

/// As JSON text.
pub fn json(value: &dyn ToJson) -> JsValue {
    JsValue::from(&text(value))
}

/// The numbers of an array. `Quota` where there is no memory for them.
pub fn floats(array: &Float32Array) -> Result<Vec<f32>> {
    ask(array.length() as usize * size_of::<f32>())?;
    Ok(array.to_vec())
}

/// The bytes of an array. `Quota` where there is no memory for them.
pub fn bytes(array: &Uint8Array) -> Result<Vec<u8>> {
    ask(array.length() as usize)?;
    Ok(array.to_vec())
}

/// Runs `work` beside everything else.
pub fn background(work: impl Future<Output = ()> + 'static) {
    fn start(work: Pin<Box<dyn Future<Output = ()>>>) {
        spawn_local(work);
    }
    start(Box::pin(work));
}
