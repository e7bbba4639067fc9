/** Entry point for browsers and their bundlers; its types and comments serve every host. */

import type { Database } from './database.js';
import type { LoadOptions, WasmSource } from './load.js';
import type { OpenOptions } from './types.js';
import { bind } from './entry.js';
import { moreUrl, relaxedMoreUrl, relaxedUrl, sealUrl, wasmUrl } from './wasm-url.js';

const entry = /* @__PURE__ */ bind({
  source: wasmUrl,
  relaxedSource: relaxedUrl,
  moreSource: moreUrl,
  relaxedMoreSource: relaxedMoreUrl,
  sealSource: sealUrl,
  // The URL must stand here literally: this is the form in which bundlers find the worker.
  spawnWorker: () => new Worker(new URL('./worker.js', import.meta.url), { type: 'module' }),
});

/**
 * Opens the database `name`, or makes it. Every opening reconciles what is stored: see `openReport`.
 *
 * @param name 1 to 128 bytes of UTF-8.
 * @param options see `OpenOptions`. With a `signal`, giving up rejects with its reason and closes what opens late.
 * @throws LodestoreError `Invalid` for a wrong option, `Conflict` when it is open where it cannot be shared, `Corrupt`
 *   when stored bytes are damaged, `Version` when a newer Lodestore wrote them, `Quota` or `Unavailable` from the storage.
 */
export function open(name: string, options?: OpenOptions): Promise<Database> {
  return entry.open(name, options);
}

/**
 * Loads the WebAssembly module ahead of the first `open`, or from another place than the package's own file:
 * a URL, a `fetch` response, bytes, or a compiled module. Without a source there is no need to call it. Once
 * the module is loaded, a further call does nothing.
 *
 * What `check`, `export`, `import`, `rebuild` with an `embed`, salvage and what is kept aside need is a second file, which
 * is loaded when one of them is called first: with `{ more: true }` now, or from the place that `more` says. What archives with
 * a passphrase need, and encrypted or compressed ones where the host itself cannot do it, is a third: `seal` likewise.
 *
 * @throws LodestoreError `Unavailable` when the module cannot be fetched or compiled. It may be called again.
 */
export function load(source?: WasmSource, options?: LoadOptions): Promise<void> {
  return entry.load(source, options);
}

export * from './api.js';
