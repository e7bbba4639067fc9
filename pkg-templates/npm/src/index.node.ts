/** Entry point for Node, Deno and Bun. */

import { readFile } from 'node:fs/promises';
import { bind } from './entry.js';
import { moreUrl, relaxedMoreUrl, relaxedUrl, sealUrl, wasmUrl } from './wasm-url.js';

export const { open, load } = /* @__PURE__ */ bind({
  source: () => readFile(wasmUrl()),
  relaxedSource: () => readFile(relaxedUrl()),
  moreSource: () => readFile(moreUrl()),
  relaxedMoreSource: () => readFile(relaxedMoreUrl()),
  sealSource: () => readFile(sealUrl()),
});

export * from './api.js';
