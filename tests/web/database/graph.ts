/** Collections with a graph: what they answer before it is built, with it, and when it comes from storage. */

import type { Collection, CollectionConfig, Database, Filter, Progress, QueryResult } from 'lodestore';
import { assert, type Case, equal, same } from '../check.js';
import { everywhere, type Place, type Session } from './place.js';
import { columns, vectors } from './rows.js';

const DIMENSION = 16;
/** So many that a narrow search of the graph costs less than a scan, and the planner takes it. */
const ROWS = 4000;
const CONFIG: CollectionConfig = {
  dimension: DIMENSION,
  index: 'hnsw',
  quantization: 'int8',
  hnsw: { efConstruction: 100 },
};
/** A search of the graph. */
/** Distances among rows of sixteen numbers grow fast, so that half as many are compared for most queries. */
const NARROW = { ef: 30 };
const QUERIES = vectors(20, DIMENSION, 99);
const ROW = columns(ROWS, DIMENSION, 1);

export function graphCases(all: Place[]): Case[] {
  return [
    ...everywhere(all, 'a graph is built beside the rows, and then answers', built),
    ...everywhere(all, 'building a graph stops when it is aborted', stopped),
    ...everywhere(all, 'a graph is stored, opened, and swept', kept),
  ];
}

async function filled(db: Database): Promise<Collection> {
  const notes = await db.collection('notes', CONFIG);
  await notes.upsert(ROW);
  return notes;
}

const ids = ({ matches }: QueryResult): string[] => matches.map((match) => match.id);

/** Asked by its own vector, every row is the first match. Returns how each was answered. */
async function eachFirst(notes: Collection, rows: typeof ROW, ef: number | undefined, what: string) {
  const results = await notes.queryMany(rows.vectors, {
    topK: 1,
    returnMetadata: false,
    explain: true,
    ...(ef && { ef }),
  });
  equal(results.length, rows.ids.length, `${what}: answers`);
  results.forEach((result, i) => equal(result.matches[0]?.id, rows.ids[i], `${what}: row ${i}`));
  return results.map(({ explain }) => explain);
}

/** Of the best ten for each of the queries, the share that a search of the graph finds. */
async function recall(notes: Collection, what: string): Promise<number> {
  const found = await notes.queryMany(QUERIES, { ...NARROW, explain: true });
  const best = await notes.queryMany(QUERIES, { exact: true, explain: true });
  let shared = 0;
  found.forEach((result, i) => {
    equal(result.explain?.plan, 'graph', `${what}: plan of query ${i} (${result.explain?.reason})`);
    equal(result.explain?.pending, 0, `${what}: pending at query ${i}`);
    equal(best[i]?.explain?.plan, 'exact', `${what}: exact plan of query ${i}`);
    const right = new Map(best[i]?.matches.map((match) => [match.id, match.score]));
    equal(new Set(ids(result)).size, 10, `${what}: matches of query ${i}`);
    for (const { id, score } of result.matches) {
      if (!right.has(id)) continue;
      shared += 1;
      equal(score, right.get(id), `${what}: score of ${id}`);
    }
  });
  return shared / (10 * found.length);
}

/** Where m rows match, k results are asked for and min(k, m) come, each of which matches. */
async function filters(notes: Collection, what: string): Promise<void> {
  const query = QUERIES.slice(0, DIMENSION);
  const cases: [number, Filter, (n: number) => boolean][] = [
    [0, { n: { $lt: 0 } }, () => false],
    [3, { n: { $in: [7, 2500, 3999] } }, (n) => [7, 2500, 3999].includes(n)],
    [200, { n: { $gte: 2100, $lt: 2300 } }, (n) => n >= 2100 && n < 2300],
    [3600, { n: { $gte: 400 } }, (n) => n >= 400],
  ];
  for (const [m, filter, holds] of cases) {
    for (const k of [1, 10, 300]) {
      const where = `${what}: ${k} of ${m}`;
      const { matches, explain } = await notes.query(query, { topK: k, filter, explain: true, ef: 10 });
      equal(matches.length, Math.min(k, m), `${where} (${explain?.plan})`);
      equal(explain?.matches, m, `${where}: rows that match`);
      equal(new Set(matches.map((match) => match.id)).size, matches.length, `${where}: different rows`);
      for (const { id, metadata } of matches) assert(holds(metadata?.['n'] as number), `${where}: ${id}`);
    }
  }
}

async function built({ db }: Session): Promise<void> {
  const notes = await filled(db);
  for (const explain of await eachFirst(notes, ROW, undefined, 'before the graph')) {
    const what = `${explain?.plan} with ${explain?.pending} pending`;
    assert(explain?.plan !== 'graph' || explain.pending > 0, `not by a graph alone: ${what}`);
  }
  await filters(notes, 'before the graph');

  const steps: Progress[] = [];
  const info = await notes.optimize({ onProgress: (progress) => steps.push(progress) });
  const indexed = steps.filter(({ phase }) => phase === 'index');
  assert(indexed.length > 0, 'progress was reported');
  let before = 0;
  for (const { done, total } of indexed) {
    assert(before <= done && done <= total, `done grows up to the total: ${before}, ${done} of ${total}`);
    before = done;
  }
  equal(before, indexed.at(-1)?.total, 'all was done in the end');
  const { kind, nodes, pending, dead, bytes } = info.indexState;
  same([kind, nodes, pending, dead], ['hnsw', ROWS, 0, 0], 'what optimize returns');
  assert(bytes >= ROWS * DIMENSION, `${bytes} bytes of codes and links`);
  same((await notes.stats()).indexState, info.indexState, 'stats');

  const share = await recall(notes, 'with the graph');
  assert(share >= 0.9, `recall ${share}`);
  await filters(notes, 'with the graph');
  const filtered = { filter: { n: { $gte: 400 } }, ef: 10, explain: true };
  const wide = await notes.query(QUERIES.slice(0, DIMENSION), filtered);
  equal(wide.explain?.plan, 'filtered-graph', `plan of a wide filter (${wide.explain?.reason})`);
  await together(notes);

  // Rows that are not in the graph yet are found beside it.
  const later = columns(300, DIMENSION, 5, ROWS);
  await notes.upsert(later);
  const plans = await eachFirst(notes, later, NARROW.ef, 'behind the graph');
  for (const explain of plans) equal(explain?.plan, 'graph', `plan behind the graph (${explain?.reason})`);
  equal((await notes.optimize()).indexState.nodes, ROWS + 300, 'nodes with those');
  await eachFirst(notes, later, NARROW.ef, 'in the graph');
  same([...new Set(steps.map(({ phase }) => phase))], ['index'], 'phases that optimize reported');
}

/** `queryMany` gives by the graph what `query` gives one by one. */
async function together(notes: Collection): Promise<void> {
  const each = Array.from({ length: 20 }, (_, i) => QUERIES.slice(i * DIMENSION, (i + 1) * DIMENSION));
  const all = [
    NARROW,
    { ...NARROW, topK: 3, returnMetadata: false },
    { ...NARROW, oversample: 1 },
    { ef: 10, filter: { n: { $gte: 400 } } },
  ];
  for (const options of all) {
    const one: QueryResult[] = [];
    for (const vector of each) one.push(await notes.query(vector, { ...options, explain: true }));
    const what = JSON.stringify(options);
    const by = one.map(({ explain }) => explain?.plan);
    assert(
      by.some((plan) => plan?.includes('graph')),
      `${what}: by the graph, not ${by[0]}`,
    );
    same(await notes.queryMany(QUERIES, { ...options, explain: true }), one, what);
  }
}

async function stopped({ db, place }: Session): Promise<void> {
  const notes = await filled(db);
  const why = new Error('enough');
  const aborted = new AbortController();
  let calls = 0;
  const onProgress = (): void => {
    calls += 1;
    aborted.abort(why);
  };
  const failure = await notes.optimize({ signal: aborted.signal, onProgress }).catch((error) => error);
  equal(failure, why, 'what it rejects with');
  assert(calls > 0, 'it was running');
  const { pending } = (await notes.stats()).indexState;
  // From a worker, progress and the word to stop take a while.
  assert(place.label.includes('worker') || pending > 0, `rows are left: ${pending}`);
  await eachFirst(notes, ROW, undefined, 'after the abort');
  await filters(notes, 'after the abort');

  const late = await notes.optimize({ signal: AbortSignal.abort(why) }).catch((error) => error);
  equal(late, why, 'aborted before it begins');
  same((await notes.optimize()).indexState.pending, 0, 'another one goes to the end');
  const share = await recall(notes, 'after all');
  assert(share >= 0.9, `recall ${share}`);
}

async function kept(session: Session): Promise<void> {
  let notes = await filled(session.db);
  await notes.optimize();
  const answers = async (): Promise<QueryResult[]> => [
    ...(await notes.queryMany(QUERIES, NARROW)),
    ...(await notes.queryMany(QUERIES, { filter: { n: { $gte: 400 } }, ef: 10 })),
    ...(await notes.queryMany(QUERIES, { filter: { lang: 'de' } })),
  ];
  const reopened = async (rows: number, what: string): Promise<void> => {
    if (!session.place.keeps) return;
    const before = await answers();
    await session.db.checkpoint();
    const { openReport } = await session.reopen();
    same(openReport.graphs, [{ collection: 'notes', nodes: rows, pending: 0 }], `${what}: graphs`);
    equal(openReport.nodesRebuilt, 0, `${what}: nodes made again`);
    notes = await session.db.collection('notes', CONFIG);
    const { kind, nodes, pending, dead } = (await notes.stats()).indexState;
    same([kind, nodes, pending, dead], ['hnsw', rows, 0, 0], `${what}: index`);
    same(await answers(), before, `${what}: answers`);
    assert((await recall(notes, what)) >= 0.9, `${what}: recall`);
    same((await session.db.check()).problems, [], `${what}: problems`);
  };
  await reopened(ROWS, 'reopened');

  // Every other row, so that a part of every neighbourhood goes.
  const gone = new Set(ROW.ids.filter((_, i) => i % 2 === 0));
  equal((await notes.delete([...gone])).count, ROWS / 2, 'deleted');
  for (const when of ['before the sweep', 'after it']) {
    for (const result of await notes.queryMany(QUERIES, NARROW)) {
      equal(result.matches.length, 10, `${when}: matches`);
      for (const id of ids(result)) assert(!gone.has(id), `${when}: ${id} was deleted`);
    }
    const info = await notes.optimize();
    const { nodes, pending, dead } = info.indexState;
    same([info.rows, nodes, pending, dead], [ROWS / 2, ROWS / 2, 0, 0], `${when}: index`);
  }
  const share = await recall(notes, 'swept');
  assert(share >= 0.9, `recall ${share} after the sweep`);
  await reopened(ROWS / 2, 'reopened after the sweep');

  // Other rows come into the slots that are free.
  const back = columns(500, DIMENSION, 7, ROWS);
  await notes.upsert(back);
  await eachFirst(notes, back, NARROW.ef, 'new rows');
  same((await notes.optimize()).indexState.nodes, ROWS / 2 + 500, 'nodes in the end');
  await eachFirst(notes, back, NARROW.ef, 'new rows in the graph');
}
