/** Questions to a collection, and how good its answers are. */

import type { Collection } from '../collection.js';

/** Results that are compared. */
const NEAREST = 10;

/** Vectors of rows that are spread over a collection, to ask with. */
export async function spreadOf(
  collection: Collection,
  rows: number,
  wanted: number,
): Promise<Float32Array[]> {
  const vectors: Float32Array[] = [];
  if (rows === 0 || wanted === 0) return vectors;
  const step = Math.max(1, Math.floor(rows / wanted));
  let [at, cursor]: [number, string | undefined] = [0, undefined];
  do {
    const page = await collection.list({
      limit: 1_000,
      returnVectors: true,
      ...(cursor !== undefined && { cursor }),
    });
    for (const { vector } of page.rows) {
      if (at++ % step === 0 && vector !== undefined && vectors.length < wanted) vectors.push(vector.slice());
    }
    cursor = page.cursor;
  } while (cursor !== undefined && vectors.length < wanted);
  return vectors;
}

/** Of the 10 nearest by an exact search, the share that the index finds. */
export async function recallOf(collection: Collection, vector: Float32Array): Promise<number> {
  const exact = await collection.query(vector, { topK: NEAREST, exact: true });
  const { matches } = await collection.query(vector, { topK: NEAREST });
  if (exact.matches.length === 0) return 1;
  // As near is as good: of equal vectors any will do.
  const furthest = Math.min(...exact.matches.map((match) => match.score)) - 1e-6;
  const found = matches.filter((match) => match.score >= furthest).length;
  return Math.min(1, found / exact.matches.length);
}
