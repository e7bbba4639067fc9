// What is searched: 100,000 rows and 1,000 others that are asked for. A smaller N is the head of the rows.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cached } from './cache.mjs';
import { glove } from './glove.mjs';
import { minilm } from './minilm.mjs';

const KINDS = { minilm, glove };
export const DATASETS = Object.keys(KINDS);
export const ROWS = 100_000;
export const QUERIES = 1_000;

/** Where what takes minutes to make is kept; git does not look there. */
export const FOLDER = fileURLToPath(new URL('../../../target/bench-data/', import.meta.url));

/**
 * @param {string} name one of DATASETS
 * @param {(line: string) => void} say
 * @returns {Promise<{ name: string, source: string, dimension: number, rows: Float32Array, queries: Float32Array, path: string }>}
 */
export async function dataset(name, say) {
  const { dimension, source, make } = KINDS[name];
  const path = join(FOLDER, `${name}.f32`);
  const about = { name, source, dimension, queries: QUERIES, rows: ROWS };
  const all = await cached(path, Float32Array, about, () => make(QUERIES + ROWS, `${path}.made`, say));
  return {
    name,
    source,
    dimension,
    path,
    queries: all.subarray(0, QUERIES * dimension),
    rows: all.subarray(QUERIES * dimension),
  };
}
