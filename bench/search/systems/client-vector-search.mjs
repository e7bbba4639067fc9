// client-vector-search: objects in an array, compared one after another.
import { FIELD, K, PERMILLES } from '../constants.mjs';

export async function create({ dimension, n }) {
  const { EmbeddingIndex } = await import('client-vector-search');
  const index = new EmbeddingIndex();
  // Its filter knows equality only, so each selectivity is a field of its own.
  const field = (permille) => `${FIELD}${permille}`;
  return {
    isExact: true,
    build(rows, parts) {
      for (let row = 0; row < n; row += 1) {
        const one = { id: row, embedding: Array.from(rows.subarray(row * dimension, (row + 1) * dimension)) };
        for (const permille of PERMILLES) one[field(permille)] = parts[row] < permille;
        index.add(one);
      }
    },
    prepare: (vector) => Array.from(vector),
    query: (vector) => index.search(vector, { topK: K }),
    filter: (_matches, permille) => (vector) =>
      index.search(vector, { topK: K, filter: { [field(permille)]: true } }),
    ids: (found) => found.map(({ object }) => object.id),
  };
}
