/** What every entry point exports, bound to its platform. No global state: bundlers may drop what is unused. */

import type { Database } from './database.js';
import {
  type LoadOptions,
  loadMore,
  type Platform,
  sealModule,
  usePlatform,
  wasm,
  type WasmSource,
} from './load.js';
import { openOn } from './open.js';
import type { OpenOptions } from './types.js';

/** The functions that depend on the host. */
export interface Entry {
  open(name: string, options?: OpenOptions): Promise<Database>;
  load(source?: WasmSource, options?: LoadOptions): Promise<void>;
}

/** Binds the functions to `platform`, which is known from then on: stores of archives are read before a database is opened. */
export function bind(platform: Platform): Entry {
  usePlatform(platform);
  return {
    open: (name, options) => openOn(platform, name, options),
    load: async (source, { more, seal } = {}) => {
      await wasm(platform, source);
      if (more !== undefined && more !== false) await loadMore(more === true ? undefined : more);
      if (seal !== undefined && seal !== false) await sealModule(seal === true ? undefined : seal);
    },
  };
}
