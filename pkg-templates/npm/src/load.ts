/** Loads the compiled module: once, lazily, from where the entry point of this host says. */

import { LodestoreError, toLodestoreError } from './errors.js';
import { unavailable } from './fault.js';
import { relaxedSimdWorks } from './relaxed-simd.js';
import init, { WasmStore } from './wasm/lodestore.js';
import type { WasmStoreClass } from './wasm-api.js';

/** Where the compiled module may come from. */
export type WasmSource = URL | Response | BufferSource | WebAssembly.Module;

/** What differs between hosts, handed over by the entry point. */
export interface Platform {
  /** Finds the .wasm file that came with the package. */
  source: () => WasmSource | Promise<WasmSource>;
  /** Finds its twin for engines with relaxed SIMD; absent where that cannot be chosen at run time. */
  relaxedSource?: () => WasmSource | Promise<WasmSource>;
  /** Finds the module that salvages; absent where modules must be there before they are asked for. */
  salvageSource?: () => WasmSource | Promise<WasmSource>;
  /** Starts the package's worker; absent where there are no dedicated workers with browser storage. */
  spawnWorker?: () => Worker;
}

let loaded: Promise<WasmStoreClass> | undefined;
let explicit: WebAssembly.Module | undefined;

/** The class that opens databases; loads the module when that has not happened. A failure can be tried again. */
export function wasm(platform: Platform, source?: WasmSource): Promise<WasmStoreClass> {
  loaded ??= instantiate(platform, source).catch((error: unknown) => {
    loaded = undefined;
    throw error;
  });
  return loaded;
}

/** The module given to `load`, for a worker to use too; undefined when the package's own file serves. */
export function explicitModule(): WebAssembly.Module | undefined {
  return explicit;
}

async function instantiate(platform: Platform, source: WasmSource | undefined): Promise<WasmStoreClass> {
  try {
    if (source !== undefined) {
      // Compiled here, because a worker can be handed a module but not a response.
      explicit = await compile(source);
      await init({ module_or_path: explicit });
    } else if (!(await initRelaxed(platform))) {
      await init({ module_or_path: await platform.source() });
    }
    return WasmStore;
  } catch (error) {
    if (error instanceof LodestoreError) throw error;
    const why = toLodestoreError(error).message;
    throw unavailable(
      `the WebAssembly module could not be loaded (${why}); serve the file "lodestore/lodestore.wasm" ` +
        'and pass its URL to load()',
    );
  }
}

/** Whether the build with relaxed SIMD now runs. Whatever speaks against it, there is the other one. */
async function initRelaxed({ relaxedSource }: Platform): Promise<boolean> {
  if (relaxedSource === undefined || !relaxedSimdWorks()) return false;
  try {
    await init({ module_or_path: await relaxedSource() });
    return true;
  } catch {
    // Not deployed, not cached for use without a network, or refused after all.
    return false;
  }
}

async function compile(source: WasmSource): Promise<WebAssembly.Module> {
  if (source instanceof WebAssembly.Module) return source;
  const response = source instanceof URL ? await fetch(source) : source;
  if (!(response instanceof Response)) return WebAssembly.compile(response);
  if (!response.ok) throw unavailable(`fetching the WebAssembly module answered ${response.status}`);
  return WebAssembly.compile(await response.arrayBuffer());
}
