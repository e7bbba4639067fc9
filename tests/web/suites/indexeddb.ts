/** What happens to IndexedDB in real browsers: no room, connections lost, other pages, newer schemas, hidden pages. */

import {
  deleteStorage,
  type OpenStorage,
  pickStorage,
} from '../../../pkg-templates/npm/src/storage/index.js';
import {
  assert,
  type Case,
  type Driver,
  equal,
  freshName,
  pattern,
  pieces,
  rejects,
  same,
  sameBytes,
  type Suite,
} from '../check.js';
import { carried, manyTurns, modelled, raw, schema1, schema2 } from '../hosts/turns.js';

const MIB = 1 << 20;

const suite: Suite = {
  contexts: ['window'],
  cases(_, driver): Case[] {
    return [
      {
        name: 'without room writes say Quota, change nothing, and reads go on',
        needsChromium: true,
        run: () => quota(driver),
      },
      { name: 'a connection that was closed is opened again by every verb', run: reopens },
      {
        name: 'a connection lost inside a change: whether it was made is looked up, and if not it is made',
        run: lostInside,
      },
      { name: 'another page may upgrade: the newer schema is a Version error', run: newerSchema },
      { name: 'a database of schema 1 opens and is written on', run: schema1 },
      { name: 'so does one of schema 2', run: schema2 },
      { name: 'what turns carry is there once, and missed where it is gone', run: carried },
      {
        name: 'files are what they are in a model: new owners, lost connections',
        run: () => modelled((body, end) => losing('readwrite', body, end)),
      },
      {
        name: 'many appends: their turns are deleted by and by, and whoever opens next knows the length',
        run: manyTurns,
      },
      { name: 'a database deleted under us is Evicted, not empty', run: deleted },
      {
        name: 'data cleared by the browser is Evicted, not empty',
        needsChromium: true,
        run: () => cleared(driver),
      },
      { name: 'chunks that no file leads to are swept at the next open', run: orphans },
      { name: 'who was overtaken changes nothing any more', run: overtaken },
      { name: 'a view of a large memory stores only its own bytes', run: views },
      { name: 'a damaged chunk is Corrupt, never zeros', run: damaged },
      { name: 'relaxed stores no value that Chromium would put into a file of its own', run: small },
      {
        name: 'a page in the back/forward cache lets go, and is Closed when it comes back',
        needsChromium: true,
        run: () => hidden(driver),
      },
      { name: "'auto' is IndexedDB here, and the others say what to do", run: choice },
    ];
  },
};
export default suite;

async function withStorage(body: (storage: OpenStorage, name: string) => Promise<void>): Promise<void> {
  const name = freshName('idb');
  const storage = await pickStorage('indexeddb', name);
  await body(storage, name);
  await storage.close();
  await deleteStorage('indexeddb', name);
}

/**
 * Comes first: Chromium asks for the quota when the origin first uses IndexedDB and trusts the answer for a while, so
 * it would not notice one that shrinks later.
 */
async function quota(driver: Driver): Promise<void> {
  await driver('quota', 4 * MIB);
  await withStorage(async (s) => {
    const kept = pattern(100_000, 1);
    await s.create('f', pieces(kept));
    await rejects('Quota', s.append('f', kept.length, pattern(8 * MIB, 2)), 'append');
    await rejects('Quota', s.create('g', pieces(pattern(8 * MIB, 3))), 'create');
    same(await s.list(), [{ name: 'f', length: kept.length }], 'list');
    sameBytes(await s.read('f', 0, kept.length), kept, 'reads');
    await driver('quota');
    await s.append('f', kept.length, pattern(8 * MIB, 4));
    const end = kept.length + 8 * MIB;
    sameBytes(await s.read('f', end - 10, end), pattern(8 * MIB, 4).slice(-10), 'with room again');
  });
}

/** Runs `body` with the connection that the adapter uses for its next transaction handed to `meddle` first. */
async function meddling<T>(meddle: (db: IDBDatabase) => void, body: () => Promise<T>): Promise<T> {
  const original = IDBDatabase.prototype.transaction;
  let once = true;
  IDBDatabase.prototype.transaction = function (...args) {
    if (!once) return original.apply(this, args);
    once = false;
    meddle(this);
    return original.apply(this, args);
  };
  try {
    return await body();
  } finally {
    IDBDatabase.prototype.transaction = original;
    assert(!once, 'the meddling took place');
  }
}

const reopens = (): Promise<void> =>
  withStorage(async (s) => {
    const close = (db: IDBDatabase): void => db.close();
    await s.create('f', pieces(pattern(10, 1)));
    await meddling(close, () => s.list());
    await meddling(close, () => s.append('f', 10, pattern(10, 2)));
    sameBytes(await meddling(close, () => s.read('f', 10, 20)), pattern(10, 2), 'read');
    await meddling(close, () => s.create('g', pieces(pattern(10, 3))));
    await meddling(close, () => s.remove('f'));
    same(await s.list(), [{ name: 'g', length: 10 }], 'list');
  });

/**
 * Runs `body` while the next transaction of the kind aborts as it does when the browser drops the connection; or, when
 * it is `committed`, nobody hears of it.
 */
async function losing<T>(
  mode: IDBTransactionMode,
  body: () => Promise<T>,
  end: 'aborted' | 'committed' = 'aborted',
): Promise<T> {
  const original = IDBDatabase.prototype.transaction;
  let once = true;
  IDBDatabase.prototype.transaction = function (...args) {
    const tx = original.apply(this, args);
    if (!once || args[1] !== mode) return tx;
    once = false;
    if (end === 'aborted') tx.abort();
    else Object.defineProperty(tx, 'oncomplete', { set: () => tx.addEventListener('complete', lost) });
    function lost(): void {
      tx.onabort?.(new Event('abort'));
    }
    return tx;
  };
  try {
    return await body();
  } finally {
    IDBDatabase.prototype.transaction = original;
    assert(!once, 'a transaction was lost');
  }
}

const lostInside = (): Promise<void> =>
  withStorage(async (s) => {
    await s.create('f', pieces(pattern(10, 1)));
    equal((await losing('readonly', () => s.list())).length, 1, 'list is repeated');
    sameBytes(await losing('readonly', () => s.read('f', 0, 10)), pattern(10, 1), 'read is repeated');
    await losing('readwrite', () => s.append('f', 10, pattern(10, 2)));
    await losing('readwrite', () => s.append('f', 20, pattern(10, 3)), 'committed');
    sameBytes(await s.read('f', 10, 20), pattern(10, 2), 'an append that was not made');
    same(await s.list(), [{ name: 'f', length: 30 }], 'and one that was, once');
    await losing('readwrite', () => s.create('g', pieces(pattern(10, 4))), 'committed');
    await losing('readwrite', () => s.remove('f'));
    await losing('readwrite', () => s.remove('g'), 'committed');
    same(await s.list(), [], 'removes');
  });

const newerSchema = (): Promise<void> =>
  withStorage(async (s, name) => {
    await s.create('f', pieces(pattern(10, 1)));
    await upgrade(name);
    await rejects('Version', s.list(), 'the open one');
    await s.close();
    const failure = await rejects('Version', pickStorage('indexeddb', name), 'a new one');
    assert(failure.message.includes('upgrade'), 'it says what to do');
  });

function upgrade(name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(`lodestore:${name}`, 99);
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      request.result.close();
      resolve();
    };
  });
}

const deleted = (): Promise<void> =>
  withStorage(async (s, name) => {
    await s.create('f', pieces(pattern(10, 1)));
    await new Promise<void>((resolve, reject) => {
      const request = indexedDB.deleteDatabase(`lodestore:${name}`);
      request.onsuccess = () => resolve();
      request.onerror = () => reject(request.error);
    });
    await rejects('Evicted', s.list(), 'list');
    await rejects('Evicted', s.append('f', 10, pattern(1, 1)), 'append');
    await s.close();
    const again = await pickStorage('indexeddb', name);
    same(await again.list(), [], 'a new open begins anew');
    await again.close();
  });

const cleared = (driver: Driver): Promise<void> =>
  withStorage(async (s) => {
    await s.create('f', pieces(pattern(10, 1)));
    await driver('clear', 'indexeddb');
    await rejects('Evicted', s.list(), 'list');
    await rejects('Evicted', s.read('f', 0, 10), 'read');
  });

/** Runs `body` on the raw database in one transaction, while the adapter is closed. */
const orphans = (): Promise<void> =>
  withStorage(async (s, name) => {
    await s.create('f', pieces(pattern(10, 1)));
    await s.close();
    await raw(name, (chunks) => chunks.put(pattern(5, 5), [12345, 0]));
    await raw(name, (chunks) => chunks.put(pattern(5, 5), [12345, 5]));
    const again = await pickStorage('indexeddb', name);
    sameBytes(await again.read('f', 0, 10), pattern(10, 1), 'the file');
    await again.close();
    const left = await raw(name, (chunks) => chunks.getAll());
    equal(left.filter((value) => value instanceof Uint8Array).length, 1, 'chunks left');
  });

const views = (): Promise<void> =>
  withStorage(async (s, name) => {
    const memory = new Uint8Array(16 * MIB);
    await s.create('f', pieces(memory.subarray(5, 15)));
    await s.append('f', 10, memory.subarray(100, 120));
    await s.append('f', 30, memory.subarray(0, 2 * MIB + 5));
    await s.close();
    const values = (await raw(name, (store) => store.getAll())) as unknown[];
    const chunks = values.filter((value) => value instanceof Uint8Array);
    same(
      chunks.map((chunk) => chunk.buffer.byteLength),
      [10, 20, MIB, MIB, 5],
      'stored buffers',
    );
  });

/** As a page that was frozen with the lock finds it when it goes on: somebody else took the lock meanwhile. */
async function small(): Promise<void> {
  const name = freshName('small');
  const s = await pickStorage('indexeddb', name, { durability: 'relaxed' });
  const bytes = pattern(3 * MIB + 5, 1);
  await s.create('f', pieces(bytes.slice(0, 100)));
  await s.append('f', 100, bytes.slice(100));
  await s.create('g', pieces(bytes));
  for (const file of ['f', 'g'])
    sameBytes(await s.read(file, 99, bytes.length), bytes.slice(99), `${file} is read`);
  await s.close();
  const db = await new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(`lodestore:${name}`);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const values = await new Promise<unknown[]>((resolve) => {
    const request = db.transaction('chunks').objectStore('chunks').getAll();
    request.onsuccess = () => resolve(request.result);
  });
  db.close();
  const lengths = values.map((value) => (value as Uint8Array).length ?? 0);
  assert(lengths.length > 100, `many chunks, not ${lengths.length}`);
  assert(Math.max(...lengths) < 1 << 16, `the largest has ${Math.max(...lengths)} bytes`);
  await deleteStorage('indexeddb', name);
}

async function overtaken(): Promise<void> {
  const name = freshName('overtaken');
  const first = await pickStorage('indexeddb', name, { held: true });
  await first.create('log', pieces(pattern(10, 1)));
  let goOn = (): void => undefined;
  const paused = new Promise<void>((resolve) => (goOn = resolve));
  const half = first.create(
    'half',
    (async function* () {
      yield pattern(5 * MIB, 2);
      await paused;
      yield pattern(1, 3);
    })(),
  );
  const second = await pickStorage('indexeddb', name, { held: true });
  goOn();
  await rejects('Conflict', half, 'a file that was begun before');
  await rejects('Conflict', first.append('log', 10, pattern(1, 1)), 'append');
  await rejects('Conflict', first.create('new', pieces(pattern(1, 1))), 'create');
  await rejects('Conflict', first.remove('log'), 'remove');
  same(await second.list(), [{ name: 'log', length: 10 }], 'files');
  await second.append('log', 10, pattern(2, 1));
  await first.close();
  await second.close();
  await deleteStorage('indexeddb', name);
}

const damaged = (): Promise<void> =>
  withStorage(async (s, name) => {
    await s.create('f', pieces(pattern(3 * MIB, 1)));
    await s.close();
    const keys = (await raw(name, (chunks) => chunks.getAllKeys())) as [number, number][];
    await raw(name, (chunks) => chunks.delete(keys[1] as [number, number]) as IDBRequest<unknown>);
    const again = await pickStorage('indexeddb', name);
    await rejects('Corrupt', again.read('f', 0, 3 * MIB), 'across the gap');
    await rejects('Corrupt', again.read('f', MIB + 5, MIB + 6), 'in the gap');
    sameBytes(await again.read('f', 0, MIB), pattern(3 * MIB, 1).slice(0, MIB), 'before the gap');
    await again.close();
  });

async function hidden(driver: Driver): Promise<void> {
  const name = JSON.stringify(freshName('hidden'));
  const load = `import('/suites/indexeddb.js')`;
  const out = (await driver('navigate', {
    before: `${load}.then(async (m) => { globalThis.kept = await m.pickStorage('indexeddb', ${name}); })`,
    meanwhile: `${load}.then(async (m) => { await (await m.pickStorage('indexeddb', ${name})).close(); return 'opened'; })`,
    after: `globalThis.kept === undefined ? 'the browser did not keep the page' : globalThis.kept.list().then(() => 'alive', (e) => e.code + ': ' + e.message)`,
  })) as { meanwhile: string; after: string };
  equal(out.meanwhile, 'opened', 'another page while the first is hidden');
  assert(
    out.after.startsWith('Closed') && out.after.includes('open it again'),
    `when it is back: ${out.after}`,
  );
}

async function choice(): Promise<void> {
  const name = freshName('auto');
  const storage = await pickStorage('auto', name);
  equal(storage.kind, 'indexeddb', 'kind');
  await rejects('Conflict', deleteStorage('auto', name), 'delete while open');
  await storage.close();
  await deleteStorage('auto', name);
  const failure = await rejects('Invalid', pickStorage('opfs', name), 'opfs in a window');
  assert(failure.message.includes('worker: true'), 'it says what to do');
  // A page whose database is in a worker can delete it itself.
  await deleteStorage('opfs', name);
  await rejects('Invalid', pickStorage('files', name), 'files in a window');
  await rejects('Invalid', pickStorage('disk' as 'auto', name), 'an unknown one');
  for (const bad of ['', 'x'.repeat(129), '\ud800', 7 as unknown as string]) {
    await rejects('Invalid', pickStorage('auto', bad), `the name ${JSON.stringify(bad)}`);
  }
}

export { pickStorage };
