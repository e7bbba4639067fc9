/**
 * Types of the generated glue, so that the facade compiles before (and without) the Rust build. Only what the
 * facade uses; the generated file takes this one's place in the package.
 */

import type { WasmStoreClass } from '../wasm-api.js';

export default function init(options: {
  module_or_path: WebAssembly.Module | BufferSource | Response | URL;
}): Promise<unknown>;

export function initSync(options: { module: WebAssembly.Module | BufferSource }): unknown;

export const WasmStore: WasmStoreClass;
