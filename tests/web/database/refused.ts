/** Bad input: a typed error that says what to do, and nothing changed. */

import { type Collection, type Database, deleteDatabase, LodestoreError, open } from 'lodestore';
import { assert, type Case, rejects } from '../check.js';
import { bytesOf, fresh, type Place, unchanged } from './place.js';

/** What is wrong, a call that does it, and whether the error names what was expected and what came. */
type Bad = [what: string, call: () => unknown, pair?: boolean];

const PAIR = true;

export function refusedCases(on: Place[]): Case[] {
  const tables: [string, (notes: Collection, db: Database) => Bad[]][] = [
    ['vectors', badVectors],
    ['ids', badIds],
    ['metadata', badMetadata],
    ['options', badOptions],
    ['filters', badFilters],
    ['types', badTypes],
    ['configurations', badConfigurations],
  ];
  const cases = on.flatMap((place) =>
    tables.map(([what, table]) => ({
      name: `${place.label}: bad ${what} are refused and change nothing`,
      run: () => refuse(place, table),
    })),
  );
  const closing = on.map((place) => ({
    name: `${place.label}: a closed database says Closed to every call`,
    run: () => closed(place),
  }));
  return [...cases, ...closing, { name: 'open and deleteDatabase refuse bad input', run: opening }];
}

async function refuse(place: Place, table: (notes: Collection, db: Database) => Bad[]): Promise<void> {
  await fresh(place, async ({ db }) => {
    const notes = await db.collection('notes', { dimension: 3 });
    await notes.upsert([
      { id: 'a', vector: [1, 0, 0], metadata: { n: 1, list: ['x'] } },
      { id: 'b', vector: [0, 1, 0], metadata: { n: 2 } },
    ]);
    await unchanged(db, 'after bad calls', async () => {
      for (const [what, call, pair] of table(notes, db)) await refused(what, call, pair);
    });
    // A refused write must not hold up or spoil the next one.
    const good = notes.upsert([{ id: 'c', vector: [0, 0, 1] }]);
    const bad = notes.upsert([{ id: 'd', vector: [NaN, 0, 1] }]);
    const after = notes.upsert([{ id: 'e', vector: [0, 0, 1] }]);
    await rejects('Invalid', bad, 'between good ones');
    await Promise.all([good, after]);
    assert((await notes.count()) === 4, 'the good ones are there');
  });
}

async function refused(what: string, call: () => unknown, pair = false, code = 'Invalid'): Promise<void> {
  const error = await rejects(code, (async () => call())(), what);
  assert(error instanceof LodestoreError, `${what}: a LodestoreError of this package`);
  // A sentence that begins like one and says more than that something is wrong.
  assert(error.message.split(' ').length >= 4, `${what}: says too little: ${error.message}`);
  const both = error.expected !== undefined && error.got !== undefined;
  assert(!pair || both, `${what}: expected ${error.expected}, got ${error.got}`);
}

function badVectors(notes: Collection): Bad[] {
  const upsert = (vector: unknown) => () => notes.upsert([{ id: 'x', vector: vector as number[] }]);
  const query = (vector: unknown) => () => notes.query(vector as number[]);
  const wrong: [string, unknown, boolean?][] = [
    ['too short', [1, 2], PAIR],
    ['too long', [1, 2, 3, 4], PAIR],
    ['empty', [], PAIR],
    ['NaN', [1, NaN, 3], PAIR],
    ['Infinity', [1, 2, Infinity], PAIR],
    ['beyond 32 bits', [1, 2, 1e39], PAIR],
    ['minus Infinity, typed', Float32Array.of(-Infinity, 0, 0), PAIR],
    ['zero', [0, 0, 0]],
    ['minus zero', Float32Array.of(0, -0, 0)],
    ['too short for a cosine', [1e-30, 0, 0], PAIR],
    ['strings', ['1', '2', '3'], PAIR],
    ['null in it', [1, null, 3], PAIR],
    ['holes', [1, , 3], PAIR],
    ['a string', '1,2,3', PAIR],
    ['undefined', undefined, PAIR],
    ['an object', { 0: 1, 1: 2, 2: 3, length: 3 }, PAIR],
    ['doubles', new Float64Array(3).fill(1), PAIR],
  ];
  const rows: Bad[] = wrong.flatMap(([what, vector, pair]) => [
    [`upsert of a vector: ${what}`, upsert(vector), pair],
    [`query with a vector: ${what}`, query(vector), pair],
  ]);
  const columns = (ids: unknown, vectors: unknown, metadata?: unknown) => () =>
    notes.upsert({ ids, vectors, ...(metadata === undefined ? {} : { metadata }) } as never);
  const good = { id: 'good', vector: [1, 1, 1] };
  return [
    ...rows,
    ['one bad row among good ones', () => notes.upsert([good, { id: 'x', vector: [0, 0, 0] }, good])],
    ['columns: too few numbers', columns(['x', 'y'], new Float32Array(5).fill(1)), PAIR],
    ['columns: too many numbers', columns(['x'], new Float32Array(6).fill(1)), PAIR],
    ['columns: NaN', columns(['x', 'y'], Float32Array.of(1, 1, 1, 1, NaN, 1)), PAIR],
    ['columns: an array of numbers', columns(['x'], [1, 1, 1])],
    ['columns: metadata of another length', columns(['x'], Float32Array.of(1, 1, 1), [{}, {}]), PAIR],
    ['columns: metadata that is no array', columns(['x'], Float32Array.of(1, 1, 1), {})],
  ];
}

function badIds(notes: Collection): Bad[] {
  const vector = [1, 1, 1];
  const upsert = (id: unknown) => () => notes.upsert([{ id: id as string, vector }]);
  return [
    ['empty', upsert(''), PAIR],
    ['513 bytes', upsert('x'.repeat(513)), PAIR],
    ['513 bytes of UTF-8', upsert('ä'.repeat(256) + 'x'), PAIR],
    ['a number', upsert(1), PAIR],
    ['undefined', upsert(undefined), PAIR],
    ['null', upsert(null), PAIR],
    ['among good ones', () => notes.upsert({ ids: ['x', ''], vectors: new Float32Array(6).fill(1) }), PAIR],
    ['get of a number', () => notes.get(5 as never), PAIR],
    ['get of numbers', () => notes.get([5] as never), PAIR],
    ['get of nothing', () => notes.get(undefined as never), PAIR],
    ['100,001 of them', () => notes.get(Array.from({ length: 100_001 }, (_, i) => `${i}`)), PAIR],
    ['delete of a number', () => notes.delete(7 as never)],
    ['delete of nothing', () => notes.delete(undefined as never)],
    ['delete of null', () => notes.delete(null as never)],
    ['delete of neither', () => notes.delete({} as never)],
    ['delete of both', () => notes.delete({ ids: ['a'], filter: { n: 1 } } as never)],
    ['delete with an undefined filter', () => notes.delete({ filter: undefined } as never)],
    ['delete by another word', () => notes.delete({ where: { n: 1 } } as never), PAIR],
  ];
}

function badMetadata(notes: Collection): Bad[] {
  const nest = (levels: number): unknown => (levels === 0 ? 1 : { x: nest(levels - 1) });
  const cyclic: Record<string, unknown> = {};
  cyclic['self'] = cyclic;
  const wrong: [string, unknown, boolean?][] = [
    ['17 levels', nest(17), PAIR],
    ['17 levels of arrays', { x: JSON.parse('['.repeat(16) + ']'.repeat(16)) }, PAIR],
    ['a cycle', cyclic, PAIR],
    ['more than 64 KiB', { text: 'x'.repeat(64 * 1024) }, PAIR],
    ['more than 64 KiB of UTF-8', { text: 'ä'.repeat(33 * 1024) }, PAIR],
    ['NaN', { n: NaN }, PAIR],
    ['Infinity, deep', { a: [{ b: -Infinity }] }, PAIR],
    ['undefined in an array', { a: [undefined] }, PAIR],
    ['a hole', { a: [1, , 2] }, PAIR],
    ['a function', { f: () => 1 }, PAIR],
    ['a bigint', { n: 1n }, PAIR],
    ['a symbol', { s: Symbol('x') }, PAIR],
    ['a symbol as a key', { [Symbol('x')]: 1 }],
    ['a Date', { d: new Date(0) }, PAIR],
    ['a Map', { m: new Map() }, PAIR],
    ['bytes', { b: new Uint8Array(2) }, PAIR],
    ['an instance', new (class Point {})(), PAIR],
    ['an array', [], PAIR],
    ['null', null, PAIR],
    ['a string', 'x', PAIR],
  ];
  const vector = [1, 1, 1];
  return [
    ...wrong.flatMap(([what, metadata, pair]): Bad[] => [
      [`upsert: ${what}`, () => notes.upsert([{ id: 'x', vector, metadata: metadata as never }]), pair],
      // An array is one object for each id, here none for one id.
      [`update: ${what}`, () => notes.update('a', metadata as never), pair],
    ]),
    [
      'merged beyond 64 KiB',
      async () => {
        const half = 'x'.repeat(40 * 1024);
        await notes.update('a', { x: half, y: half });
      },
      PAIR,
    ],
    ['update with too few', () => notes.update(['a', 'b', 'c'], [{}, {}]), PAIR],
    ['update by filter with several', () => notes.update({ filter: { n: 1 } }, [{}, {}]), PAIR],
    ['update with undefined', () => notes.update('a', undefined as never), PAIR],
  ];
}

function badOptions(notes: Collection, db: Database): Bad[] {
  const query = (options: unknown) => () => notes.query([1, 1, 1], options as never);
  const list = (options: unknown) => () => notes.list(options as never);
  const bounded: Bad[] = [0, -1, 10_001, 1e9, 1.5, NaN, Infinity, '5', null].flatMap((count): Bad[] => [
    [`topK ${count}`, query({ topK: count }), PAIR],
    [`limit ${count}`, list({ limit: count }), PAIR],
  ]);
  const unknown = { nonsense: 1 } as never;
  const long: [string, (options: never) => unknown][] = [
    ['query', (options) => notes.query([1, 1, 1], options)],
    ['get', (options) => notes.get('a', options)],
    ['list', (options) => notes.list(options)],
    ['update', (options) => notes.update('a', {}, options)],
    ['rebuild', (options) => notes.rebuild(options)],
    ['checkpoint', (options) => db.checkpoint(options)],
    ['check', (options) => db.check(options)],
    ['export', (options) => db.export(options)],
    ['import', (options) => db.import(new Uint8Array(), options)],
    ['collection', (options) => db.collection('notes', options)],
    ['a row', (options) => notes.upsert([Object.assign({ id: 'x', vector: [1, 1, 1] }, options)])],
    ['columns', (options) => notes.upsert(Object.assign({ ids: [], vectors: new Float32Array() }, options))],
  ];
  return [
    ...bounded,
    ...long.flatMap(([what, call]): Bad[] => [
      [`${what}: an unknown option`, () => call(unknown), PAIR],
      [`${what}: the name of something inherited`, () => call({ toString: 1 } as never), PAIR],
    ]),
    ...long.slice(0, 10).map(([what, call]): Bad => [`${what}: null`, () => call(null as never)]),
    ['repair as a number', () => db.check({ repair: 1 as never }), PAIR],
    ['minScore NaN', query({ minScore: NaN }), PAIR],
    ['minScore as text', query({ minScore: '0.5' }), PAIR],
    ['returnMetadata as a number', query({ returnMetadata: 1 }), PAIR],
    ['returnVectors as text', list({ returnVectors: 'yes' }), PAIR],
    ['a signal that is none', query({ signal: {} }), PAIR],
    ['a cursor that is a number', list({ cursor: 5 }), PAIR],
    ['a mode that is not there', () => notes.update('a', {}, { mode: 'upsert' as never }), PAIR],
    ['progress that is no function', () => db.checkpoint({ onProgress: 1 as never }), PAIR],
    ['replace as text', () => db.import(new Uint8Array(), { replace: 'yes' as never }), PAIR],
    ['batchSize 0', () => notes.rebuild({ config: { metric: 'dot' }, batchSize: 0 }), PAIR],
    ['import of a string', () => db.import('archive' as never)],
    ['import of nothing', () => db.import(undefined as never)],
  ];
}

function badFilters(notes: Collection): Bad[] {
  const wrong: [unknown, boolean?][] = [
    [{ n: { $regex: 'x' } }, PAIR],
    [{ n: { $EQ: 1 } }, PAIR],
    [{ $xor: [] }, PAIR],
    [{ $eq: 1 }, PAIR],
    [{ $and: [] }, PAIR],
    [{ $or: { n: 1 } }, PAIR],
    [{ $not: [{ n: 1 }] }, PAIR],
    [{ n: {} }, PAIR],
    [{ n: [1] }, PAIR],
    [{ n: { x: 1 } }, PAIR],
    [{ n: { $eq: [1] } }, PAIR],
    [{ n: { $in: 1 } }, PAIR],
    [{ n: { $in: [[1]] } }, PAIR],
    [{ n: { $nin: 'x' } }, PAIR],
    [{ n: { $gt: null } }, PAIR],
    [{ n: { $lt: true } }, PAIR],
    [{ n: { $exists: 1 } }, PAIR],
    [{ n: { $contains: ['x'] } }, PAIR],
    [{ n: { $startsWith: 1 } }, PAIR],
    [{ n: { $not: 1 } }, PAIR],
    [{ n: undefined }, PAIR],
    [{ n: NaN }, PAIR],
    [{ n: { $gte: new Date(0) } }, PAIR],
    [{ n: { $in: Array.from({ length: 10_001 }, (_, i) => i) } }, PAIR],
    [{ $and: [{ n: 1 }, { n: { $gt: false } }] }, PAIR],
    [JSON.parse('{"$not":'.repeat(17) + '{}' + '}'.repeat(17)), PAIR],
    [[], PAIR],
    [null, PAIR],
    ['n = 1', PAIR],
    [5, PAIR],
  ];
  return wrong.flatMap(([filter, pair]): Bad[] => {
    const what = (JSON.stringify(filter) ?? 'undefined').slice(0, 60);
    const bad = filter as never;
    return [
      [`query ${what}`, () => notes.query([1, 1, 1], { filter: bad }), pair],
      [`list ${what}`, () => notes.list({ filter: bad }), pair],
      [`count ${what}`, () => notes.count(bad), pair],
      [`update ${what}`, () => notes.update({ filter: bad }, { x: 1 }), pair],
      [`delete ${what}`, () => notes.delete({ filter: bad }), pair],
    ];
  });
}

function badTypes(notes: Collection): Bad[] {
  return [
    ['upsert of nothing', () => notes.upsert(undefined as never)],
    ['upsert of null', () => notes.upsert(null as never)],
    ['upsert of a number', () => notes.upsert(5 as never)],
    ['upsert of text', () => notes.upsert('rows' as never)],
    ['rows that are numbers', () => notes.upsert([1, 2] as never)],
    ['rows that are null', () => notes.upsert([null] as never)],
    ['rows that are missing', () => notes.upsert([, ,] as never)],
    ['columns without ids', () => notes.upsert({ vectors: new Float32Array(3) } as never)],
    ['columns without vectors', () => notes.upsert({ ids: ['x'] } as never)],
    ['one row without its array', () => notes.upsert({ id: 'x', vector: [1, 1, 1] } as never)],
  ];
}

function badConfigurations(notes: Collection, db: Database): Bad[] {
  const make =
    (config: unknown, name: unknown = 'other') =>
    () =>
      db.collection(name as never, config as never);
  const rebuild = (config: unknown) => () => notes.rebuild({ config } as never);
  const dimension = (value: unknown) => make({ dimension: value });
  return [
    ...[0, -3, 16_385, 1.5, NaN, '3', null].map((n): Bad => [`dimension ${n}`, dimension(n), PAIR]),
    ['no dimension', make({ metric: 'dot' })],
    ['a metric that is not there', make({ dimension: 3, metric: 'manhattan' }), PAIR],
    ['an index that is not there', make({ dimension: 3, index: 'ivf' }), PAIR],
    ['a quantization that is not there', make({ dimension: 3, quantization: 'int4' }), PAIR],
    ['a model that is text', make({ dimension: 3, model: 'm' }), PAIR],
    ['a model without version', make({ dimension: 3, model: { id: 'm' } })],
    ['a model with an empty id', make({ dimension: 3, model: { id: '', version: '1' } }), PAIR],
    ['a model with a long id', make({ dimension: 3, model: { id: 'm'.repeat(257), version: '1' } }), PAIR],
    ['a model with a further field', make({ dimension: 3, model: { id: 'm', version: '1', x: 1 } }), PAIR],
    ['a collection that is not there', make(undefined), PAIR],
    ['no name', make({ dimension: 3 }, ''), PAIR],
    ['a name that is a number', make({ dimension: 3 }, 5), PAIR],
    ['a name of 129 bytes', make({ dimension: 3 }, 'x'.repeat(129)), PAIR],
    ['a name with a control character', make({ dimension: 3 }, 'a\u0000b'), PAIR],
    ['dropping what is not there', () => db.dropCollection('other'), PAIR],
    ['dropping a number', () => db.dropCollection(5 as never), PAIR],
    ['a rebuild of nothing', () => notes.rebuild({} as never)],
    ['a rebuild without options', () => notes.rebuild(undefined as never)],
    ['a rebuild for another dimension without embed', rebuild({ dimension: 4 })],
    ['a rebuild for another model without embed', rebuild({ model: { id: 'm', version: '1' } })],
    ['a rebuild with a metric that is not there', rebuild({ metric: 'x' }), PAIR],
  ];
}

async function closed(place: Place): Promise<void> {
  await fresh(place, async ({ db }) => {
    const notes = await db.collection('notes', { dimension: 3 });
    const archive = await bytesOf(db.export());
    await db.close();
    await db.close();
    const calls: Bad[] = [
      ['collection', () => db.collection('notes')],
      ['collections', () => db.collections()],
      ['dropCollection', () => db.dropCollection('notes')],
      ['upsert', () => notes.upsert([{ id: 'a', vector: [1, 1, 1] }])],
      ['query', () => notes.query([1, 1, 1])],
      ['get', () => notes.get('a')],
      ['list', () => notes.list()],
      ['count', () => notes.count()],
      ['update', () => notes.update('a', {})],
      ['delete', () => notes.delete('a')],
      ['rebuild', () => notes.rebuild({ config: { metric: 'dot' } })],
      ['stats of a collection', () => notes.stats()],
      ['stats', () => db.stats()],
      ['checkpoint', () => db.checkpoint()],
      ['check', () => db.check()],
      ['export', () => bytesOf(db.export())],
      ['import', () => db.import(archive)],
    ];
    for (const [what, call] of calls) await refused(what, call, false, 'Closed');
  });
}

async function opening(): Promise<void> {
  const bad =
    (options: unknown, name: unknown = 'never') =>
    () =>
      open(name as never, options as never);
  const five = { list: 1, read: 1, create: 1, append: 1, remove: 1 };
  const calls: Bad[] = [
    ['no name', bad({ storage: 'memory' }, ''), PAIR],
    ['a name of 129 bytes', bad({ storage: 'memory' }, 'x'.repeat(129)), PAIR],
    ['a name that is a number', bad({ storage: 'memory' }, 5), PAIR],
    ['a name with half a pair', bad({ storage: 'memory' }, '\ud800'), PAIR],
    ['an unknown option', bad({ storag: 'memory' }), PAIR],
    ['options that are text', bad('memory'), PAIR],
    ['a storage that is not there', bad({ storage: 'localstorage' }), PAIR],
    ['a storage without verbs', bad({ storage: {} }), PAIR],
    ['a storage whose verbs are numbers', bad({ storage: five }), PAIR],
    ['a durability that is not there', bad({ storage: 'memory', durability: 'hard' }), PAIR],
    ['worker as text', bad({ storage: 'memory', worker: 'yes' }), PAIR],
    ['salvage as text', bad({ storage: 'memory', salvage: 'yes' as never }), PAIR],
    ['checkpointLogBytes 0', bad({ storage: 'memory', checkpointLogBytes: 0 }), PAIR],
    ['checkpointLogBytes 1.5', bad({ storage: 'memory', checkpointLogBytes: 1.5 }), PAIR],
    ['delete without a name', () => deleteDatabase('', { storage: 'memory' }), PAIR],
    ['delete with an unknown option', () => deleteDatabase('x', { durability: 'strict' } as never), PAIR],
    ['delete of a storage that is not there', () => deleteDatabase('x', { storage: 'disk' as never }), PAIR],
  ];
  for (const [what, call, pair] of calls) await refused(what, call, pair);
}
