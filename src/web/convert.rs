//! Results as promises.

use super::error::to_js;
use crate::error::Result;
use crate::json::{ToJson, text};
use crate::room::ask;
use crate::storage::Source;
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

/// What crosses to JavaScript in one piece, unless one is longer by itself.
const TOGETHER_BYTES: usize = 3 << 19;

/// The next pieces of a source as one array: every piece that crosses costs its host a call to write it, and a turn of
/// its event loop.
pub async fn gathered(source: &mut impl Source) -> Result<Option<Uint8Array>> {
    let (mut pieces, mut length) = (Vec::new(), 0);
    while length < TOGETHER_BYTES
        && let Some(piece) = source.next().await?
    {
        length += piece.len();
        pieces.push(piece);
    }
    Ok(match pieces.as_slice() {
        [] => None,
        [one] => Some(Uint8Array::from(one.as_slice())),
        pieces => {
            let all = Uint8Array::new_with_length(length as u32);
            let mut at = 0;
            for piece in pieces {
                let end = at + piece.len() as u32;
                all.subarray(at, end).copy_from(piece);
                at = end;
            }
            Some(all)
        }
    })
}

/// Runs `work` beside everything else.
pub fn background(work: impl Future<Output = ()> + 'static) {
    fn start(work: Pin<Box<dyn Future<Output = ()>>>) {
        spawn_local(work);
    }
    start(Box::pin(work));
}
