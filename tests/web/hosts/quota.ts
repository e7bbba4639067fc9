/** A browser's quota that is used up: a typed error, reads and openings go on, pruning frees, writing resumes. */

import { type Collection, type Database, deleteDatabase, open, type OpenOptions } from 'lodestore';
import { assert, type Case, type Driver, equal, freshName, rejects, same } from '../check.js';
import { columns, idsOf } from '../database/rows.js';

const MIB = 1 << 20;
const DIMENSION = 256;
/** Rows of one write: 1 MiB. */
const ROWS = 1024;

export function quotaCases(driver: Driver): Case[] {
  const cases: [string, OpenOptions][] = [
    ['IndexedDB', { storage: 'indexeddb' }],
    ['OPFS', { storage: 'opfs' }],
  ];
  return cases.map(([label, options]) => ({
    name: `quota in ${label}: typed, for followers too; nothing half written; pruning makes room`,
    run: () => full(driver, options).finally(() => driver('quota')),
  }));
}

/** Writes until there is no room; the rows that were acknowledged. */
async function fill(rows: Collection, first: number, size: number): Promise<number> {
  for (let at = first; ; at += size) {
    const error = await rows.upsert(columns(size, DIMENSION, at, at)).then(
      () => undefined,
      (failure: unknown) => failure,
    );
    if (error === undefined) continue;
    await rejects('Quota', Promise.reject(error), 'a write without room');
    return at;
  }
}

async function whole(db: Database, count: number): Promise<void> {
  const rows = await db.collection('rows');
  equal(await rows.count(), count, 'rows');
  equal((await idsOf(rows)).length, count, 'rows that are listed');
  equal((await rows.query(columns(1, DIMENSION, 0).vectors, { topK: 5 })).matches.length, 5, 'matches');
}

/** So much more than is used now. */
async function limit(driver: Driver, mebibytes: number): Promise<void> {
  const { usage = 0 } = await navigator.storage.estimate();
  await driver('quota', usage + mebibytes * MIB);
}

async function full(driver: Driver, options: OpenOptions): Promise<void> {
  const name = freshName('quota');
  if (options.storage === 'indexeddb') await limit(driver, 14);
  const db = await open(name, options);
  const rows = await db.collection('rows', { dimension: DIMENSION, index: 'flat', quantization: 'none' });
  // Two snapshots, the older one with vectors that nothing else needs.
  for (const seed of [1, 2]) {
    await rows.upsert(columns(2 * ROWS, DIMENSION, seed));
    await db.checkpoint();
  }
  equal((await db.stats()).snapshots.length, 2, 'snapshots');
  // Chromium sets a mebibyte aside for each file of the pool, and for long ones as much as doubles them: the log is to
  // be short.
  if (options.storage === 'opfs') await limit(driver, 0.5);
  const follower = await open(name, options);
  const theirs = await follower.collection('rows');
  let count = await fill(rows, 2 * ROWS, ROWS);
  // Down to what no longer fits into the last kilobytes.
  count = await fill(theirs, count, 64);
  count = await fill(rows, count, 4);
  for (const side of [db, follower]) {
    await rejects(
      'Quota',
      (await side.collection('rows')).upsert(columns(ROWS, DIMENSION, 7, 90_000)),
      'a write',
    );
    await whole(side, count);
  }
  same((await db.check()).problems, [], 'problems');
  await follower.close();
  await db.close();

  // Opened without room: reading needs none, and neither does making some.
  const again = await open(name, options);
  await whole(again, count);
  const freed = await again.prune();
  equal(freed.snapshots, 1, 'snapshots that went');
  assert(freed.bytes > 2 * MIB, `${freed.bytes} bytes`);
  const more = await again.collection('rows');
  // Chromium counts what IndexedDB has deleted until it tidies up, some time later.
  if (options.storage !== 'opfs') await driver('quota');
  await more.upsert(columns(64, DIMENSION, 8, 91_000));
  await whole(again, count + 64);
  await driver('quota');
  await more.upsert(columns(ROWS, DIMENSION, 9, 92_000));
  await again.checkpoint();
  await whole(again, count + 64 + ROWS);
  same((await again.check()).problems, [], 'problems in the end');
  await again.close();
  await deleteDatabase(name, options.storage === undefined ? {} : { storage: options.storage });
}
