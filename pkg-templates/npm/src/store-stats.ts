/** What a store says of itself, and what its host adds. */

import type { StorageHost } from './host.js';
import type { Stats } from './types.js';
import type { WasmStore } from './wasm-api.js';

/** What the store itself is not told. */
export type Known = Pick<Stats, 'name' | 'storage' | 'durability' | 'role'>;

/** JSON `Stats`. */
export async function statsOf(store: WasmStore, host: StorageHost, known: Known): Promise<string> {
  // Asked for first: when the answer comes the store may have been closed and freed.
  const here = { memoryBytes: store.memoryBytes(), build: store.build() as Stats['build'] };
  const stored = JSON.parse(await store.stats()) as Omit<Stats, keyof Known | keyof typeof here>;
  const roomBytes = await host.room();
  // Whether it persists is for the context to say that asks.
  const stats: Stats = {
    ...known,
    ...stored,
    ...here,
    ...(roomBytes !== undefined && { roomBytes }),
    persisted: 'unknown',
  };
  return JSON.stringify(stats);
}
