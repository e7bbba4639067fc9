/** The browser removes what the origin stored: that is a loss and no new database. */

import { type Database, deleteDatabase, open, type OpenOptions } from 'lodestore';
import { assert, type Case, type Driver, equal, freshName, rejects } from '../check.js';
import { columns } from '../database/rows.js';

/** What the developer tools call the storages. */
const KINDS = { indexeddb: 'indexeddb', opfs: 'file_systems' } as const;
type Kind = keyof typeof KINDS;

export function evictionCases(driver: Driver): Case[] {
  const places: [string, Kind, OpenOptions][] = [
    ['IndexedDB', 'indexeddb', {}],
    ['IndexedDB in a worker', 'indexeddb', { worker: true }],
    ['OPFS', 'opfs', { storage: 'opfs' }],
  ];
  return places.flatMap(([label, kind, options]) => [
    {
      name: `what was in ${label} is missed when it is opened again`,
      run: () => closed(driver, kind, options),
    },
    {
      name: `taken from ${label} while it is open: writes fail, reads go on, rows can be copied`,
      run: () => live(driver, kind, options),
    },
  ]);
}

async function filled(name: string, options: OpenOptions): Promise<Database> {
  const db = await open(name, options);
  const rows = await db.collection('rows', { dimension: 4 });
  await rows.upsert(columns(10, 4, 1));
  return db;
}

async function closed(driver: Driver, kind: Kind, options: OpenOptions): Promise<void> {
  const name = freshName('evicted');
  const storage = kind;
  // One that never held anything is not missed.
  await (await open(`${name}-empty`, options)).close();
  const db = await filled(name, options);
  const { seq } = await db.stats();
  await db.close();
  await driver('clear', KINDS[kind]);
  // Of writes that follow closely OPFS looks only at the first.
  await new Promise((resolve) => setTimeout(resolve, 150));
  await (await open(`${name}-empty`, options)).close();
  for (let i = 0; i < 2; i += 1) {
    const failure = await rejects('Evicted', open(name, options), 'open');
    assert(/^write [1-9]/.test(failure.expected ?? ''), `expected ${failure.expected} of ${seq}`);
    assert(failure.message.includes("ifEvicted: 'create'"), 'it says what to do');
  }
  const anew = await open(name, { ...options, ifEvicted: 'create' });
  equal((await anew.collections()).length, 0, 'collections');
  await anew.close();
  await (await open(name, options)).close();
  await (await filled(name, options)).close();
  await deleteDatabase(name, { storage });
  // What its owner deleted is not missed either.
  await (await open(name, options)).close();
  await deleteDatabase(name, { storage });
  await deleteDatabase(`${name}-empty`, { storage });
}

async function live(driver: Driver, kind: Kind, options: OpenOptions): Promise<void> {
  const name = freshName('evicted');
  const db = await filled(name, options);
  await db.checkpoint();
  const rows = await db.collection('rows');
  await rows.upsert(columns(5, 4, 2, 50));
  await driver('clear', KINDS[kind]);
  // Of writes that follow closely OPFS looks only at the first.
  await new Promise((resolve) => setTimeout(resolve, 150));
  for (let i = 0; i < 2; i += 1) {
    // What the second write finds follows from the first.
    await rejects('Evicted', rows.upsert(columns(1, 4, 3, 100)), `write ${i}`);
    equal(await rows.count(), 15, 'reads go on');
  }
  await rejects('Evicted', db.checkpoint(), 'a checkpoint');
  await rejects('Evicted', db.check(), 'a check');
  const copy = await open('copy', { storage: 'memory' });
  const copied = await copy.collection('rows', { dimension: 4 });
  for await (const { id, vector, metadata } of rows.listAll({ returnVectors: true })) {
    assert(vector !== undefined, 'with its vector');
    await copied.upsert([{ id, vector, metadata }]);
  }
  equal(await copied.count(), 15, 'copied');
  await copy.close();
  await db.close();
  // Chromium keeps files that it removed while they were open locked until the page goes.
  if (kind === 'opfs') return;
  await rejects('Evicted', open(name, options), 'open');
  await deleteDatabase(name, { storage: kind });
}
