/** Entry point for Node, Deno and Bun. */

import { readFile } from 'node:fs/promises';
import { bind } from './entry.js';
import { relaxedUrl, salvageUrl, wasmUrl } from './wasm-url.js';

export const { open, load } = /* @__PURE__ */ bind({
  source: () => readFile(wasmUrl()),
  relaxedSource: () => readFile(relaxedUrl()),
  salvageSource: () => readFile(salvageUrl()),
});

export * from './api.js';
