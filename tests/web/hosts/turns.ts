/** What stands in IndexedDB beside files: turns, and how long the file is that was appended to last. */

import {
  deleteStorage,
  type OpenStorage,
  pickStorage,
} from '../../../pkg-templates/npm/src/storage/index.js';
import { assert, equal, freshName, pattern, pieces, rejects, same, sameBytes } from '../check.js';

/** As it was written when a turn was the name of its owner, and the entry of a file had its length. */
export function schema1(): Promise<void> {
  return older(1, 30, () => 'owner');
}

/** As it was written when a turn said how long a file is, and its bytes were all in chunks. */
export function schema2(): Promise<void> {
  const tail = { name: 'log', id: 7, length: 30 };
  return older(2, 20, (turn) => ({ owner: 'it', claim: 1, ...(turn === 5 && { tail }) }));
}

async function older(schema: number, length: number, says: (turn: number) => unknown): Promise<void> {
  const name = freshName('older');
  const db = await new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(`lodestore:${name}`, schema);
    request.onupgradeneeded = () => {
      request.result.createObjectStore('files').put({ id: 7, length }, 'log');
      const chunks = request.result.createObjectStore('chunks');
      chunks.put(pattern(20, 1), [7, 0]);
      chunks.put(pattern(10, 2), [7, 20]);
      for (const turn of [1, 2, 5]) chunks.put(says(turn), [Number.MAX_SAFE_INTEGER, turn]);
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

/** The bytes that turns have are not there twice, nor for long; without one of them the file is damaged. */
export async function carried(): Promise<void> {
  const name = freshName('carried');
  const s = await pickStorage('indexeddb', name, { held: true });
  await s.create('log', pieces(pattern(10, 0)));
  for (let i = 0; i < 100; i += 1) await s.append('log', 10 + 5 * i, pattern(5, i));
  const values = async () => (await raw(name, (chunks) => chunks.getAll())) as unknown[];
  const lengths = (await values()).map((value) =>
    value instanceof Uint8Array ? value.length : ((value as { bytes?: Uint8Array }).bytes?.length ?? 0),
  );
  equal(
    lengths.reduce((sum, length) => sum + length, 0),
    510,
    'bytes stored',
  );
  assert(lengths.filter((length) => length === 5).length <= 33, 'some in turns');
  const all = await s.read('log', 0, 510);
  // Whoever wrote last is gone without a word, and a turn with it.
  const keys = (await raw(name, (chunks) => chunks.getAllKeys())) as [number, number][];
  const middle = keys.at(-2) as [number, number];
  const kept = await raw(name, (chunks) => chunks.get(middle) as IDBRequest<unknown>);
  await raw(name, (chunks) => chunks.delete(middle) as IDBRequest<unknown>);
  await rejects('Corrupt', s.read('log', 0, 510), 'without the turn before the last');
  sameBytes(await s.read('log', 505, 510), pattern(5, 99), 'the last');
  await raw(name, (chunks) => chunks.put(kept, middle) as IDBRequest<unknown>);
  const next = await withoutRoom(() => pickStorage('indexeddb', name, { held: true }));
  sameBytes(await next.read('log', 0, 510), all, 'for the next one, without room for a turn');
  await next.append('log', 510, pattern(5, 100));
  sameBytes(
    await next.read('log', 500, 515),
    new Uint8Array([...all.slice(500), ...pattern(5, 100)]),
    'with',
  );
  await next.close();
  const last = await pickStorage('indexeddb', name);
  sameBytes(await last.read('log', 0, 510), all, 'for the one after it');
  assert(
    (await values()).every((value) => (value as { bytes?: unknown }).bytes === undefined),
    'all in chunks',
  );
  await last.close();
  await s.close();
  await deleteStorage('indexeddb', name);
}

/** Runs `body` while nothing can be added. */
async function withoutRoom<T>(body: () => Promise<T>): Promise<T> {
  const original = IDBObjectStore.prototype.add;
  IDBObjectStore.prototype.add = () => {
    throw new DOMException('no room', 'QuotaExceededError');
  };
  try {
    return await body();
  } finally {
    IDBObjectStore.prototype.add = original;
  }
}

/** Everything a storage does, at random, beside a map; with new owners and lost connections in between. */
export async function modelled(
  losing: (body: () => Promise<unknown>, end: 'aborted' | 'committed') => Promise<unknown>,
): Promise<void> {
  const name = freshName('model');
  let seed = 7;
  const under = (n: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return Math.floor((seed / 2 ** 32) * n);
  };
  const files = new Map<string, Uint8Array>();
  const left: OpenStorage[] = [];
  let s = await pickStorage('indexeddb', name, { held: true });
  for (let step = 0; step < 600; step += 1) {
    const file = `f${under(3)}`;
    const bytes = files.get(file);
    const what = under(40);
    let change: (() => Promise<unknown>) | undefined;
    if (bytes === undefined) {
      const fresh = pattern(under(50), step);
      change = () => s.create(file, pieces(fresh));
      files.set(file, fresh);
    } else if (what === 0) {
      change = () => s.remove(file);
      files.delete(file);
    } else if (what < 34) {
      // Most go to one file, as in a log; some are too long for a turn.
      const most = what < 26 ? 'f0' : file;
      const before = files.get(most) ?? bytes;
      const target = files.has(most) ? most : file;
      const more = pattern(1 + under(what % 4 === 0 ? 40_000 : 3000), step);
      change = () => s.append(target, before.length, more);
      files.set(target, new Uint8Array([...before, ...more]));
    } else if (what < 36) {
      left.push(s);
      if (what === 34) await s.close();
      s = await pickStorage('indexeddb', name, { held: true });
    }
    const fate = under(8);
    if (change !== undefined) {
      await (fate < 2 ? losing(change, fate === 0 ? 'aborted' : 'committed') : change());
    }
    const found = files.get(file);
    if (found === undefined || step % 3 > 0) continue;
    const [one, other] = [under(found.length + 1), under(found.length + 1)];
    const [start, end] = [Math.min(one, other), Math.max(one, other)];
    sameBytes(await s.read(file, start, end), found.slice(start, end), `${file}, step ${step}`);
    const listed = [...files].map(([key, value]) => ({ name: key, length: value.length }));
    same(
      await s.list(),
      listed.sort((a, b) => (a.name < b.name ? -1 : 1)),
      `files, step ${step}`,
    );
  }
  for (const [file, bytes] of files) sameBytes(await s.read(file, 0, bytes.length), bytes, file);
  for (const gone of left) await gone.close();
  await s.close();
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
