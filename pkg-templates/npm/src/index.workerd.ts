/**
 * Entry point for edge isolates, which take only modules that were compiled ahead of time. That leaves no choice at
 * run time: a module that the isolate cannot compile fails the whole deployment, and importing both would double
 * what is uploaded. So it is the build that every engine takes.
 */

import module from './wasm/lodestore_bg.wasm';
import more from './wasm/lodestore_more_bg.wasm';
import seal from './wasm/lodestore_seal_bg.wasm';
import { bind } from './entry.js';

export const { open, load } = /* @__PURE__ */ bind({
  source: () => module,
  moreSource: () => more,
  sealSource: () => seal,
});

export * from './api.js';
