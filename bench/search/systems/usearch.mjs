// usearch, native. Its binding has no setter for the breadth of a search, but a search for more neighbours is as broad
// as it asks for, and the answer is cut to the first ten.
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { K } from '../constants.mjs';

export async function create({ dimension, n, host, m, efConstruction, setting }) {
  const { Index, MetricKind, ScalarKind, exactSearch } = (await import('usearch')).default;
  const quantization = setting.endsWith('i8') ? ScalarKind.I8 : ScalarKind.F32;
  const fresh = () =>
    new Index({
      dimensions: dimension,
      metric: MetricKind.Cos,
      quantization,
      connectivity: m,
      expansion_add: efConstruction,
      expansion_search: K,
      multi: false,
    });
  let index = fresh();
  let ef = K;
  const path = join(host.folder, 'usearch.index');
  return {
    sweeps: true,
    build(rows) {
      const step = 1000;
      for (let first = 0; first < n; first += step) {
        const count = Math.min(step, n - first);
        const keys = BigUint64Array.from({ length: count }, (_, i) => BigInt(first + i));
        index.add(keys, rows.subarray(first * dimension, (first + count) * dimension), 1);
      }
    },
    tune(value) {
      ef = value;
    },
    query: (vector) => index.search(vector, ef, 1),
    ids: ({ keys }) => Array.from(keys.subarray(0, K), Number),
    exact: (rows) => (vector) => exactSearch(rows, vector, dimension, K, MetricKind.Cos, 1),
    async save() {
      index.save(path);
      return (await stat(path)).size;
    },
    open() {
      index = fresh();
      index.load(path);
    },
  };
}
