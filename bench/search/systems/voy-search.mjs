// voy: a k-d tree over Euclidean distance, which orders vectors of length one as the cosine does.
import { K } from '../constants.mjs';

export async function create({ dimension, n, host }) {
  const { Voy } = await host.voy();
  let index;
  return {
    async build(rows) {
      const embeddings = Array.from({ length: n }, (_, row) => ({
        id: String(row),
        title: '',
        url: '',
        embeddings: Array.from(rows.subarray(row * dimension, (row + 1) * dimension)),
      }));
      index = new Voy({ embeddings });
    },
    query: (vector) => index.search(vector, K),
    ids: ({ neighbors }) => neighbors.map(({ id }) => Number(id)),
    save() {
      this.saved = index.serialize();
      return this.saved.length;
    },
    open() {
      index.free();
      index = Voy.deserialize(this.saved);
    },
  };
}
