// The right answers: the ten rows with the highest cosine of all rows, and of those below each filter's bound.
import { FOLDER } from './datasets.mjs';
import { cached } from './cache.mjs';
import { join } from 'node:path';
import { K, PERMILLES } from '../constants.mjs';
import { parts } from '../parts.mjs';

const NONE = 0xffffffff;
/** 1000 lets all rows through. */
const BOUNDS = [1000, ...PERMILLES];
const BLOCK = 1024;

/**
 * Query and bound -> the right rows, best first; fewer than ten where fewer are below the bound.
 * @returns {Promise<(query: number, permille?: number) => Uint32Array>}
 */
export async function truth({ name, source, dimension, rows, queries }, n, say) {
  const about = { name, source, n, bounds: BOUNDS, k: K };
  const lists = await cached(join(FOLDER, `${name}-${n}.truth`), Uint32Array, about, () => {
    say(`${name}: exact answers among ${n} rows`);
    return answers(rows.subarray(0, n * dimension), queries, dimension);
  });
  return (query, permille = 1000) => {
    const start = (query * BOUNDS.length + BOUNDS.indexOf(permille)) * K;
    const list = lists.subarray(start, start + K);
    const end = list.indexOf(NONE);
    return end < 0 ? list : list.subarray(0, end);
  };
}

function answers(rows, queries, dimension) {
  const n = rows.length / dimension;
  const count = queries.length / dimension;
  const part = parts(n);
  const found = new Uint32Array(count * BOUNDS.length * K).fill(NONE);
  const scores = new Float64Array(found.length).fill(-Infinity);
  // Block by block, so that the rows are in the cache for all queries but the first.
  for (let first = 0; first < n; first += BLOCK) {
    const last = Math.min(n, first + BLOCK);
    for (let query = 0; query < count; query += 1) {
      const vector = queries.subarray(query * dimension, (query + 1) * dimension);
      for (let row = first; row < last; row += 1) {
        const score = product(vector, rows, row * dimension);
        for (let bound = 0; bound < BOUNDS.length; bound += 1) {
          if (part[row] < BOUNDS[bound])
            insert(found, scores, (query * BOUNDS.length + bound) * K, row, score);
        }
      }
    }
  }
  return found;
}

function product(vector, rows, at) {
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let i = 0; i < vector.length; i += 4) {
    a += vector[i] * rows[at + i];
    b += vector[i + 1] * rows[at + i + 1];
    c += vector[i + 2] * rows[at + i + 2];
    d += vector[i + 3] * rows[at + i + 3];
  }
  return a + b + c + d;
}

/** Into the list of ten that starts at `start`, if it belongs there. */
function insert(found, scores, start, row, score) {
  let place = start + K - 1;
  if (score <= scores[place]) return;
  for (; place > start && scores[place - 1] < score; place -= 1) {
    scores[place] = scores[place - 1];
    found[place] = found[place - 1];
  }
  scores[place] = score;
  found[place] = row;
}

/** How many of the right rows were found, of those that there are. */
export function recall(found, right) {
  if (right.length === 0) return found.length === 0 ? 1 : 0;
  return found.filter((row) => right.includes(row)).length / right.length;
}
