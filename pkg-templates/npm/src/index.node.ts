/** Entry point for Node, Deno and Bun. */

import { readFile } from 'node:fs/promises';
import { bind } from './entry.js';
import { relaxedUrl, wasmUrl } from './wasm-url.js';

export const { open, load } = /* @__PURE__ */ bind({
  source: () => readFile(wasmUrl()),
  relaxedSource: () => readFile(relaxedUrl()),
});

export * from './api.js';
