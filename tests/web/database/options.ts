/** Options of searching: how a collection is configured for it, and how a query asks. */

import type { Collection, CollectionConfig, Database, QueryResult } from 'lodestore';
import { assert, type Case, equal, type Failure, rejects, same } from '../check.js';
import { everywhere, type Place, type Session, unchanged } from './place.js';
import { columns, vectors } from './rows.js';

export function optionCases(all: Place[], first: Place[]): Case[] {
  return [
    ...everywhere(all, 'a configuration is kept, compared where it is given, and no further', configured),
    ...everywhere(all, 'a rebuild in place changes index, quantization and their settings', reconfigured),
    ...everywhere(first, 'configurations and options out of bounds are refused', refused),
    ...everywhere(all, 'queryMany gives what query gives one by one', many),
    ...everywhere(all, 'explain says how a query was answered', explained),
  ];
}

const HNSW = { m: 16, efConstruction: 200, ef: 64, seed: 1 };

async function configured(session: Session): Promise<void> {
  const { db } = session;
  const settings = async (on: Database, name: string) => {
    const { index, quantization, memory, hnsw, oversample } = await (await on.collection(name)).stats();
    return [index, quantization, memory, hnsw, oversample];
  };
  await db.collection('auto', { dimension: 2 });
  await db.collection('flat', { dimension: 2, index: 'flat' });
  await db.collection('graph', { dimension: 2, index: 'hnsw', hnsw: { m: 8, seed: 4_294_967_295 } });
  const own: CollectionConfig = {
    dimension: 2,
    index: 'hnsw',
    quantization: 'binary',
    memory: 'full',
    hnsw: { m: 2, efConstruction: 8, ef: 10_000, seed: 0 },
    oversample: 1_000,
  };
  await db.collection('own', own);
  const expected: [string, unknown[]][] = [
    ['auto', ['auto', 'int8', 'full', HNSW, undefined]],
    ['flat', ['flat', 'none', 'full', HNSW, undefined]],
    ['graph', ['hnsw', 'int8', 'full', { ...HNSW, m: 8, seed: 4_294_967_295 }, undefined]],
    ['own', ['hnsw', 'binary', 'full', own.hnsw, 1_000]],
  ];
  for (const [name, is] of expected) same(await settings(db, name), is, name);

  await unchanged(db, 'opening with a part of the configuration', async () => {
    await db.collection('own', { dimension: 2 });
    await db.collection('own', own);
    await db.collection('own', { dimension: 2, hnsw: { ef: 10_000 } });
    await db.collection('flat', { dimension: 2, quantization: 'none' });
    const others: [string, Partial<CollectionConfig>, string, string][] = [
      ['index', { index: 'flat' }, 'hnsw', 'flat'],
      ['quantization', { quantization: 'int8' }, 'binary', 'int8'],
      ['memory', { memory: 'codes' }, 'full', 'codes'],
      ['hnsw.m', { hnsw: { m: 16 } }, '2', '16'],
      ['hnsw.efConstruction', { hnsw: { m: 2, efConstruction: 200 } }, '8', '200'],
      ['hnsw.ef', { hnsw: { ef: 64 } }, '10000', '64'],
      ['hnsw.seed', { hnsw: { seed: 1 } }, '0', '1'],
      ['oversample', { oversample: 4 }, '1000', '4'],
    ];
    for (const [what, other, stored, asked] of others) {
      const error = await rejects('Mismatch', db.collection('own', { dimension: 2, ...other }), what);
      assert(error.message.includes('rebuild'), `${what}: it says what to do: ${error.message}`);
      same([error.expected, error.got], [`${what} ${stored} (stored)`, `${asked} (asked for)`], what);
    }
  });

  // Of two calls at once the later one leaves out what the earlier one is about to store.
  const [made, found] = await Promise.all([
    db.collection('at once', { dimension: 2, index: 'flat' }),
    db.collection('at once', { dimension: 2 }),
  ]);
  same([made.name, found.name], ['at once', 'at once'], 'two calls at once');
  same(await settings(db, 'at once'), ['flat', 'none', 'full', HNSW, undefined], 'at once');

  if (!session.place.keeps) return;
  for (const when of ['from the log', 'from the snapshot']) {
    const again = await session.reopen();
    for (const [name, is] of expected) same(await settings(again, name), is, `${name} ${when}`);
    await again.collection('own', { dimension: 2 });
    await again.checkpoint();
  }
}

async function reconfigured(session: Session): Promise<void> {
  const notes = await session.db.collection('notes', { dimension: 4, index: 'flat' });
  await notes.upsert(columns(50, 4, 1));
  const query = vectors(1, 4, 7);
  const ids = async (from: Collection) => (await from.query(query)).matches.map((match) => match.id);
  const before = await ids(notes);
  const steps: [Partial<CollectionConfig>, unknown[]][] = [
    [{ index: 'hnsw', quantization: 'int8' }, ['hnsw', 'int8', HNSW, undefined]],
    [{ hnsw: { ef: 100 } }, ['hnsw', 'int8', { ...HNSW, ef: 100 }, undefined]],
    [{ oversample: 8, hnsw: { m: 8 } }, ['hnsw', 'int8', { ...HNSW, ef: 100, m: 8 }, 8]],
    [{ index: 'flat', quantization: 'none' }, ['flat', 'none', { ...HNSW, ef: 100, m: 8 }, 8]],
  ];
  for (const [config, is] of steps) {
    const info = await notes.rebuild({ config });
    const what = JSON.stringify(config);
    same([info.index, info.quantization, info.hnsw, info.oversample], is, what);
    same(await ids(notes), before, `results after ${what}`);
  }
  await unchanged(session.db, 'what it is already', () => notes.rebuild({ config: { oversample: 8 } }));
  await unchanged(session.db, 'codes of nothing', async () => {
    const error = await rejects('Invalid', notes.rebuild({ config: { memory: 'codes' } }), 'codes');
    assert(error.message.includes("'int8' or 'binary'"), `it says what is missing: ${error.message}`);
  });
  // Two at once change what they name and nothing else.
  await Promise.all([
    notes.rebuild({ config: { oversample: 9 } }),
    notes.rebuild({ config: { hnsw: { ef: 7 } } }),
  ]);
  const { oversample, hnsw } = await notes.stats();
  same([oversample, hnsw.ef, hnsw.m], [9, 7, 8], 'two at once');
  if (!session.place.keeps) return;
  const again = await (await session.reopen()).collection('notes', { dimension: 4, oversample: 9 });
  same(await ids(again), before, 'after reopening');
}

async function refused({ db }: Session): Promise<void> {
  const notes = await db.collection('notes', { dimension: 2 });
  await notes.upsert(columns(3, 2, 1));
  const configs: object[] = [
    { index: 'ivf' },
    { index: 1 },
    { quantization: 'int4' },
    { quantization: true },
    { memory: 'disk' },
    { memory: 'codes', index: 'flat' },
    { memory: 'codes', quantization: 'none' },
    { oversample: 0 },
    { oversample: 1_001 },
    { oversample: 1.5 },
    { hnsw: null },
    { hnsw: 16 },
    { hnsw: [16] },
    { hnsw: { M: 16 } },
    ...[1, 65, 2.5, '16', null, NaN].map((m) => ({ hnsw: { m } })),
    ...[7, 2_001].map((efConstruction) => ({ hnsw: { efConstruction } })),
    ...[0, 10_001].map((ef) => ({ hnsw: { ef } })),
    ...[-1, 4_294_967_296, 0.5].map((seed) => ({ hnsw: { seed } })),
  ];
  const options: object[] = [
    ...[0, 10_001, -1, 2.5, '64', null, NaN].map((ef) => ({ ef })),
    ...[0, 1_001, -1, 2.5, '4', null, Infinity].map((oversample) => ({ oversample })),
    ...[1, 'yes', null].flatMap((word) => [{ exact: word }, { explain: word }]),
    { Exact: true },
  ];
  const both = (error: Failure) => error.expected !== undefined && error.got !== undefined;
  await unchanged(db, 'what is refused', async () => {
    for (const config of configs) {
      const what = `configuration ${JSON.stringify(config)}`;
      const error = await rejects('Invalid', db.collection('new', { dimension: 2, ...config }), what);
      assert(both(error) || what.includes('[16]'), `${what}: expected ${error.expected}, got ${error.got}`);
    }
    for (const option of options) {
      const what = `option ${JSON.stringify(option)}`;
      assert(both(await rejects('Invalid', notes.query([1, 1], option), what)), `query: ${what}`);
      assert(both(await rejects('Invalid', notes.queryMany([[1, 1]], option), what)), `queryMany: ${what}`);
    }
    const queries: [string, unknown][] = [
      ['no vectors', undefined],
      ['null', null],
      ['one bare vector', [1, 1]],
      ['one that is short among good ones', [[1, 1], [1], [1, 1]]],
      ['half a vector at the end', Float32Array.of(1, 1, 1)],
      ['NaN in the second', Float32Array.of(1, 1, 1, NaN)],
      [
        'zero in the second',
        [
          [1, 1],
          [0, 0],
        ],
      ],
      ['a hole', [[1, 1], , [1, 1]]],
      ['doubles', new Float64Array(4).fill(1)],
    ];
    for (const [what, wrong] of queries) {
      await rejects('Invalid', notes.queryMany(wrong as Float32Array), `queryMany of ${what}`);
    }
    const second = await rejects('Invalid', notes.queryMany(Float32Array.of(1, 1, 0, 0)), 'zero');
    assert(second.message.includes('vector 1'), `it says which: ${second.message}`);
    const large = new Float32Array(2 * 101).fill(1);
    const error = await rejects('Invalid', notes.queryMany(large, { topK: 10_000 }), 'too many matches');
    assert(both(error) && error.message.includes('split'), `it says what to do: ${error.message}`);
  });
  const aborted = AbortSignal.abort(new Error('enough'));
  const failure = await notes
    .queryMany([[1, 1]], { signal: aborted })
    .catch((caught: Failure) => caught.message);
  equal(failure, 'enough', 'the reason of an aborted signal');
}

async function many({ db }: Session): Promise<void> {
  const notes = await db.collection('notes', { dimension: 5, metric: 'euclidean' });
  await notes.upsert(columns(200, 5, 1));
  const flat = vectors(7, 5, 9);
  const each = Array.from({ length: 7 }, (_, i) => flat.slice(i * 5, i * 5 + 5));
  const all = [
    {},
    { topK: 3, returnMetadata: false, explain: true },
    { topK: 4, returnVectors: true },
    { topK: 20, filter: { n: { $lt: 6 } } },
    { minScore: 1 },
    { exact: true, ef: 3, oversample: 2 },
  ];
  const plain = (results: QueryResult[]) =>
    results.map(({ matches, explain }) => [
      matches.map(({ vector, ...match }) => ({ ...match, vector: vector && [...vector] })),
      explain,
    ]);
  for (const options of all) {
    const what = JSON.stringify(options);
    const one: QueryResult[] = [];
    for (const vector of each) one.push(await notes.query(vector, options));
    const together = await notes.queryMany(each, options);
    same(plain(together), plain(one), what);
    same(plain(await notes.queryMany(flat, options)), plain(one), `${what}, as one array`);
    const numbers = each.map((vector) => [...vector]);
    same(plain(await notes.queryMany(numbers, options)), plain(one), `${what}, as numbers`);
  }
  equal((await notes.queryMany(flat, { topK: 2 }))[6]?.matches.length, 2, 'matches of the last');
  same(await notes.queryMany([]), [], 'of no vectors');
  same(
    plain(await notes.queryMany([each[0] as Float32Array])),
    plain([await notes.query(each[0] as Float32Array)]),
    'of one',
  );
  const [first] = await notes.queryMany(flat, { returnVectors: true });
  const own = first?.matches[0]?.vector;
  equal(own?.byteLength, own?.buffer.byteLength, 'each vector has its own buffer');
}

async function explained({ db }: Session): Promise<void> {
  const notes = await db.collection('notes', { dimension: 3, index: 'flat' });
  await notes.upsert(columns(40, 3, 1));
  equal((await notes.query([1, 1, 1])).explain, undefined, 'unless asked');
  const plain = (await notes.query([1, 1, 1], { explain: true, exact: true })).explain;
  assert(typeof plain?.reason === 'string' && plain.reason.length > 5, `a reason: ${plain?.reason}`);
  same(
    { ...plain, reason: '' },
    { plan: 'exact', reason: '', rows: 40, compared: 40, rescored: 0, pending: 0 },
    'exact',
  );
  const filter = { n: { $lt: 10 } };
  const filtered = (await notes.query([1, 1, 1], { explain: true, exact: true, filter, topK: 3 })).explain;
  same([filtered?.plan, filtered?.rows, filtered?.matches], ['exact', 40, 10], 'with a filter');
}
