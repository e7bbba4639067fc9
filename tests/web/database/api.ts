/** Every call of the API does what its documentation says. */

import { Collection, type Database, type ListOptions, type Metric } from 'lodestore';
import { assert, type Case, equal, type Failure, rejects, same } from '../check.js';
import { everywhere, type Place, type Session, unchanged } from './place.js';
import { columns, idsOf } from './rows.js';

export function apiCases(on: Place[]): Case[] {
  return [
    ...everywhere(on, 'collections are made, found, compared and dropped', collections),
    ...everywhere(on, 'rows and columns are written, replaced, read and deleted', writing),
    ...everywhere(on, 'list goes page by page, whatever the filter', paging),
    ...everywhere(on, 'update merges and replaces, by ids and by filter', updating),
    ...everywhere(on, 'scores and distances of the three metrics are those of hand calculation', metrics),
    ...everywhere(on, 'query gives what is asked for and no more', querying),
  ];
}

async function collections({ db }: Session): Promise<void> {
  same(await db.collections(), [], 'a new database');
  const model = { id: 'm', version: '1' };
  const made = await db.collection('one', { dimension: 3, metric: 'dot', model });
  assert(made instanceof Collection, 'a Collection');
  same([made.name, made.dimension, made.metric, made.model], ['one', 3, 'dot', model], 'getters');
  await db.collection('two', { dimension: 2 });
  const infos = await db.collections();
  const one = {
    name: 'one',
    dimension: 3,
    metric: 'dot',
    index: 'auto',
    quantization: 'int8',
    memory: 'full',
    hnsw: { m: 16, efConstruction: 200, ef: 64, seed: 1 },
    model,
    rows: 0,
    indexState: { kind: 'flat', nodes: 0, pending: 0, dead: 0, bytes: 0 },
  };
  same(infos[0], one, 'info of one');
  same([infos.length, infos[1]?.name, infos[1]?.metric], [2, 'two', 'cosine'], 'info of two');
  same(infos[1]?.model, undefined, 'no model tag');

  await made.upsert([{ id: 'a', vector: [1, 2, 3] }]);
  await unchanged(db, 'opening a collection', async () => {
    equal(await (await db.collection('one')).count(), 1, 'found by name');
    await db.collection('one', { dimension: 3, metric: 'dot', model });
    // What is left out is not compared.
    await db.collection('one', { dimension: 3 });
    const others: [string, Parameters<Database['collection']>[1], string, string][] = [
      ['dimension', { dimension: 4, metric: 'dot' }, '3', '4'],
      ['metric', { dimension: 3, metric: 'euclidean' }, 'dot', 'euclidean'],
      ['model id', { dimension: 3, metric: 'dot', model: { id: 'x', version: '1' } }, 'm', 'x'],
      ['model version', { dimension: 3, metric: 'dot', model: { id: 'm', version: '2' } }, '1', '2'],
    ];
    for (const [what, config, expected, got] of others) {
      const error = await rejects('Mismatch', db.collection('one', config), what);
      assert(Boolean(error.expected?.includes(expected)), `${what}: expected is ${error.expected}`);
      assert(Boolean(error.got?.includes(got)), `${what}: got is ${error.got}`);
    }
  });

  same((await db.dropCollection('one')).count, 1, 'rows dropped');
  same(
    (await db.collections()).map((info) => info.name),
    ['two'],
    'after the drop',
  );
  await rejects('Invalid', made.count(), 'the dropped collection');
  equal(await (await db.collection('one', { dimension: 5 })).count(), 0, 'made again, empty');
}

async function writing({ db }: Session): Promise<void> {
  const notes = await db.collection('notes', { dimension: 2, metric: 'dot' });
  const first = await notes.upsert([
    { id: 'a', vector: [1, 2], metadata: { k: 'first', n: null, list: [1, { x: 'ä' }] } },
    { id: 'b', vector: Float32Array.of(3, 4) },
  ]);
  equal(first.count, 2, 'rows written');
  same(
    await notes
      .get('a', { returnVectors: true })
      .then((row) => ({ ...row, vector: [...(row?.vector ?? [])] })),
    { id: 'a', seq: first.seq, metadata: { k: 'first', n: null, list: [1, { x: 'ä' }] }, vector: [1, 2] },
    'a row as stored',
  );
  equal((await notes.get('a'))?.vector, undefined, 'no vector unless asked for');
  same((await notes.get('b'))?.metadata, {}, 'metadata that was left out');
  equal(await notes.get('none'), undefined, 'an id that is not there');
  const several = await notes.get(['b', 'none', 'a', 'b'], { returnMetadata: false, returnVectors: true });
  same(
    several.map((row) => row && [row.id, row.metadata, [...(row.vector ?? [])]]),
    [['b', {}, [3, 4]], null, ['a', {}, [1, 2]], ['b', {}, [3, 4]]],
    'several, in their order',
  );
  const vector = several[0]?.vector as Float32Array;
  equal(vector.buffer.byteLength, 8, 'a vector owns its buffer');

  const flat = Float32Array.of(9, 9, 7, 8);
  const second = notes.upsert({ ids: ['a', 'c'], vectors: flat, metadata: [undefined, { n: 1 }] });
  // What was handed in is the caller's again when the call has returned.
  flat.fill(0);
  const { seq } = await second;
  assert(seq > first.seq, 'sequence numbers grow');
  const replaced = await notes.get('a', { returnVectors: true });
  same(
    [replaced?.metadata, [...(replaced?.vector ?? [])], replaced?.seq],
    [{}, [9, 9], seq],
    'replaced as a whole',
  );
  same(await idsOf(notes), ['a', 'b', 'c'], 'ids');
  const twice = [
    { id: 'd', vector: [1, 1], metadata: { v: 1 } },
    { id: 'd', vector: [2, 2], metadata: { v: 2 } },
  ];
  await notes.upsert(twice);
  same((await notes.get('d'))?.metadata, { v: 2 }, 'the last of two rows of one id');
  equal(await notes.count(), 4, 'rows');
  same((await notes.upsert([])).count, 0, 'no rows');

  same((await notes.delete(['a', 'none', 'a'])).count, 1, 'deleted by ids, each once');
  same((await notes.delete({ filter: { v: { $gte: 2 } } })).count, 1, 'deleted by filter');
  same((await notes.delete('b')).count, 1, 'deleted by id');
  const before = (await db.stats()).seq;
  same(await notes.delete({ ids: ['b'] }), { count: 0, seq: before }, 'nothing to delete is no write');
  same(await idsOf(notes), ['c'], 'what is left');
  same(
    (await notes.query([1, 1])).matches.map((match) => match.id),
    ['c'],
    'deleted rows are not found',
  );
}

async function paging({ db }: Session): Promise<void> {
  const notes = await db.collection('notes', { dimension: 2, metric: 'dot' });
  const rows = columns(250, 2, 1);
  await notes.upsert(rows);
  const first = await notes.list();
  same([first.rows.length, typeof first.cursor], [100, 'string'], 'pages have 100 rows unless asked');
  const filters: [ListOptions['filter'], number[]][] = [
    [undefined, rows.ids.map((_, i) => i)],
    [{ lang: 'en' }, rows.ids.map((_, i) => i).filter((i) => rows.metadata[i]?.['lang'] === 'en')],
    [{ n: { $lt: 0 } }, []],
  ];
  for (const [filter, expected] of filters) {
    for (const limit of [1, 7, 250, 10_000]) {
      const got: string[] = [];
      let cursor: string | undefined;
      let pages = 0;
      do {
        const page = await notes.list({ ...(filter && { filter }), limit, ...(cursor && { cursor }) });
        assert(page.rows.length <= limit, 'a page is no longer than its limit');
        assert(!('cursor' in page) || page.rows.length === limit, 'only a full page has a next one');
        got.push(...page.rows.map((row) => row.id));
        cursor = page.cursor;
        pages += 1;
      } while (cursor !== undefined);
      const what = `filter ${JSON.stringify(filter)}, limit ${limit}`;
      same(
        got,
        expected.map((i) => rows.ids[i]),
        what,
      );
      equal(pages, Math.max(1, Math.ceil(expected.length / limit)), `${what}: pages`);
      equal(await notes.count(filter), expected.length, `${what}: count`);
      if (pages > 100) break;
    }
  }
  const { rows: bare } = await notes.list({ limit: 1, returnMetadata: false, returnVectors: true });
  same([bare[0]?.metadata, bare[0]?.vector?.length], [{}, 2], 'fields as asked for');
}

async function updating({ db }: Session): Promise<void> {
  const notes = await db.collection('notes', { dimension: 1, metric: 'dot' });
  const row = (id: string, vector: number) => ({ id, vector: [vector], metadata: { a: 1, b: { c: 2 } } });
  await notes.upsert([row('x', 1), row('y', 2), row('z', 3)]);
  const of = async (id: string) => (await notes.get(id))?.metadata;

  equal((await notes.update('x', { b: { d: 3 }, n: null })).count, 1, 'merged one');
  same(await of('x'), { a: 1, b: { d: 3 }, n: null }, 'top-level keys replace, null stays null');
  equal((await notes.update(['x', 'none'], { e: 5 }, { mode: 'replace' })).count, 1, 'replaced one');
  same(await of('x'), { e: 5 }, 'the whole object');
  equal((await notes.update({ filter: { a: 1 } }, { a: 9 })).count, 2, 'by filter');
  same(
    [await of('y'), await of('z')],
    [
      { a: 9, b: { c: 2 } },
      { a: 9, b: { c: 2 } },
    ],
    'both',
  );
  equal((await notes.update({ ids: ['z', 'y'] }, [{ w: 'z' }, { w: 'y' }])).count, 2, 'one for each');
  same([(await of('y'))?.['w'], (await of('z'))?.['w']], ['y', 'z'], 'in the order of the ids');
  equal((await notes.update({ filter: {} }, { mode: 'replace' }, { mode: 'replace' })).count, 3, 'all');
  equal(await notes.count({ mode: 'replace' }), 3, 'found under the new value');
  equal(await notes.count({ a: { $exists: true } }), 0, 'and no more under the old');
  same([...((await notes.get('y', { returnVectors: true }))?.vector ?? [])], [2], 'the vector stays');
  same((await notes.update('none', { a: 1 })).count, 0, 'nothing there');
}

async function metrics({ db }: Session): Promise<void> {
  const rows = [
    { id: 'east', vector: [2, 0] },
    { id: 'north-east', vector: [3, 3] },
    { id: 'west', vector: [-1, 0] },
  ];
  const half = Math.SQRT1_2;
  // Score and distance of each row from [4, 0], best first.
  const expected: Record<Metric, [string, number, number][]> = {
    cosine: [
      ['east', 1, 0],
      ['north-east', half, 1 - half],
      ['west', -1, 2],
    ],
    dot: [
      ['north-east', 12, -12],
      ['east', 8, -8],
      ['west', -4, 4],
    ],
    euclidean: [
      ['east', -2, 2],
      ['north-east', -Math.sqrt(10), Math.sqrt(10)],
      ['west', -5, 5],
    ],
  };
  for (const metric of ['cosine', 'dot', 'euclidean'] as const) {
    const collection = await db.collection(metric, { dimension: 2, metric });
    await collection.upsert(rows);
    const { matches } = await collection.query([4, 0]);
    same(
      matches.map((match) => match.id),
      expected[metric].map(([id]) => id),
      `${metric}: order`,
    );
    for (const [i, [id, score, distance]] of expected[metric].entries()) {
      const match = matches[i] as (typeof matches)[number];
      assert(Math.abs(match.score - score) < 1e-6, `${metric} ${id}: score ${match.score}, not ${score}`);
      assert(Math.abs(match.distance - distance) < 1e-6, `${metric} ${id}: distance ${match.distance}`);
    }
  }
}

async function querying({ db }: Session): Promise<void> {
  const notes = await db.collection('notes', { dimension: 1, metric: 'dot' });
  const ids = Array.from({ length: 30 }, (_, i) => i);
  await notes.upsert(ids.map((i) => ({ id: `r${i}`, vector: [i], metadata: { i, odd: i % 2 === 1 } })));
  const found = async (options: Parameters<Collection['query']>[1]) =>
    (await notes.query([1], options)).matches.map((match) => match.score);
  same(await found({}), ids.slice(20).reverse(), '10 unless asked');
  same(await found({ topK: 2 }), [29, 28], 'topK');
  equal((await found({ topK: 10_000 })).length, 30, 'no more than there are');
  same(await found({ minScore: 27 }), [29, 28, 27], 'minScore takes its own value in');
  same(await found({ minScore: 100 }), [], 'none good enough');
  same(await found({ filter: { odd: true }, topK: 3 }), [29, 27, 25], 'filter');
  same(await found({ filter: { i: { $lt: 5 }, odd: true }, topK: 20 }), [3, 1], 'as many as match');
  same(await found({ filter: { i: 4 }, minScore: 4.5 }), [], 'filter and minScore');
  const [full] = (await notes.query(Float32Array.of(1), { topK: 1, returnVectors: true })).matches;
  same([full?.metadata, [...(full?.vector ?? [])]], [{ i: 29, odd: true }, [29]], 'with everything');
  const [bare] = (await notes.query([1], { topK: 1, returnMetadata: false })).matches;
  same(Object.keys(bare ?? {}).sort(), ['distance', 'id', 'score'], 'without anything');
  const aborted = AbortSignal.abort(new Error('enough'));
  const failure = await notes.query([1], { signal: aborted }).catch((error: Failure) => error.message);
  equal(failure, 'enough', 'the reason of an aborted signal');
}
