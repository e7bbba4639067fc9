// No library at all: the loop that one would write.
import { K } from '../constants.mjs';

export async function create({ dimension, n, host }) {
  let rows;
  const best = new Float32Array(K);
  const where = new Int32Array(K);
  /** The `K` rows with the highest product, of those that `matches` marks; insertion into a short sorted list. */
  function scan(vector, matches) {
    best.fill(-Infinity);
    where.fill(-1);
    for (let row = 0; row < n; row += 1) {
      if (matches !== undefined && matches[row] === 0) continue;
      let at = row * dimension;
      let sum = 0;
      for (let i = 0; i < dimension; i += 1, at += 1) sum += vector[i] * rows[at];
      if (sum <= best[K - 1]) continue;
      let place = K - 1;
      for (; place > 0 && best[place - 1] < sum; place -= 1) {
        best[place] = best[place - 1];
        where[place] = where[place - 1];
      }
      best[place] = sum;
      where[place] = row;
    }
    return where.slice();
  }
  return {
    isExact: true,
    async build() {
      rows = await host.rows();
    },
    query: (vector) => scan(vector),
    filter: (matches) => (vector) => scan(vector, matches),
    ids: (found) => Array.from(found).filter((row) => row >= 0),
  };
}
