/** Results of query against a plain scan in JavaScript. */

import type { Filter, Metadata, Metric } from 'lodestore';
import { assert, type Case, equal } from '../check.js';
import { everywhere, type Place, type Session } from './place.js';
import { columns, vectors } from './rows.js';

const ROWS = 2000;
const DIMENSION = 64;
const QUERIES = 12;
/** Sums of 64 products of 32-bit floats differ by less than this, in whatever order they are added. */
const TOLERANCE = 2e-5;

/** Filters, and which rows they mean. */
const FILTERS: [Filter | undefined, (metadata: Metadata) => boolean][] = [
  [undefined, () => true],
  [{ lang: 'fi' }, (m) => m['lang'] === 'fi'],
  [{ n: { $gte: 100, $lt: 140 }, lang: { $ne: 'de' } }, (m) => inside(m, 100, 140) && m['lang'] !== 'de'],
  [{ year: { $exists: false } }, (m) => !('year' in m)],
  [
    {
      $or: [{ tags: { $contains: 't3' } }, { 'nested.deep.flag': true }],
      $not: { year: { $in: [2003, 2005] } },
    },
    (m) => (tags(m).includes('t3') || Number(m['n']) % 5 === 0) && ![2003, 2005].includes(Number(m['year'])),
  ],
  [{ n: 7 }, (m) => m['n'] === 7],
  [{ lang: { $startsWith: 'x' } }, () => false],
];

const inside = (m: Metadata, from: number, to: number): boolean =>
  Number(m['n']) >= from && Number(m['n']) < to;
const tags = (m: Metadata): string[] => m['tags'] as string[];

export function oracleCases(on: Place[]): Case[] {
  return (['cosine', 'dot', 'euclidean'] as const).flatMap((metric) =>
    everywhere(
      on,
      `${metric}: ${ROWS} rows are found as by a plain scan, with and without filters`,
      (session) => compare(session, metric),
    ),
  );
}

async function compare({ db }: Session, metric: Metric): Promise<void> {
  const collection = await db.collection('rows', { dimension: DIMENSION, metric });
  const rows = columns(ROWS, DIMENSION, 5);
  await collection.upsert(rows);
  // Slots are used again and vectors replaced: order of rows and order of slots part.
  const gone = rows.ids.filter((_, i) => i % 11 === 4);
  await collection.delete(gone);
  const later = columns(150, DIMENSION, 6, ROWS - 50);
  await collection.upsert(later);
  const world = new Map<string, { vector: Float32Array; metadata: Metadata }>();
  for (const { ids, vectors, metadata } of [rows, later]) {
    ids.forEach((id, i) =>
      world.set(id, {
        vector: vectors.subarray(i * DIMENSION, (i + 1) * DIMENSION),
        metadata: metadata[i] as Metadata,
      }),
    );
    if (ids === rows.ids) gone.forEach((id) => world.delete(id));
  }
  equal(await collection.count(), world.size, 'rows');

  const queries = vectors(QUERIES, DIMENSION, 7);
  for (let q = 0; q < QUERIES; q += 1) {
    const vector = queries.subarray(q * DIMENSION, (q + 1) * DIMENSION);
    const [filter, matches] = FILTERS[q % FILTERS.length] as (typeof FILTERS)[number];
    const topK = [1, 10, 100, 10_000][q % 4] as number;
    const what = `query ${q}, ${JSON.stringify(filter)}, topK ${topK}`;
    const scores = new Map<string, number>();
    for (const [id, row] of world)
      if (matches(row.metadata)) scores.set(id, score(metric, vector, row.vector));
    equal(await collection.count(filter), scores.size, `${what}: count`);
    const expected = [...scores.values()].sort((a, b) => b - a).slice(0, topK);
    const got = (await collection.query(vector, { topK, ...(filter && { filter }) })).matches;
    equal(got.length, expected.length, `${what}: number of matches`);
    equal(new Set(got.map((match) => match.id)).size, got.length, `${what}: no row twice`);
    got.forEach((match, i) => {
      const own = scores.get(match.id);
      assert(own !== undefined, `${what}: ${match.id} does not match the filter`);
      assert(
        Math.abs(match.score - own) < TOLERANCE,
        `${what}: ${match.id} scores ${match.score}, not ${own}`,
      );
      const best = expected[i] as number;
      assert(Math.abs(own - best) < TOLERANCE, `${what}: place ${i} has ${own}, the best there is ${best}`);
      const distance = metric === 'cosine' ? 1 - own : -own;
      assert(Math.abs(match.distance - distance) < TOLERANCE, `${what}: distance ${match.distance}`);
    });
  }
}

function score(metric: Metric, a: Float32Array, b: Float32Array): number {
  let dot = 0;
  let aa = 0;
  let bb = 0;
  let distance = 0;
  for (let i = 0; i < a.length; i += 1) {
    const [x, y] = [a[i] as number, b[i] as number];
    dot += x * y;
    aa += x * x;
    bb += y * y;
    distance += (x - y) ** 2;
  }
  if (metric === 'dot') return dot;
  return metric === 'cosine' ? dot / Math.sqrt(aa * bb) : -Math.sqrt(distance);
}
