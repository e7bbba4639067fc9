/** Deleting a database that is not open. */

import { toLodestoreError } from './errors.js';
import { isStorage } from './open.js';
import { claim, deleteStorage, lockName, resolve } from './storage/index.js';
import type { OpenOptions } from './types.js';
import { checkName, checkOptions, isString } from './validate.js';
import { Witness } from './witness.js';

/** Where the database is: the same as it was opened with. */
export type DeleteOptions = Pick<OpenOptions, 'storage' | 'directory'>;

/**
 * Deletes the database `name` with everything in it. One that does not exist is fine. There is no way back.
 *
 * @throws LodestoreError `Conflict` when it is open; `Unavailable` from the storage.
 */
export async function deleteDatabase(name: string, options: DeleteOptions = {}): Promise<void> {
  checkName('deleteDatabase', name);
  checkOptions('deleteDatabase', options, { storage: isStorage, directory: isString });
  const { storage = 'auto', directory } = options;
  try {
    if (typeof storage === 'object') {
      const lock = claim(storage, 'The storage object');
      try {
        for (const file of await storage.list()) await storage.remove(file.name);
      } finally {
        await lock.release();
      }
    } else {
      await deleteStorage(storage, name, directory === undefined ? {} : { directory });
      new Witness(lockName(resolve(storage, name), name)).forget();
    }
  } catch (error) {
    throw toLodestoreError(error);
  }
}
