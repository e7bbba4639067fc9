/** Every sentence of the contract of `StorageObject`, for any adapter in its own host. */

import type { StorageObject } from '../../pkg-templates/npm/src/types.js';
import { assert, type Case, equal, pattern, pieces, rejects, same, sameBytes, slow } from './check.js';
import { large, owning } from './contract-large.js';
import { modelCase } from './contract-model.js';
import { appendingNow, readingNow } from './contract-now.js';

/** One database of an adapter. */
export interface Session {
  storage: StorageObject;
  /** Closes `storage` and opens the database again, as `storage`. */
  reopen(): Promise<void>;
  /** Opens the same database a second time, without closing. */
  openAgain(): Promise<StorageObject>;
  /** Closes it and removes everything. */
  end(): Promise<void>;
}

export type Make = () => Promise<Session>;

const MIB = 1 << 20;
const EMPTY = new Uint8Array();

export type Body = (storage: StorageObject, session: Session) => Promise<void>;

export function contractCases(label: string, make: Make): Case[] {
  const cases: Case[] = [];
  const test = (name: string, body: Body): void => {
    cases.push({
      name: `${label}: ${name}`,
      run: async () => {
        const session = await make();
        try {
          await body(session.storage, session);
        } finally {
          await session.end();
        }
      },
    });
  };
  naming(test);
  reading(test);
  creating(test);
  appending(test);
  removing(test);
  large(test);
  owning(test);
  readingNow(test);
  appendingNow(test);
  test('a model with random verbs and reopening agrees', (_, session) => modelCase(session, 1));
  test('another seed of the model agrees', (_, session) => modelCase(session, 2));
  return cases;
}

export type Test = (name: string, body: Body) => void;

function naming(test: Test): void {
  test('a new storage is empty and says its kind', async (s) => {
    same(await s.list(), [], 'list');
    equal(typeof s.kind, 'string', 'kind');
  });
  test('names at the limits are taken', async (s) => {
    for (const name of ['a', '0', 'a-b.c', 'log-12', 'x'.repeat(64), 'a-']) {
      await s.create(name, pieces(EMPTY));
      await s.append(name, 0, Uint8Array.of(7));
      sameBytes(await s.read(name, 0, 1), Uint8Array.of(7), name);
    }
    equal((await s.list()).length, 6, 'files');
  });
  const bad = [
    '',
    'A',
    'a/b',
    '..',
    '.',
    '.a',
    'a.',
    '-a',
    'a b',
    'ä',
    'a_b',
    'x'.repeat(65),
    '__proto__',
    'a\0',
    'a\n',
  ];
  test('other names are refused by every verb and change nothing', async (s) => {
    for (const name of [...bad, undefined, null, 5, {}] as string[]) {
      await rejects('Invalid', s.read(name, 0, 0), 'read');
      await rejects('Invalid', s.append(name, 0, EMPTY), 'append');
      await rejects('Invalid', s.remove(name), 'remove');
      await rejects('Invalid', s.create(name, pieces(EMPTY)), 'create');
    }
    same(await s.list(), [], 'list');
  });
}

function reading(test: Test): void {
  test('a range is exactly what was asked for', async (s) => {
    const bytes = pattern(100, 1);
    await s.create('f', pieces(bytes));
    sameBytes(await s.read('f', 0, 100), bytes, 'all');
    sameBytes(await s.read('f', 10, 11), bytes.slice(10, 11), 'one');
    sameBytes(await s.read('f', 99, 100), bytes.slice(99), 'last');
    for (const at of [0, 50, 100]) equal((await s.read('f', at, at)).length, 0, `nothing at ${at}`);
  });
  test('an absent file is Invalid, with expected and got', async (s) => {
    const failure = await rejects('Invalid', s.read('nothing', 0, 1), 'read');
    assert(failure.message.includes('nothing'), 'the file is named');
    assert(failure.expected !== undefined && failure.got !== undefined, 'the pair is there');
    await rejects('Invalid', s.read('nothing', 0, 0), 'even of no bytes');
  });
  test('a range past the end is Invalid, with the length', async (s) => {
    await s.create('f', pieces(pattern(10, 1)));
    const failure = await rejects('Invalid', s.read('f', 5, 11), 'read');
    assert(failure.got?.includes('10') === true, `got names the length: ${failure.got}`);
    await rejects('Invalid', s.read('f', 11, 11), 'beyond, empty');
    await rejects('Invalid', s.read('f', 1000, 2000), 'far beyond');
  });
  test('what is not a range is Invalid', async (s) => {
    await s.create('f', pieces(pattern(10, 1)));
    for (const [start, end] of [
      [5, 4],
      [-1, 4],
      [0.5, 4],
      [0, NaN],
      [0, Infinity],
      ['0', 4],
    ] as [number, number][]) {
      await rejects('Invalid', s.read('f', start, end), `${start}..${end}`);
    }
  });
  test('each read has a buffer of its own', async (s) => {
    const bytes = pattern(64, 3);
    await s.create('f', pieces(bytes));
    const first = await s.read('f', 8, 16);
    equal(first.byteOffset, 0, 'offset');
    equal(first.buffer.byteLength, 8, 'size of the buffer');
    first.fill(0);
    sameBytes(await s.read('f', 8, 16), bytes.slice(8, 16), 'a second read');
  });
}

function creating(test: Test): void {
  test('pieces of any size make one file', async (s) => {
    const bytes = pattern(5000, 4);
    const cuts = [0, 0, 1, 2, 2, 700, 4999, 5000, 5000];
    await s.create('f', pieces(...cuts.slice(1).map((end, i) => bytes.subarray(cuts[i], end))));
    sameBytes(await s.read('f', 0, 5000), bytes, 'all');
  });
  test('no pieces at all make an empty file', async (s) => {
    await s.create('f', pieces());
    same(await s.list(), [{ name: 'f', length: 0 }], 'list');
    equal((await s.read('f', 0, 0)).length, 0, 'read');
  });
  test('a second create is a Conflict and changes nothing', async (s) => {
    const bytes = pattern(10, 5);
    await s.create('f', pieces(bytes));
    await rejects('Conflict', s.create('f', pieces(pattern(20, 6))), 'create');
    sameBytes(await s.read('f', 0, 10), bytes, 'the first');
    same(await s.list(), [{ name: 'f', length: 10 }], 'list');
  });
  test('of two creates at once exactly one wins', async (s) => {
    const both = [1, 2].map((seed) => s.create('f', slow(pattern(3000, seed), 500)));
    const [a, b] = await Promise.allSettled(both);
    const winners = [a, b].filter((end) => end?.status === 'fulfilled');
    equal(winners.length, 1, 'winners');
    await rejects('Conflict', (a?.status === 'rejected' ? both[0] : both[1]) as Promise<void>, 'the loser');
    sameBytes(await s.read('f', 0, 3000), pattern(3000, a?.status === 'fulfilled' ? 1 : 2), 'the winner');
  });
  test('a source that throws leaves nothing, and its own error comes out', async (s, session) => {
    for (const size of [0, 1000, 6 * MIB]) {
      const cause = new Error('the source broke');
      let got: unknown;
      await s.create('f', broken(size, cause)).catch((error: unknown) => (got = error));
      equal(got, cause, `the error after ${size} bytes`);
      same(await s.list(), [], 'list');
      await rejects('Invalid', s.read('f', 0, 0), 'read');
    }
    await session.reopen();
    same(await session.storage.list(), [], 'after reopening');
    await session.storage.create('f', pieces(pattern(5, 1)));
    sameBytes(await session.storage.read('f', 0, 5), pattern(5, 1), 'the name is free');
  });
  test('a file is not seen before it is complete', async (s) => {
    let seen: unknown;
    await s.create(
      'f',
      (async function* () {
        yield pattern(5 * MIB, 1);
        seen = [await s.list(), await s.read('f', 0, 0).catch((error: { code: string }) => error.code)];
        yield pattern(10, 2);
      })(),
    );
    same(seen, [[], 'Invalid'], 'in the middle');
    equal((await s.list())[0]?.length, 5 * MIB + 10, 'in the end');
  });
  test('a source may reuse its buffer and use the storage', async (s) => {
    await s.create('log', pieces());
    const buffer = new Uint8Array(1000);
    await s.create(
      'f',
      (async function* () {
        for (let i = 0; i < 20; i += 1) {
          buffer.set(pattern(1000, i));
          yield buffer;
          buffer.fill(255);
          await s.append('log', i, Uint8Array.of(i));
        }
      })(),
    );
    for (let i = 0; i < 20; i += 1)
      sameBytes(await s.read('f', i * 1000, i * 1000 + 1000), pattern(1000, i), `piece ${i}`);
    equal((await s.read('log', 0, 20))[19], 19, 'the log');
  });
  test('what is not bytes is Invalid and leaves nothing', async (s) => {
    const source = (async function* () {
      yield pattern(10, 1);
      yield 'text' as unknown as Uint8Array;
    })();
    await rejects('Invalid', s.create('f', source), 'create');
    same(await s.list(), [], 'list');
  });
}

function appending(test: Test): void {
  test('appends follow one another', async (s) => {
    await s.create('f', pieces(pattern(3, 0)));
    await s.append('f', 3, pattern(5, 1));
    await s.append('f', 8, EMPTY);
    await s.append('f', 8, pattern(7, 2));
    sameBytes(
      await s.read('f', 0, 15),
      Uint8Array.of(...pattern(3, 0), ...pattern(5, 1), ...pattern(7, 2)),
      'all',
    );
    same(await s.list(), [{ name: 'f', length: 15 }], 'list');
  });
  test('another length is a Conflict and changes nothing', async (s) => {
    await s.create('f', pieces(pattern(10, 0)));
    for (const at of [0, 9, 11, 1e9]) {
      const failure = await rejects('Conflict', s.append('f', at, pattern(4, 1)), `at ${at}`);
      assert(failure.got?.includes('10') === true, 'got names the length');
    }
    await rejects('Conflict', s.append('f', 9, EMPTY), 'even no bytes');
    sameBytes(await s.read('f', 0, 10), pattern(10, 0), 'the file');
    same(await s.list(), [{ name: 'f', length: 10 }], 'list');
  });
  test('an append to an absent file is a Conflict and makes none', async (s) => {
    await rejects('Conflict', s.append('f', 0, pattern(4, 1)), 'append');
    same(await s.list(), [], 'list');
  });
  test('offsets that are none and bytes that are none are Invalid', async (s) => {
    await s.create('f', pieces());
    for (const at of [-1, 0.5, NaN, Infinity, '0'] as number[])
      await rejects('Invalid', s.append('f', at, EMPTY), `${at}`);
    await rejects('Invalid', s.append('f', 0, [1, 2] as unknown as Uint8Array), 'an array');
    await rejects('Invalid', s.append('f', 0, undefined as unknown as Uint8Array), 'nothing');
    equal((await s.list())[0]?.length, 0, 'length');
  });
  test('the caller may reuse the buffer at once', async (s) => {
    await s.create('f', pieces());
    const memory = new Uint8Array(8 * MIB);
    const view = memory.subarray(1000, 1100);
    view.set(pattern(100, 9));
    const done = s.append('f', 0, view);
    memory.fill(255);
    await done;
    sameBytes(await s.read('f', 0, 100), pattern(100, 9), 'what was handed in');
  });
  test('of concurrent appends at one place exactly one wins', async (s) => {
    await s.create('f', pieces());
    const ends = await Promise.allSettled(
      Array.from({ length: 10 }, (_, i) => s.append('f', 0, pattern(50, i))),
    );
    const winners = ends.flatMap((end, i) => (end.status === 'fulfilled' ? [i] : []));
    equal(winners.length, 1, 'winners');
    for (const end of ends) if (end.status === 'rejected') equal(end.reason.code, 'Conflict', 'the losers');
    sameBytes(await s.read('f', 0, 50), pattern(50, winners[0] as number), 'the winner');
    equal((await s.list())[0]?.length, 50, 'length');
  });
  test('appends that were queued in order all succeed', async (s) => {
    await s.create('f', pieces());
    await Promise.all(Array.from({ length: 50 }, (_, i) => s.append('f', i * 10, pattern(10, i))));
    for (let i = 0; i < 50; i += 1)
      sameBytes(await s.read('f', i * 10, i * 10 + 10), pattern(10, i), `append ${i}`);
  });
}

function removing(test: Test): void {
  test('a removed file is gone, and its name free', async (s, session) => {
    await s.create('f', pieces(pattern(3 * MIB, 1)));
    await s.create('g', pieces(pattern(10, 2)));
    await s.remove('f');
    same(await s.list(), [{ name: 'g', length: 10 }], 'list');
    await rejects('Invalid', s.read('f', 0, 1), 'read');
    await rejects('Conflict', s.append('f', 3 * MIB, pattern(1, 1)), 'append');
    await s.create('f', pieces(pattern(20, 3)));
    sameBytes(await s.read('f', 0, 20), pattern(20, 3), 'the new one');
    await session.reopen();
    sameBytes(await session.storage.read('f', 0, 20), pattern(20, 3), 'after reopening');
    sameBytes(await session.storage.read('g', 0, 10), pattern(10, 2), 'the other');
  });
  test('an absent file may be removed', async (s) => {
    await s.remove('f');
    await s.create('f', pieces());
    await s.remove('f');
    await s.remove('f');
    same(await s.list(), [], 'list');
  });
  test('thirty files come and go', async (s, session) => {
    for (let i = 0; i < 30; i += 1) await s.create(`f-${i}`, pieces(pattern(i * 10, i)));
    for (let i = 0; i < 30; i += 3) await s.remove(`f-${i}`);
    for (let i = 1; i < 30; i += 3) await s.append(`f-${i}`, i * 10, pattern(5, 99));
    await session.reopen();
    const list = await session.storage.list();
    equal(list.length, 20, 'files');
    for (const { name, length } of list) {
      const i = Number(name.slice(2));
      equal(length, i * 10 + (i % 3 === 1 ? 5 : 0), name);
      sameBytes(await session.storage.read(name, 0, i * 10), pattern(i * 10, i), name);
    }
  });
}

async function* broken(size: number, cause: Error): AsyncGenerator<Uint8Array> {
  if (size > 0) yield pattern(size, 1);
  throw cause;
}
