/** Table of contents, and the choice of a storage by name. */

import { LodestoreError, toLodestoreError } from '../errors.js';
import type { Durability, StorageKind } from '../types.js';
import { deleteFiles, openFiles } from './files.js';
import { deleteIndexedDb, openIndexedDb } from './indexeddb.js';
import { openMemory } from './memory.js';
import { checkDatabaseName } from './names.js';
import { isNode } from './node.js';
import { deleteOpfs, openOpfs } from './opfs.js';
import type { OpenStorage } from './shell.js';

export { deleteFiles, type FilesOptions, openFiles } from './files.js';
export { deleteIndexedDb, type IndexedDbOptions, openIndexedDb } from './indexeddb.js';
export { claim, lockName, type Lock } from './lock.js';
export { type MemoryFiles, openMemory } from './memory.js';
export { deleteOpfs, openOpfs, type OpfsOptions } from './opfs.js';
export type { OpenStorage } from './shell.js';

export interface PickOptions {
  /** Default `'strict'`. */
  durability?: Durability | undefined;
  /** For `'files'`. Default `./.lodestore`. */
  directory?: string | undefined;
  /** The caller has the lock of a storage of browsers, and watches the page. */
  held?: boolean | undefined;
}

const KINDS: readonly string[] = ['auto', 'memory', 'indexeddb', 'opfs', 'files'];

/** Opens the storage of the database `name`. `'auto'` takes the most durable one that this context has. */
export async function pickStorage(
  kind: 'auto' | StorageKind,
  name: string,
  options: PickOptions = {},
): Promise<OpenStorage> {
  try {
    switch (resolve(kind, name)) {
      case 'memory':
        return await openMemory();
      case 'indexeddb':
        return await openIndexedDb(name, options);
      case 'opfs':
        return await openOpfs(name, options);
      case 'files':
        return await openFiles(name, options);
    }
  } catch (error) {
    throw toLodestoreError(error, `The database ${JSON.stringify(name)} cannot be opened`);
  }
}

/** Deletes everything of the database `name`; one that is not there is fine, one that is open is a `Conflict`. */
export async function deleteStorage(
  kind: 'auto' | StorageKind,
  name: string,
  options: PickOptions = {},
): Promise<void> {
  try {
    switch (resolve(kind, name)) {
      case 'memory':
        return;
      case 'indexeddb':
        return await deleteIndexedDb(name);
      case 'opfs':
        return await deleteOpfs(name);
      case 'files':
        return await deleteFiles(name, options);
    }
  } catch (error) {
    throw toLodestoreError(error, `The database ${JSON.stringify(name)} cannot be deleted`);
  }
}

/** Which storage a choice comes to here. */
export function resolve(kind: 'auto' | StorageKind, name: string): StorageKind {
  checkDatabaseName(name);
  if (!KINDS.includes(kind)) {
    throw new LodestoreError('Invalid', 'There is no such storage', {
      expected: KINDS.map((known) => `'${known}'`).join(', '),
      got: String(kind),
    });
  }
  return kind === 'auto' ? mostDurable() : kind;
}

/**
 * In browsers IndexedDB rather than OPFS: in power cuts it lost nothing that was acknowledged, while Chromium lost
 * new OPFS files.
 */
function mostDurable(): StorageKind {
  if (isNode()) return 'files';
  return globalThis.indexedDB === undefined ? 'memory' : 'indexeddb';
}
