/** Connections to IndexedDB that the browser drops: got back, and whether a write was made is found out. */

import { type Database, deleteDatabase, open, type OpenOptions } from 'lodestore';
import { assert, type Case, type Driver, equal, freshName, rejects, same } from '../check.js';
import { columns } from '../database/rows.js';

export function lostCases(driver: Driver): Case[] {
  return [
    {
      name: 'every connection is closed by force while rows are written: none fails, none is lost or doubled',
      run: () => forced(driver, {}),
    },
    { name: 'so in a worker', run: () => forced(driver, { worker: true }) },
    { name: 'a browser that is gone for a moment is waited for', run: moment },
    {
      name: 'a browser that stays away is Unavailable, reads go on, and writing goes on when it is back',
      run: away,
    },
    { name: 'another page that wants to delete the database is not kept waiting', run: versionChange },
  ];
}

async function forced(driver: Driver, options: OpenOptions): Promise<void> {
  const name = freshName('lost');
  const db = await open(name, options);
  const rows = await db.collection('rows', { dimension: 4 });
  let written = 0;
  let isOver = false;
  const lane = async (): Promise<void> => {
    while (!isOver) {
      const at = written++;
      await rows.upsert(columns(1, 4, at, at));
    }
  };
  const writing = Promise.all([lane(), lane(), lane()]);
  for (let i = 0; i < 3; i += 1) await driver('force-close');
  isOver = true;
  await writing;
  assert(written > 20, `${written} writes`);
  await agree(db, written);
  await db.close();
  const again = await open(name, options);
  await agree(again, written);
  await again.close();
  await deleteDatabase(name);
}

/** Each row is one write, and the collection is one. */
async function agree(db: Database, rows: number): Promise<void> {
  equal(await (await db.collection('rows')).count(), rows, 'rows');
  equal((await db.stats()).seq, rows + 1, 'writes');
  same((await db.check()).problems, [], 'problems');
}

/** Runs `body` while so many transactions cannot begin. */
async function refusing(times: number, body: () => Promise<unknown>): Promise<void> {
  const original = IDBDatabase.prototype.transaction;
  let left = times;
  IDBDatabase.prototype.transaction = function (...args) {
    if (left === 0) return original.apply(this, args);
    left -= 1;
    throw new DOMException('The database connection is closing.', 'InvalidStateError');
  };
  try {
    await body();
  } finally {
    IDBDatabase.prototype.transaction = original;
  }
}

async function moment(): Promise<void> {
  const name = freshName('lost');
  const db = await open(name);
  const rows = await db.collection('rows', { dimension: 4 });
  await refusing(2, () => rows.upsert(columns(1, 4, 1)));
  await agree(db, 1);
  await db.close();
  await deleteDatabase(name);
}

async function away(): Promise<void> {
  const name = freshName('lost');
  const db = await open(name);
  const rows = await db.collection('rows', { dimension: 4 });
  await rows.upsert(columns(10, 4, 1));
  await refusing(Infinity, async () => {
    await rejects('Unavailable', rows.upsert(columns(1, 4, 2, 20)), 'a write');
    equal(await rows.count(), 10, 'reads go on');
  });
  await rows.upsert(columns(1, 4, 3, 30));
  equal(await rows.count(), 11, 'rows');
  same((await db.check()).problems, [], 'problems');
  await db.close();
  await deleteDatabase(name);
}

async function versionChange(): Promise<void> {
  const name = freshName('lost');
  const db = await open(name);
  const rows = await db.collection('rows', { dimension: 4 });
  await rows.upsert(columns(10, 4, 1));
  let wasBlocked = false;
  await new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(`lodestore:${name}`);
    request.onblocked = () => (wasBlocked = true);
    request.onsuccess = resolve;
    request.onerror = reject;
  });
  assert(!wasBlocked, 'it was not kept waiting');
  await rejects('Evicted', rows.upsert(columns(1, 4, 2, 20)), 'a write after it');
  equal(await rows.count(), 10, 'reads go on');
  await db.close();
  await deleteDatabase(name);
}
