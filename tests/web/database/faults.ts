/** A storage object that fails: a typed error, reads go on, and what was acknowledged is what is there. */

import { type Database, open } from 'lodestore';
import { assert, type Case, equal, rejects, same } from '../check.js';
import { bytesOf, contents, unchanged } from './place.js';
import { columns, idsOf } from './rows.js';
import { type Hook, ObjectStorage, type Verb } from './storage.js';

/** What storages throw, and the code it becomes. */
const FAILURES: [string, () => unknown][] = [
  ['Quota', () => Object.assign(new Error('there is no room left'), { code: 'Quota' })],
  ['Quota', () => new DOMException('', 'QuotaExceededError')],
  ['Quota', () => Object.assign(new Error('no space left'), { code: 'ENOSPC' })],
  ['Unavailable', () => new Error('the cable was pulled')],
  ['Unavailable', () => 'a string'],
  ['Unavailable', () => undefined],
];

export function faultCases(): Case[] {
  const cases: [string, () => Promise<void>][] = [
    ['appends of concurrent writes are shared', grouped],
    ['an append that fails is refused, the next one works, reopening shows what was acknowledged', appends],
    ['while the storage is gone, writes are refused and reads go on', gone],
    ['a checkpoint that fails at any call changes nothing, and the next one works', checkpoint],
    ['an automatic checkpoint that fails is told in stats and tried again', automatic],
    ['an import that fails at any call changes nothing', importing],
    ['an opening that fails at any call is a typed error, and loses nothing', opening],
    ['answers of wrong types and lengths are typed errors', lies],
    ['a storage that somebody else wrote to is a Conflict', intruder],
  ];
  return cases.map(([name, run]) => ({ name: `a failing object: ${name}`, run }));
}

/** Throws at the n-th call of a verb, once. */
function nth(verb: Verb | undefined, n: number, error: () => unknown): Hook {
  let left = n;
  return (called) => {
    if (verb !== undefined && called !== verb) return;
    left -= 1;
    if (left === 0) throw error();
  };
}

async function filled(storage: ObjectStorage): Promise<Database> {
  const db = await open('faults', { storage });
  const notes = await db.collection('notes', { dimension: 4, metric: 'dot' });
  await notes.upsert(columns(50, 4, 1));
  return db;
}

async function grouped(): Promise<void> {
  const storage = new ObjectStorage();
  const db = await filled(storage);
  const notes = await db.collection('notes');
  const before = storage.calls.append;
  const writes = Array.from({ length: 20 }, (_, i) => notes.upsert(columns(1, 4, i, 100 + i)));
  await Promise.all(writes);
  const appends = storage.calls.append - before;
  // The first is under way when the others queue up behind it.
  assert(appends >= 1 && appends <= 3, `${appends} appends for 20 writes`);
  const now = await contents(db);
  await db.close();
  const again = await open('faults', { storage });
  equal(await contents(again), now, 'after reopening');
  await again.close();
}

async function appends(): Promise<void> {
  for (const [code, error] of FAILURES) {
    // Nothing arrived, half of it arrived, all of it arrived.
    for (const share of [0, 0.5, 1]) {
      const what = `${code} after ${share}`;
      const storage = new ObjectStorage();
      const db = await filled(storage);
      const notes = await db.collection('notes');
      await unchanged(db, what, async () => {
        const fail = nth('append', 1, error);
        storage.before = (verb, name, bytes) => {
          if (verb === 'append') storage.grow(name, bytes.slice(0, Math.floor(bytes.length * share)));
          fail(verb, name, bytes);
        };
        await rejects(code, notes.upsert(columns(2, 4, 2, 200)), what);
        storage.before = undefined;
        equal((await notes.query([1, 1, 1, 1])).matches.length, 10, `${what}: reads go on`);
      });
      await notes.upsert(columns(1, 4, 3, 300));
      await notes.delete('row-00000');
      const now = await contents(db);
      await db.close();
      const again = await open('faults', { storage });
      equal(await contents(again), now, `${what}: after reopening`);
      assert(
        !(await idsOf(await again.collection('notes'))).includes('row-00200'),
        `${what}: it did not come back`,
      );
      same((await again.check()).problems, [], `${what}: problems`);
      await again.close();
    }
  }
}

async function gone(): Promise<void> {
  const storage = new ObjectStorage();
  const db = await filled(storage);
  const notes = await db.collection('notes');
  const before = await contents(db);
  storage.before = () => {
    throw new Error('the cable was pulled');
  };
  for (let i = 0; i < 3; i += 1) {
    const writes = [
      notes.upsert(columns(1, 4, 1, 400)),
      notes.delete('row-00001'),
      notes.update('row-00001', {}),
    ];
    for (const write of writes) await rejects('Unavailable', write, 'a write');
    await rejects('Unavailable', db.checkpoint(), 'a checkpoint');
    equal(await notes.count(), 50, 'reads go on');
    equal((await notes.query([1, 1, 1, 1], { filter: { lang: 'en' } })).matches.length, 10, 'queries go on');
  }
  storage.before = undefined;
  equal(await contents(db), before, 'nothing changed');
  await notes.upsert(columns(1, 4, 1, 500));
  equal(await notes.count(), 51, 'it is back');
  await db.close();
}

/**
 * Fails every storage call of `work` in turn, before it does anything and after it did its work, until there is no
 * such call. `prepare` runs before each round, `failed` after one that failed. Returns how many calls there are.
 */
async function sweep(
  storage: ObjectStorage,
  work: () => Promise<unknown>,
  prepare: () => Promise<unknown>,
  failed: (what: string) => Promise<unknown>,
): Promise<number> {
  for (let call = 1; ; call += 1) {
    for (const when of ['before', 'after'] as const) {
      await prepare();
      let struck = false;
      storage[when] = nth(undefined, call, () => ((struck = true), new Error('the cable was pulled')));
      const error = await work().then(
        () => undefined,
        (cause: unknown) => cause,
      );
      storage[when] = undefined;
      if (error !== undefined) {
        const what = `failing ${when} call ${call}`;
        await rejects('Unavailable', Promise.reject(error), what);
        await failed(what);
      }
      if (!struck) return call - 1;
    }
  }
}

/** What a process that opens the database now would find. */
async function found(storage: ObjectStorage): Promise<string> {
  const db = await open('faults', { storage: new ObjectStorage(new Map(storage.files)) });
  const now = await contents(db);
  await db.close();
  return now;
}

async function checkpoint(): Promise<void> {
  const storage = new ObjectStorage();
  const db = await filled(storage);
  const notes = await db.collection('notes');
  let round = 0;
  let now = '';
  const change = async (): Promise<void> => {
    await notes.update('row-00001', { round: (round += 1) });
    now = await contents(db);
  };
  const calls = await sweep(
    storage,
    () => db.checkpoint(),
    change,
    async (what) => {
      equal(await contents(db), now, `${what}: contents`);
      equal(await found(storage), now, `${what}: what another opening finds`);
    },
  );
  assert(calls >= 3, `${calls} calls`);
  await db.checkpoint();
  same((await db.check()).problems, [], 'problems');
  assert((await db.stats()).snapshots.length <= 2, 'snapshots');
  await db.close();
  equal(await found(storage), now, 'after reopening');
}

async function automatic(): Promise<void> {
  const storage = new ObjectStorage();
  const db = await open('faults', { storage, checkpointLogBytes: 10_000 });
  const notes = await db.collection('notes', { dimension: 4, metric: 'dot' });
  storage.before = (verb, name) => {
    if (verb === 'create' && name.startsWith('blocks')) throw new DOMException('', 'QuotaExceededError');
  };
  for (let i = 0; i < 30; i += 1) await notes.upsert(columns(20, 4, i, i * 20));
  const stats = await db.stats();
  same(stats.snapshots, [], 'none could be made');
  assert(Boolean(stats.checkpointError?.includes('Quota')), `why: ${stats.checkpointError}`);
  storage.before = undefined;
  for (let i = 30; i < 60; i += 1) await notes.upsert(columns(20, 4, i, i * 20));
  const later = await db.stats();
  assert(later.snapshots.length > 0, 'made when there was room');
  equal(later.checkpointError, undefined, 'no error any more');
  equal(await notes.count(), 1200, 'rows');
  await db.close();
}

async function importing(): Promise<void> {
  const source = await filled(new ObjectStorage());
  const archive = await bytesOf(source.export());
  await source.close();
  const storage = new ObjectStorage();
  const db = await filled(storage);
  const notes = await db.collection('notes');
  let before = '';
  const change = async (): Promise<void> => {
    await notes.upsert(columns(5, 4, 7, 700));
    before = await contents(db);
  };
  const calls = await sweep(
    storage,
    () => db.import(archive, { replace: true }),
    change,
    async (what) => {
      equal(await contents(db), before, `${what}: contents`);
      equal(await found(storage), before, `${what}: what another opening finds`);
    },
  );
  assert(calls >= 3, `${calls} calls`);
  equal(await notes.count(), 50, 'imported in the end');
  const now = await contents(db);
  await db.close();
  equal(await found(storage), now, 'after reopening');
}

async function opening(): Promise<void> {
  const storage = new ObjectStorage();
  const db = await filled(storage);
  await db.checkpoint();
  await (await db.collection('notes')).upsert(columns(5, 4, 2, 60));
  const before = await contents(db);
  await db.close();
  const calls = await sweep(
    storage,
    async () => {
      const again = await open('faults', { storage });
      await again.close();
    },
    async () => undefined,
    async (what) => equal(await found(storage), before, `${what}: what another opening finds`),
  );
  assert(calls >= 4, `${calls} calls`);
  equal(await found(storage), before, 'contents');
}

async function lies(): Promise<void> {
  const storage = new ObjectStorage();
  const db = await filled(storage);
  await db.checkpoint();
  const before = await contents(db);
  await db.close();
  const over = (verbs: object) =>
    open('faults', {
      storage: Object.assign(Object.create(storage) as ObjectStorage, bound(storage), verbs),
    });
  const read = async (name: string, start: number, end: number) => storage.read(name, start, end);
  const answers: [string, object][] = [
    ['list gives nothing', { list: async () => undefined }],
    ['list gives an object', { list: async () => ({}) }],
    ['list gives numbers', { list: async () => [1, 2] }],
    ['list gives null', { list: async () => [null] }],
    ['list gives names without lengths', { list: async () => [{ name: 'log-1' }] }],
    ['list gives negative lengths', { list: async () => [{ name: 'log-1', length: -1 }] }],
    [
      'list throws at once',
      {
        list: () => {
          throw new Error('no');
        },
      },
    ],
    ['read gives nothing', { read: async () => undefined }],
    ['read gives text', { read: async () => 'bytes' }],
    ['read gives an array', { read: async () => [1, 2, 3] }],
    [
      'read gives a buffer',
      { read: async (...args: [string, number, number]) => (await read(...args)).buffer },
    ],
    ['read gives too little', { read: async (n: string, s: number, e: number) => read(n, s, e - 1) }],
    ['read gives nothing at all', { read: async () => new Uint8Array() }],
    ['read gives too much', { read: async (n: string, s: number, e: number) => new Uint8Array(e - s + 1) }],
    [
      'read throws at once',
      {
        read: () => {
          throw new Error('no');
        },
      },
    ],
  ];
  for (const [what, verbs] of answers) await rejects('Unavailable', over(verbs), what);
  const fewer = await rejects('Unavailable', over({ read: async () => new Uint8Array(1) }), 'one byte');
  assert(fewer.expected !== undefined && fewer.got === '1', `expected ${fewer.expected}, got ${fewer.got}`);

  // A create that does not take its chunks, or not all of them.
  const lazy: [string, object][] = [
    ['create takes nothing', { create: async () => undefined }],
    [
      'create rejects',
      {
        create: async () => {
          throw new Error('no');
        },
      },
    ],
    [
      'create throws at once',
      {
        create: () => {
          throw new Error('no');
        },
      },
    ],
    [
      'create takes one chunk',
      {
        create: async (_: string, chunks: AsyncIterable<Uint8Array>) => {
          for await (const chunk of chunks) return void chunk;
        },
      },
    ],
  ];
  for (const [what, verbs] of lazy) {
    const empty = Object.assign(new ObjectStorage(), verbs);
    await rejects('Unavailable', open('faults', { storage: empty as ObjectStorage }), what);
  }
  const again = await open('faults', { storage });
  equal(await contents(again), before, 'the stored data is as it was');
  await again.close();
}

/** The verbs, for an object that stands before the storage. */
function bound(storage: ObjectStorage): Pick<ObjectStorage, Verb> {
  return {
    list: () => storage.list(),
    read: (name, start, end) => storage.read(name, start, end),
    create: (name, chunks) => storage.create(name, chunks),
    append: (name, at, bytes) => storage.append(name, at, bytes),
    remove: (name) => storage.remove(name),
  };
}

async function intruder(): Promise<void> {
  const storage = new ObjectStorage();
  const mine = await filled(storage);
  const notes = await mine.collection('notes');
  // Another process: the same files, and no lock between them.
  const theirs = await open('faults', { storage: new ObjectStorage(storage.files) });
  await (await theirs.collection('notes')).upsert(columns(1, 4, 2, 900));
  for (let i = 0; i < 2; i += 1) {
    await rejects('Conflict', notes.upsert(columns(1, 4, 3, 901)), 'a write of the one that was overtaken');
    equal(await notes.count(), 50, 'reads go on');
  }
  const now = await contents(theirs);
  await mine.close();
  equal(await found(storage), now, 'what the other one wrote');
  await theirs.close();
}
