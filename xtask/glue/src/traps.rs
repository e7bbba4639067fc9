//! What a failure within WebAssembly (out of memory, above all) does to those who wait.
//!
//! Futures are polled from microtasks, and nobody is there who could catch: the promise they belong to would never
//! settle, and Node would end. So the glue catches there and tells the facade. After that nothing is freed any more,
//! since what is to be freed may be half changed.
//!
//! And how the second part of the module (see `split`) is loaded.

use std::path::Path;

use crate::split;

const CALL: &str = "            return f(a, state.b, ...args);\n        } finally {";
const CAUGHT: &str = "            return f(a, state.b, ...args);\n        } catch (error) {\n            return fell(error);\n        } finally {";

/// How the futures of the module get their next turn.
const TURN: &str = "            queueMicrotask(arg0);";
/// The same turn, for half of the time in Chromium (3 us and not 6), where that function is one of the browser's and not of the language.
const QUICK_TURN: &str = "            settled.then(arg0);";

const LISTENER: &str = r#"
const settled = Promise.resolve();
let listener;
let second;

/** Has `tell` called when a call into the module that nobody waits for fails, which it does once. */
export function onTrap(tell) {
    listener = tell;
}

/** Frees nothing any more. */
export function leaveAsItIs() {
    const nothing = (name) => name.endsWith('_free') || name === '__wbindgen_destroy_closure';
    const left = ([name, one]) => [name, nothing(name) ? () => {} : one];
    wasm = Object.fromEntries(Object.entries(wasm).map(left));
    if (second !== undefined) second = Object.fromEntries(Object.entries(second).map(left));
}

function fell(error) {
    if (listener === undefined) throw error;
    listener(error);
}
"#;

const SECOND: &str = r#"
/** What belongs together has the same text here. */
function twin(module) {
    return WebAssembly.Module.customSections(module, 'TWIN').map((bytes) => String(new Uint8Array(bytes))).join();
}

/**
 * Loads the second part: a compiled module, which has to be of the same build. Answers whether it is; then what it exports
 * can be called.
 */
export async function initSecond(module) {
    if (second !== undefined) return true;
    if (twin(module) !== twin(wasmModule)) return false;
    const instance = await WebAssembly.instantiate(module, { ...__wbg_get_imports(), FIRST: wasm });
    second ??= instance.exports;
    return true;
}
"#;

const TYPES: &str = r#"
/**
 * Loads the second part: a compiled module, which has to be of the same build. Answers whether it is; then what it exports
 * can be called.
 */
export function initSecond(module: WebAssembly.Module): Promise<boolean>;

/** Has `tell` called when a call into the module that nobody waits for fails, which it does once. */
export function onTrap(tell: (error: unknown) => void): void;

/** Frees nothing any more. */
export function leaveAsItIs(): void;
"#;

/// Adds that to the glue and its types. These are exported by the second part.
pub fn catch(folder: &Path, second: &[String]) -> Result<(), Box<dyn std::error::Error>> {
    let (script, types) = (folder.join("lodestore.js"), folder.join("lodestore.d.ts"));
    let text = std::fs::read_to_string(&script)?;
    if text.matches(CALL).count() != 1 {
        return Err("the glue calls closures otherwise than it did: xtask/glue/src/traps.rs".into());
    }
    if text.matches(TURN).count() != 1 {
        return Err(
            "the glue queues what is to run next otherwise than it did: xtask/glue/src/traps.rs".into()
        );
    }
    let mut text = text.replace(CALL, CAUGHT).replace(TURN, QUICK_TURN);
    for name in second {
        // Followed by what is no part of a name.
        text = text.replace(&format!("wasm.{name}("), &format!("second.{name}("));
    }
    let loading = SECOND.replace("TWIN", split::TWIN).replace("FIRST", split::FIRST);
    std::fs::write(&script, text + LISTENER + &loading)?;
    let text = std::fs::read_to_string(&types)?;
    Ok(std::fs::write(&types, text + TYPES)?)
}
