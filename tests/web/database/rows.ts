/** Rows for the cases: random, but the same in every run. */

import type { Collection, ColumnarInput, Metadata } from 'lodestore';
import { random } from '../check.js';

/** Numbers from -1 to 1. */
export function vectors(count: number, dimension: number, seed: number): Float32Array {
  const next = random(seed);
  return Float32Array.from({ length: count * dimension }, () => next(2_000_001) / 1_000_000 - 1);
}

const LANGUAGES = ['de', 'en', 'fi', 'ja'] as const;

/** Fields that the filters of the cases ask for. Some rows lack some. */
export function metadata(i: number): Metadata {
  return {
    n: i,
    lang: LANGUAGES[(i * 7) % 4] as string,
    ...(i % 3 === 0 ? {} : { year: 2000 + (i % 25) }),
    tags: i % 2 === 0 ? ['even', `t${i % 10}`] : [`t${i % 10}`],
    nested: { deep: { flag: i % 5 === 0 } },
  };
}

/** `count` rows, the first one with the number `first`. */
export function columns(count: number, dimension: number, seed: number, first = 0): Required<ColumnarInput> {
  const numbers = Array.from({ length: count }, (_, i) => first + i);
  return {
    ids: numbers.map((i) => `row-${String(i).padStart(5, '0')}`),
    vectors: vectors(count, dimension, seed),
    metadata: numbers.map(metadata),
  };
}

export async function idsOf(collection: Collection): Promise<string[]> {
  const ids: string[] = [];
  for await (const row of collection.listAll()) ids.push(row.id);
  return ids;
}
