/** Loads the compiled module: once, lazily, from where the entry point of this host says. */

import { LodestoreError, toLodestoreError } from './errors.js';
import { unavailable } from './fault.js';
import { relaxedSimdWorks } from './relaxed-simd.js';
import init, { initSecond, verifyStart, WasmStore } from './wasm/lodestore.js';
import type { VerifyStart, WasmStoreClass } from './wasm-api.js';

/** Where the compiled module may come from. */
export type WasmSource = URL | Response | BufferSource | WebAssembly.Module;

/** What differs between hosts, handed over by the entry point. */
export interface Platform {
  /** Finds the .wasm file that came with the package. */
  source: () => WasmSource | Promise<WasmSource>;
  /** Finds its twin for engines with relaxed SIMD; absent where that cannot be chosen at run time. */
  relaxedSource?: () => WasmSource | Promise<WasmSource>;
  /** Finds the second part of the first, and of its twin. */
  moreSource: () => WasmSource | Promise<WasmSource>;
  relaxedMoreSource?: () => WasmSource | Promise<WasmSource>;
  /** Finds the file that derives keys, and compresses and encrypts where the host cannot. */
  sealSource: () => WasmSource | Promise<WasmSource>;
  /** Starts the package's worker; absent where there are no dedicated workers with browser storage. */
  spawnWorker?: () => Worker;
}

/** What `load` may be told. */
export interface LoadOptions {
  /** Loads the second part, too: from the package's own file, or from there. */
  more?: boolean | WasmSource;
  /** Loads what encrypted archives need, too: from the package's own file, or from there. */
  seal?: boolean | WasmSource;
}

/** Modules that were given to `load`, for a worker to use too; undefined where the package's own files serve. */
export interface ExplicitModules {
  first: WebAssembly.Module | undefined;
  more: WebAssembly.Module | undefined;
  seal: WebAssembly.Module | undefined;
}

let loaded: Promise<WasmStoreClass> | undefined;
const explicit: ExplicitModules = { first: undefined, more: undefined, seal: undefined };
let platformOf: Platform | undefined;
let isRelaxed = false;
let second: Promise<void> | undefined;
let hasSecond = false;
let sealing: Promise<WebAssembly.Module> | undefined;

/** The class that opens databases; loads the module when that has not happened. A failure can be tried again. */
export function wasm(platform: Platform, source?: WasmSource): Promise<WasmStoreClass> {
  platformOf = platform;
  loaded ??= instantiate(platform, source).catch((error: unknown) => {
    loaded = undefined;
    throw error;
  });
  return loaded;
}

/** What is needed without a database: of a context whose engine runs in a worker, too. */
export function usePlatform(platform: Platform): void {
  platformOf ??= platform;
}

/** Starts a worker for what would make a page stand still; undefined where there is no page, or are no such workers. */
export function helperWorker(): (() => Worker) | undefined {
  return typeof document === 'undefined' || typeof Worker !== 'function'
    ? undefined
    : platformOf?.spawnWorker;
}

/** Verifies archives, with all that it takes loaded. */
export async function verifier(): Promise<VerifyStart> {
  if (platformOf === undefined)
    throw unavailable('the WebAssembly module is not loaded: open a database, or call load()');
  await wasm(platformOf);
  await loadMore();
  return verifyStart as VerifyStart;
}

/** As they were given so far. */
export function explicitModules(): ExplicitModules {
  return { ...explicit };
}

/** Whether the second part is there, so that `loadMore` need not be waited for. */
export function hasMore(): boolean {
  return hasSecond;
}

/** Loads the second part of the module that is loaded, when that has not happened. A failure can be tried again. */
export function loadMore(source?: WasmSource): Promise<void> {
  second ??= instantiateMore(source).catch((error: unknown) => {
    second = undefined;
    throw error;
  });
  return second;
}

/** Compiles what is neither of the two parts, when that has not happened. A failure can be tried again. */
export function sealModule(source?: WasmSource): Promise<WebAssembly.Module> {
  sealing ??= compileSeal(source).catch((error: unknown) => {
    sealing = undefined;
    throw error;
  });
  return sealing;
}

async function compileSeal(source: WasmSource | undefined): Promise<WebAssembly.Module> {
  try {
    if (source !== undefined) return (explicit.seal = await compile(source));
    if (platformOf === undefined) throw unavailable('"lodestore" itself was not imported, which knows where');
    return await compile(await platformOf.sealSource());
  } catch (error) {
    throw unavailable(
      'the WebAssembly module that derives keys from passphrases, and compresses and encrypts where the host cannot, could ' +
        `not be loaded (${toLodestoreError(error).message}); serve "lodestore/lodestore-seal.wasm" of the same version, or ` +
        'pass one to load(source, { seal })',
    );
  }
}

async function instantiateMore(source: WasmSource | undefined): Promise<void> {
  try {
    if (source !== undefined) explicit.more = await compile(source);
    for (const module of moreModules()) {
      hasSecond = await initSecond(await module());
      if (hasSecond) return;
    }
    throw unavailable('it is of another build');
  } catch (error) {
    throw unavailable(
      'the second part of the WebAssembly module, which checks, exports, imports, rebuilds and salvages, could not be ' +
        `loaded (${toLodestoreError(error).message}); serve "lodestore/lodestore-more.wasm" and ` +
        '"lodestore/lodestore-relaxed-more.wasm" of the same version, or pass one to load(source, { more })',
    );
  }
}

/** Where it may be: which of the package's own files fits is not known of a module that was given to `load`. */
function moreModules(): (() => Promise<WebAssembly.Module>)[] {
  const { more } = explicit;
  if (more !== undefined) return [() => Promise.resolve(more)];
  const sources = [platformOf?.moreSource, platformOf?.relaxedMoreSource];
  if (isRelaxed) sources.reverse();
  const some = sources.filter((source) => source !== undefined);
  return some.map((source) => async () => compile(await source()));
}

async function instantiate(platform: Platform, source: WasmSource | undefined): Promise<WasmStoreClass> {
  try {
    if (source !== undefined) {
      // Compiled here, because a worker can be handed a module but not a response.
      explicit.first = await compile(source);
      await init({ module_or_path: explicit.first });
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
    isRelaxed = true;
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
