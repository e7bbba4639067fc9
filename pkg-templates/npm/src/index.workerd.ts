/** Entry point for edge isolates, which take only modules that were compiled ahead of time. */

import module from './wasm/lodestore_bg.wasm';
import { bind } from './entry.js';

export const { open, load } = /* @__PURE__ */ bind({ source: () => module });

export * from './api.js';
