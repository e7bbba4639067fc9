// The bare IndexedDB: one strict transaction that puts one Uint8Array; getAll over values of 1 MiB.

const NAME = 'raw';
const STORE = 'bytes';
const VALUE_BYTES = 1 << 20;

function result(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function connect() {
  const request = indexedDB.open(NAME, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE);
  return result(request);
}

function put(db, key, value) {
  return new Promise((resolve, reject) => {
    const tx = db.transaction(STORE, 'readwrite', { durability: 'strict' });
    tx.objectStore(STORE).put(value, key);
    tx.oncomplete = resolve;
    tx.onabort = () => reject(tx.error);
  });
}

const clear = () => result(indexedDB.deleteDatabase(NAME));

export const rawIndexedDb = {
  async write(appends) {
    const db = await connect();
    const start = performance.now();
    for (const [i, bytes] of appends.entries()) await put(db, ['log', i], bytes);
    const ms = performance.now() - start;
    db.close();
    await clear();
    return ms;
  },

  /** The same, one at a time. */
  async appender() {
    const db = await connect();
    let at = 0;
    return {
      append: (bytes) => put(db, ['single', (at += 1)], bytes),
      async close() {
        db.close();
        await clear();
      },
    };
  },

  async put(files) {
    const db = await connect();
    for (const { name, bytes } of files) {
      for (let at = 0; at < bytes.length; at += VALUE_BYTES) {
        await put(db, [name, at], bytes.slice(at, at + VALUE_BYTES));
      }
    }
    db.close();
  },

  async read() {
    const db = await connect();
    const values = await result(db.transaction(STORE).objectStore(STORE).getAll());
    db.close();
    return values.reduce((sum, value) => sum + value.length, 0);
  },

  clear,
};
