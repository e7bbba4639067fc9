// Lodestore as the packed package, on the storage that its host has: what peers keep in memory only is stored here too.
import { FIELD, K } from '../constants.mjs';

/** Large enough that no checkpoint of its own accord falls into what is measured. */
const NO_CHECKPOINT = 2 ** 40;
const BATCH = 1000;

export async function create({ dimension, n, host, m, efConstruction, setting }) {
  const { open } = await host.lodestore();
  const [index, quantization] = setting.split('/');
  const place = host.storage();
  const started = () => open('bench', { ...place, durability: 'relaxed', checkpointLogBytes: NO_CHECKPOINT });
  let db = await started();
  const config = {
    dimension,
    metric: 'cosine',
    index,
    quantization,
    ...(index !== 'flat' && { hnsw: { m, efConstruction } }),
  };
  let rows = await db.collection('rows', config);
  const graph = index === 'hnsw';
  const options = { topK: K, returnMetadata: false };
  return {
    sweeps: graph,
    isExact: index === 'flat' && quantization === 'none',
    async build(vectors, parts) {
      for (let first = 0; first < n; first += BATCH) {
        const count = Math.min(BATCH, n - first);
        await rows.upsert({
          ids: Array.from({ length: count }, (_, i) => String(first + i)),
          vectors: vectors.subarray(first * dimension, (first + count) * dimension),
          metadata: Array.from({ length: count }, (_, i) => ({ [FIELD]: parts[first + i] })),
        });
        if (first < n / 2 || first - BATCH >= n / 2) continue;
        // Whatever state the index is in, what has been written is found.
        const own = vectors.subarray(first * dimension, (first + 1) * dimension);
        const { matches } = await rows.query(own, options);
        if (!matches.some(({ id }) => id === String(first)))
          throw new Error('a row was not found while the others came in');
      }
      if (graph) await rows.optimize();
    },
    tune(ef) {
      if (graph) options.ef = ef;
    },
    query: (vector) => rows.query(vector, options),
    filter: (_matches, permille) => {
      const asked = { ...options, filter: { [FIELD]: { $lt: permille } } };
      return (vector) => rows.query(vector, asked);
    },
    ids: ({ matches }) => matches.map(({ id }) => Number(id)),
    exact: () => (vector) => rows.query(vector, { ...options, exact: true }),
    exactFilter: (permille) => {
      const asked = { ...options, exact: true, filter: { [FIELD]: { $lt: permille } } };
      return (vector) => rows.query(vector, asked);
    },
    async save() {
      await db.checkpoint();
      return host.storedBytes();
    },
    async open() {
      db = await started();
      rows = await db.collection('rows');
    },
    close: () => db.close(),
    // Its WebAssembly memory, whole.
    held: async () => (await db.stats()).memoryBytes,
    // What an opening cannot be faster than.
    rawRead: () => host.rawRead(),
  };
}
