/** What stands in IndexedDB beside files: turns, and how long the file is that was appended to last. */

import { deleteStorage, pickStorage } from '../../../pkg-templates/npm/src/storage/index.js';
import { assert, freshName, pattern, pieces, same, sameBytes } from '../check.js';

/** As it was written when a turn was the name of its owner, and the entry of a file had its length. */
export async function olderSchema(): Promise<void> {
  const name = freshName('older');
  const db = await new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(`lodestore:${name}`, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore('files').put({ id: 7, length: 30 }, 'log');
      const chunks = request.result.createObjectStore('chunks');
      chunks.put(pattern(20, 1), [7, 0]);
      chunks.put(pattern(10, 2), [7, 20]);
      for (const turn of [1, 2, 5]) chunks.put('owner', [Number.MAX_SAFE_INTEGER, turn]);
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  db.close();
  const s = await pickStorage('indexeddb', name);
  same(await s.list(), [{ name: 'log', length: 30 }], 'files');
  await s.append('log', 30, pattern(5, 3));
  await s.close();
  const again = await pickStorage('indexeddb', name);
  same(await again.list(), [{ name: 'log', length: 35 }], 'files after an append');
  sameBytes(await again.read('log', 20, 35), new Uint8Array([...pattern(10, 2), ...pattern(5, 3)]), 'bytes');
  await again.close();
  await deleteStorage('indexeddb', name);
}

export async function manyTurns(): Promise<void> {
  const name = freshName('turns');
  const s = await pickStorage('indexeddb', name);
  await s.create('log', pieces());
  await s.create('other', pieces(pattern(3, 1)));
  for (let i = 0; i < 150; i += 1)
    await s.append(i % 50 === 49 ? 'other' : 'log', await lengthOf(s, i), pattern(2, i));
  const turns = async () => {
    const keys = (await raw(name, (chunks) => chunks.getAllKeys())) as [number, number][];
    return keys.filter(([id]) => id === Number.MAX_SAFE_INTEGER).length;
  };
  assert((await turns()) < 50, `${await turns()} turns`);
  const files = [
    { name: 'log', length: 2 * 147 },
    { name: 'other', length: 3 + 2 * 3 },
  ];
  same(await s.list(), files, 'files');
  // Whoever wrote last is gone without a word.
  const next = await pickStorage('indexeddb', name, { held: true });
  same(await next.list(), files, 'files for the next one');
  assert((await turns()) < 5, `${await turns()} turns after another opening`);
  await next.remove('log');
  same(await next.list(), files.slice(1), 'one removed');
  await next.create('log', pieces(pattern(1, 1)));
  same(await next.list(), [{ name: 'log', length: 1 }, ...files.slice(1)], 'and made anew');
  await next.close();
  await s.close();
  await deleteStorage('indexeddb', name);
}

async function lengthOf(
  s: { list(): Promise<{ name: string; length: number }[]> },
  i: number,
): Promise<number> {
  const files = await s.list();
  return files.find(({ name }) => name === (i % 50 === 49 ? 'other' : 'log'))?.length ?? -1;
}

/** One request on the chunks of a database, by whoever comes along. */
export async function raw<T>(name: string, body: (chunks: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const db = await new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(`lodestore:${name}`);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const tx = db.transaction('chunks', 'readwrite');
  const request = body(tx.objectStore('chunks'));
  await new Promise((resolve, reject) => {
    tx.oncomplete = resolve;
    tx.onabort = reject;
  });
  db.close();
  return request.result;
}
