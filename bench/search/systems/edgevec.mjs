// edgevec. Its graph takes the cosine the wrong way round (0.9.0 returns the rows least like the query), so it is given
// the Euclidean distance, which orders vectors of length one alike. It keeps the ef of its configuration; a search for
// more neighbours is a broader one, and is cut to the first ten.
import { FIELD, K } from '../constants.mjs';

export async function create({ dimension, n, host, m, efConstruction }) {
  const edgevec = await import('edgevec');
  await edgevec.default(await host.wasm('edgevec/edgevec_bg.wasm'));
  const configured = () => {
    const config = new edgevec.EdgeVecConfig(dimension);
    config.setMetricType(edgevec.MetricType.L2);
    config.indexType = edgevec.JsIndexType.Hnsw;
    config.m = m;
    config.m0 = 2 * m;
    config.ef_construction = efConstruction;
    config.ef_search = K;
    return new edgevec.EdgeVec(config);
  };
  const fill = (index, rows, first, count) =>
    index.insertBatchFlat(rows.subarray(first * dimension, (first + count) * dimension), count);
  let index = configured();
  /** Numbers that edgevec gave the rows. */
  const numbers = new Map();
  let ef = K;
  return {
    sweeps: true,
    build(rows, parts) {
      const step = 1000;
      for (let first = 0; first < n; first += step) {
        const ids = fill(index, rows, first, Math.min(step, n - first));
        ids.forEach((id, i) => {
          numbers.set(id, first + i);
          index.setMetadata(id, FIELD, edgevec.JsMetadataValue.fromInteger(parts[first + i]));
        });
      }
    },
    tune(value) {
      ef = value;
    },
    query: (vector) => index.search(vector, ef),
    ids: (found) => found.slice(0, K).map(({ id }) => numbers.get(id)),
    filter(_matches, permille) {
      const options = JSON.stringify({ filter: `${FIELD} < ${permille}`, strategy: 'auto' });
      return (vector) => JSON.parse(index.searchFiltered(vector, ef, options)).results;
    },
    ...(host.name === 'chromium' && {
      async save() {
        await index.save('bench');
        return host.idbBytes();
      },
      async open() {
        index.free();
        index = await edgevec.EdgeVec.load('bench');
      },
    }),
  };
}
