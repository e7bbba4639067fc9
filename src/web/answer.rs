//! Whom a write answers.

use super::error::to_js;
use crate::error::Result;
use crate::store::Written;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// An object of the facade's, told once: `WasmAnswer` in `wasm-api.ts`. A promise made here, and its result as text,
    /// would take a sixth of what a write of one row takes besides its storage.
    pub type Answer;

    #[wasm_bindgen(method)]
    fn done(this: &Answer, count: f64, seq: f64);
    #[wasm_bindgen(method)]
    fn failed(this: &Answer, error: JsValue);
}

impl Answer {
    /// Tells how it ended.
    pub fn tell(&self, outcome: Result<Written>) {
        match outcome {
            Ok(Written { count, seq }) => self.done(count as f64, seq as f64),
            Err(cause) => self.failed(to_js(cause)),
        }
    }
}
