//! Errors across the boundary, both ways.

use crate::error::{Error, Kind};
use js_sys::Reflect;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = console, js_name = error)]
    fn console_error(text: &str);
}

/// A JavaScript `Error` with `code`, `expected` and `got`.
pub fn to_js(error: Error) -> JsValue {
    let value: JsValue = js_sys::Error::new(&error.message).into();
    let set = |key: &str, text: &str| drop(Reflect::set(&value, &key.into(), &text.into()));
    set("code", error.kind.name());
    if let Some(pair) = &error.pair {
        set("expected", &pair.0);
        set("got", &pair.1);
    }
    value
}

/// What a storage object or a stream threw. Without one of our codes it is `Unavailable`.
pub fn from_js(value: JsValue) -> Error {
    let text = |key: &str| Reflect::get(&value, &key.into()).ok().and_then(|field| field.as_string());
    let kind = text("code").and_then(|code| Kind::from_name(&code)).unwrap_or(Kind::Unavailable);
    let message =
        text("message").or_else(|| value.as_string()).unwrap_or_else(|| "the host failed".to_owned());
    let error = Error::new(kind, message);
    match (text("expected"), text("got")) {
        (Some(expected), Some(got)) => error.with(expected, got),
        _ => error,
    }
}

/// Keeps the message of a panic, which would otherwise be the bare word "unreachable".
pub fn report_panics() {
    std::panic::set_hook(Box::new(|info| console_error(&format!("lodestore: internal error: {info}"))));
}
