/** Backups as records of an IndexedDB database. One that is being made is in memory until it is complete. */

import type { Incoming, KeptBackup, Shelf } from './shelf.js';

const NAME = 'dictionary-backups';
const STORE = 'backups';

interface Stored {
  about: KeptBackup;
  bytes: Blob;
}

export async function openRecords(): Promise<Shelf> {
  const request = indexedDB.open(NAME, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: 'about.archive' });
  return new Records(await answer(request));
}

class Records implements Shelf {
  readonly where = 'a database of this site in this browser (IndexedDB)';
  readonly #db: IDBDatabase;

  constructor(db: IDBDatabase) {
    this.#db = db;
  }

  async list(): Promise<KeptBackup[]> {
    const all = await answer<Stored[]>(this.#store('readonly').getAll());
    return all.map(({ about }) => about).sort((a, b) => a.madeMs - b.madeMs);
  }

  async bytesOf(archive: string): Promise<Blob> {
    const stored = await answer<Stored | undefined>(this.#store('readonly').get(archive));
    if (stored === undefined) throw new Error('This backup is not kept here any more.');
    return stored.bytes;
  }

  async put(_archive: string): Promise<Incoming> {
    let pieces: Uint8Array<ArrayBuffer>[] = [];
    return {
      write: async (piece) => void pieces.push(piece.slice()),
      done: async (about) => {
        await this.#change((store) => store.put({ about, bytes: new Blob(pieces) }));
      },
      abort: async () => void (pieces = []),
    };
  }

  async remove(archive: string): Promise<void> {
    await this.#change((store) => store.delete(archive));
  }

  /** Resolves when it is stored, which is later than when it is answered. */
  #change(change: (store: IDBObjectStore) => unknown): Promise<void> {
    const store = this.#store('readwrite');
    const { transaction } = store;
    change(store);
    return new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error);
    });
  }

  #store(mode: IDBTransactionMode): IDBObjectStore {
    return this.#db.transaction(STORE, mode).objectStore(STORE);
  }
}

function answer<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
