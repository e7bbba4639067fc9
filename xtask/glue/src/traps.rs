//! What a failure within WebAssembly (out of memory, above all) does to those who wait.
//!
//! Futures are polled from microtasks, and nobody is there who could catch: the promise they belong to would never
//! settle, and Node would end. So the glue catches there and tells the facade. After that nothing is freed any more,
//! since what is to be freed may be half changed.

use std::path::Path;

const CALL: &str = "            return f(a, state.b, ...args);\n        } finally {";
const CAUGHT: &str = "            return f(a, state.b, ...args);\n        } catch (error) {\n            return fell(error);\n        } finally {";

const LISTENER: &str = r#"
let listener;

/** Has `tell` called when a call into the module that nobody waits for fails, which it does once. */
export function onTrap(tell) {
    listener = tell;
}

/** Frees nothing any more. */
export function leaveAsItIs() {
    const nothing = (name) => name.endsWith('_free') || name === '__wbindgen_destroy_closure';
    wasm = Object.fromEntries(Object.entries(wasm).map(([name, one]) => [name, nothing(name) ? () => {} : one]));
}

function fell(error) {
    if (listener === undefined) throw error;
    listener(error);
}
"#;

const TYPES: &str = r#"
/** Has `tell` called when a call into the module that nobody waits for fails, which it does once. */
export function onTrap(tell: (error: unknown) => void): void;

/** Frees nothing any more. */
export function leaveAsItIs(): void;
"#;

/// Adds that to the glue and its types.
pub fn catch(folder: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let (script, types) = (folder.join("lodestore.js"), folder.join("lodestore.d.ts"));
    let text = std::fs::read_to_string(&script)?;
    if text.matches(CALL).count() != 1 {
        return Err("the glue calls closures otherwise than it did: xtask/glue/src/traps.rs".into());
    }
    std::fs::write(&script, text.replace(CALL, CAUGHT) + LISTENER)?;
    let text = std::fs::read_to_string(&types)?;
    Ok(std::fs::write(&types, text + TYPES)?)
}
