/** Objects in memory: for tests. */

import type { ObjectInfo, ObjectStore } from './object-store.js';

/** What is in it can be looked at, and damaged, through `objects`. */
export interface MemoryStore extends ObjectStore {
  readonly objects: Map<string, { bytes: Uint8Array; modified: Date }>;
}

/** A store that forgets everything with the page or process. */
export function memoryStore(): MemoryStore {
  const objects: MemoryStore['objects'] = new Map();
  return {
    objects,
    put: async (key, bytes) => void objects.set(key, { bytes: bytes.slice(), modified: new Date() }),
    get: async (key) => objects.get(key)?.bytes.slice(),
    list: async (prefix) =>
      Array.from(objects, ([key, { bytes, modified }]): ObjectInfo => ({
        key,
        size: bytes.length,
        modified,
      })).filter(({ key }) => key.startsWith(prefix)),
    delete: async (key) => void objects.delete(key),
  };
}
