// Orama: an exact scan with the cosine, after whatever filter there is.
import { FIELD, K } from '../constants.mjs';

export async function create({ dimension, n }) {
  const orama = await import('@orama/orama');
  const fresh = () => orama.create({ schema: { [FIELD]: 'number', vector: `vector[${dimension}]` } });
  let db = fresh();
  let saved;
  const ask = (vector, where) =>
    orama.searchVector(db, {
      mode: 'vector',
      vector: { value: vector, property: 'vector' },
      // Its own default leaves out what is less like than 0.8.
      similarity: -1,
      limit: K,
      includeVectors: false,
      ...(where && { where }),
    });
  return {
    isExact: true,
    async build(rows, parts) {
      const step = 1000;
      for (let first = 0; first < n; first += step) {
        const batch = Array.from({ length: Math.min(step, n - first) }, (_, i) => ({
          id: String(first + i),
          [FIELD]: parts[first + i],
          vector: Array.from(rows.subarray((first + i) * dimension, (first + i + 1) * dimension)),
        }));
        await orama.insertMultiple(db, batch, step);
      }
    },
    prepare: (vector) => Array.from(vector),
    query: (vector) => ask(vector),
    filter: (_matches, permille) => (vector) => ask(vector, { [FIELD]: { lt: permille } }),
    ids: ({ hits }) => hits.map(({ id }) => Number(id)),
    save() {
      saved = JSON.stringify(orama.save(db));
      return saved.length;
    },
    open() {
      db = fresh();
      orama.load(db, JSON.parse(saved));
    },
  };
}
