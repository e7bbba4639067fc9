/** Rebuilding: in place, with new vectors, beside writes, and given up. */

import type { Collection, EmbedRow, Progress } from 'lodestore';
import { assert, type Case, equal, type Failure, rejects, same } from '../check.js';
import { contents, everywhere, type Place, type Session, unchanged } from './place.js';
import { columns } from './rows.js';

export function rebuildCases(all: Place[]): Case[] {
  return [
    ...everywhere(all, 'a rebuild in place changes the metric, or nothing', inPlace),
    ...everywhere(all, 'a rebuild with embed changes model and dimension beside writes', embedding),
    ...everywhere(all, 'a rebuild that fails or is aborted changes nothing', failing),
  ];
}

async function inPlace(session: Session): Promise<void> {
  const notes = await session.db.collection('notes', { dimension: 2, metric: 'dot' });
  await notes.upsert([
    { id: 'long', vector: [5, 5] },
    { id: 'near', vector: [1, 0] },
    { id: 'zero', vector: [0, 0] },
  ]);
  const best = async (from: Collection) => (await from.query([1, 0], { topK: 1 })).matches[0]?.id;
  equal(await best(notes), 'long', 'under dot');
  await unchanged(session.db, 'a metric that the rows do not fit', async () => {
    const error = await rejects('Invalid', notes.rebuild({ config: { metric: 'cosine' } }), 'a zero vector');
    assert(error.message.includes('zero'), `it names the row: ${error.message}`);
  });
  const info = await notes.rebuild({ config: { metric: 'euclidean' } });
  same([info.metric, info.rows, notes.metric], ['euclidean', 3, 'euclidean'], 'info');
  equal(await best(notes), 'near', 'under euclidean');
  await notes.delete('zero');
  await session.db.checkpoint();
  await notes.rebuild({ config: { metric: 'cosine' } });
  equal(await best(notes), 'near', 'under cosine');
  await unchanged(session.db, 'what it is already', () => notes.rebuild({ config: { metric: 'cosine' } }));
  if (!session.place.keeps) return;
  const again = await (await session.reopen()).collection('notes', { dimension: 2, metric: 'cosine' });
  equal(await best(again), 'near', 'after reopening');
}

/** What the new model makes of a row: it depends on the metadata, so that stale rows show. */
const made = (row: EmbedRow): number[] => [
  Number(row.metadata['n']) + 1,
  row.id.length,
  Number(row.metadata['v'] ?? 0),
];

async function embedding(session: Session): Promise<void> {
  const { db } = session;
  const notes = await db.collection('notes', { dimension: 4, model: { id: 'old', version: '1' } });
  const second = await db.collection('notes');
  await notes.upsert(columns(300, 4, 1));
  const sizes: number[] = [];
  const steps: Progress[] = [];
  let calls = 0;
  const embed = async (rows: EmbedRow[]): Promise<Float32Array> => {
    calls += 1;
    sizes.push(rows.length);
    // Behind, among and ahead of the rows that were handed out.
    if (calls === 2) {
      await second.update(['row-00000', 'row-00200'], { v: 7 });
      await second.upsert({ ...columns(1, 4, 2, 1), metadata: [{ n: 1, v: 8 }] });
      await second.upsert(columns(40, 4, 3, 1000));
    }
    if (calls === 3) await second.delete(['row-00002', 'row-00100', 'row-00299']);
    if (calls === 4) await second.delete({ filter: { n: { $gte: 1000, $lt: 1010 } } });
    // The old rows answer until the switch.
    const { matches } = await second.query([1, 0, 0, 0], { topK: 1 });
    equal(matches.length, 1, 'old rows answer');
    return Float32Array.from(rows.flatMap(made));
  };
  const config = { dimension: 3, metric: 'dot', model: { id: 'new', version: '2' } } as const;
  const info = await notes.rebuild({ config, embed, batchSize: 50, onProgress: (step) => steps.push(step) });
  same([info.dimension, info.metric, info.model, info.rows], [3, 'dot', config.model, 327], 'info');
  assert(calls >= 7 && Math.max(...sizes) === 50, `calls: ${sizes.join()}`);
  for (const step of steps) assert(step.done <= step.total, `progress ${JSON.stringify(step)}`);
  const last = steps.filter((step) => step.phase === 'embed').at(-1);
  same([last?.done, last?.total], [327, 327], 'progress at the end');

  const check = async (collection: Collection, what: string): Promise<void> => {
    let rows = 0;
    for await (const row of collection.listAll({ returnVectors: true })) {
      same([...(row.vector ?? [])], made(row), `${what}: ${row.id}`);
      rows += 1;
    }
    equal(rows, 327, what);
    same((await collection.get('row-00000'))?.metadata['v'], 7, `${what}: written meanwhile`);
    equal(await collection.get('row-00100'), undefined, `${what}: deleted meanwhile`);
    const { matches } = await collection.query([1, 0, 0], { topK: 2 });
    same(
      matches.map((match) => match.id),
      ['row-01039', 'row-01038'],
      `${what}: found`,
    );
  };
  await check(notes, 'the same handle');
  await check(second, 'the other handle');
  equal(second.dimension, 3, 'dimension of the other handle');
  await notes.upsert([{ id: 'row-01039', vector: [1040, 9, 0], metadata: { n: 1039 } }]);
  equal((await db.collections()).length, 1, 'the staged collection is not seen');
  await rejects('Mismatch', db.collection('notes', { dimension: 4 }), 'as it was');
  await check(await db.collection('notes', config), 'a new handle');
  if (session.place.keeps)
    await check(await (await session.reopen()).collection('notes', config), 'reopened');
  same((await session.db.check()).problems, [], 'problems');
}

async function failing(session: Session): Promise<void> {
  const { db } = session;
  const notes = await db.collection('notes', { dimension: 2, model: { id: 'm', version: '1' } });
  await notes.upsert(columns(100, 2, 1));
  const before = await contents(db);
  const reason = new Error('the model is gone');
  const config = { dimension: 3, model: { id: 'm', version: '2' } };
  const good = async (rows: EmbedRow[]) => new Float32Array(rows.length * 3).fill(1);
  const run = (embed: unknown, signal?: AbortSignal) =>
    notes.rebuild({ config, embed: embed as never, batchSize: 30, ...(signal && { signal }) });
  const after = async (what: string): Promise<void> => {
    equal(await contents(db), before, `${what}: contents`);
    equal((await notes.query([1, 0], { topK: 1 })).matches.length, 1, `${what}: the old rows answer`);
  };
  const throws = async (work: Promise<unknown>, what: string): Promise<void> => {
    const got = await work.then(
      () => 'no error',
      (error: unknown) => error,
    );
    assert(got === reason, `${what}: ${String(got)}`);
    await after(what);
  };
  let calls = 0;
  await throws(
    run(() => Promise.reject(reason)),
    'embed rejects',
  );
  await throws(
    run(() => {
      throw reason;
    }),
    'embed throws',
  );
  await throws(
    run((rows: EmbedRow[]) => (++calls === 3 ? Promise.reject(reason) : good(rows))),
    'the third fails',
  );
  await throws(run(good, AbortSignal.abort(reason)), 'aborted before');
  const controller = new AbortController();
  const silent = () => new Promise(() => controller.abort(reason));
  await throws(run(silent, controller.signal), 'aborted while embed is silent');

  const wrong: [string, unknown][] = [
    ['too few', async () => new Float32Array(3)],
    ['too many', async (rows: EmbedRow[]) => new Float32Array(rows.length * 3 + 1).fill(1)],
    ['an array', async (rows: EmbedRow[]) => rows.map(() => [1, 1, 1])],
    ['nothing', async () => undefined],
    ['NaN', async (rows: EmbedRow[]) => new Float32Array(rows.length * 3).fill(NaN)],
    ['zeros under cosine', async (rows: EmbedRow[]) => new Float32Array(rows.length * 3)],
  ];
  for (const [what, embed] of wrong) {
    await rejects('Invalid', run(embed), `embed gives ${what}`);
    await after(what);
  }

  let second: Failure | undefined;
  await run(async (rows: EmbedRow[]) => {
    second ??= await rejects('Conflict', run(good), 'a second rebuild beside the first');
    return good(rows);
  });
  equal(notes.dimension, 3, 'the first goes on');

  // Left alone in the middle: the next opening drops what was staged.
  const changed = await contents(db);
  let closing: Promise<void> | undefined;
  const left = notes.rebuild({
    config: { dimension: 2, model: { id: 'm', version: '3' } },
    embed: async (rows) => {
      closing = db.close();
      return new Float32Array(rows.length * 2).fill(1);
    },
  });
  await rejects('Closed', left, 'closed in the middle');
  await closing;
  if (session.place.keeps) equal(await contents(await session.reopen()), changed, 'after reopening');
}
