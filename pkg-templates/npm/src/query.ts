/** Queries: what is asked of the engine, and what comes back as results. */

import type { Answer, QueryAsk } from './engine.js';
import { invalid } from './fault.js';
import type { Match, Metadata, QueryExplain, QueryOptions, QueryResult } from './types.js';
import {
  checkOptions,
  fillVector,
  filterJson,
  isAnything,
  isBoolean,
  isFinite,
  isInteger,
  isSignal,
  toVector,
} from './validate.js';

const TOP_K_DEFAULT = 10;
const TOP_K_MAX = 10_000;
const EF_MAX = 10_000;
const OVERSAMPLE_MAX = 1_000;

const OPTIONS = {
  returnMetadata: isBoolean,
  returnVectors: isBoolean,
  topK: isInteger(1, TOP_K_MAX),
  filter: isAnything,
  minScore: isFinite,
  ef: isInteger(1, EF_MAX),
  oversample: isInteger(1, OVERSAMPLE_MAX),
  exact: isBoolean,
  explain: isBoolean,
  signal: isSignal,
};

/** The flags of `WasmStore.query`. */
const METADATA = 1;
const VECTORS = 2;
const EXACT = 4;
const EXPLAIN = 8;
export const MANY = 16;

const DEFAULT: QueryAsk = Object.freeze({ topK: TOP_K_DEFAULT, flags: METADATA });

/** Options, checked, as the engine takes them. */
export function queryAsk(where: string, options: QueryOptions | undefined, many = false): QueryAsk {
  if (options === undefined && !many) return DEFAULT;
  checkOptions(where, options, OPTIONS);
  const { topK, filter, minScore, ef, oversample, exact, explain, returnMetadata, returnVectors } =
    options ?? {};
  return {
    topK: topK ?? TOP_K_DEFAULT,
    flags:
      (returnMetadata === false ? 0 : METADATA) |
      (returnVectors ? VECTORS : 0) |
      (exact ? EXACT : 0) |
      (explain ? EXPLAIN : 0) |
      (many ? MANY : 0),
    minScore,
    ef,
    oversample,
    filter: filter === undefined ? undefined : filterJson(`${where}: filter`, filter),
  };
}

/** Several vectors as one array, row after row. */
export function toVectors(
  where: string,
  vectors: Float32Array | readonly (Float32Array | readonly number[])[],
  dimension: number,
): Float32Array {
  if (vectors instanceof Float32Array) {
    if (vectors.length % dimension === 0) return vectors;
    const numbers = `a multiple of ${dimension}`;
    throw invalid(
      `${where} must hold ${numbers} numbers, the collection's dimension`,
      numbers,
      vectors.length,
    );
  }
  if (!Array.isArray(vectors)) {
    throw invalid(
      `${where} must be an array of vectors, or one Float32Array with all of them, row after row`,
    );
  }
  const all = vectors as readonly unknown[];
  if (all.length === 1) return toVector(`${where}[0]`, all[0], dimension);
  const out = new Float32Array(all.length * dimension);
  for (let i = 0; i < all.length; i++) fillVector(`${where}[${i}]`, all[i], out, i * dimension, dimension);
  return out;
}

/** What `WasmStore.query` says beside numbers and ids, column by column. */
interface Columns {
  metadata?: Metadata[];
  /** Matches of each query; left out where there is one query. */
  counts?: number[];
  explain?: QueryExplain[];
}

/** One result for each query. */
export function queryResults({ json, numbers, vectors, ids = '' }: Answer): QueryResult[] {
  const scores = numbers as Float32Array;
  const total = scores.length / 3;
  const { metadata, counts, explain } = (json === '' ? {} : JSON.parse(json)) as Columns;
  const dimension = vectors === undefined ? 0 : vectors.length / total;
  const results: QueryResult[] = [];
  let [at, id] = [0, 0];
  for (const count of counts ?? [total]) {
    const matches = new Array<Match>(count);
    for (let i = 0; i < count; i++, at++) {
      const match: Match = {
        id: ids.slice(id, (id += scores[3 * at + 2] as number)),
        score: scores[3 * at] as number,
        distance: scores[3 * at + 1] as number,
      };
      if (metadata !== undefined) match.metadata = metadata[at] as Metadata;
      // Its own copy: a shared buffer would travel whole whenever one match is stored or posted.
      if (vectors !== undefined) match.vector = vectors.slice(at * dimension, (at + 1) * dimension);
      matches[i] = match;
    }
    const why = explain?.[results.length];
    results.push(why === undefined ? { matches } : { matches, explain: why });
  }
  return results;
}
