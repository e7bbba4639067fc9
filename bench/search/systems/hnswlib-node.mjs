// hnswlib, native.
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { K } from '../constants.mjs';

export async function create({ dimension, n, host, m, efConstruction }) {
  const { HierarchicalNSW, BruteforceSearch } = (await import('hnswlib-node')).default;
  let index = new HierarchicalNSW('cosine', dimension);
  index.initIndex(n, m, efConstruction, 100);
  let ef = K;
  const path = join(host.folder, 'hnswlib.index');
  const row = (rows, at) => Array.from(rows.subarray(at * dimension, (at + 1) * dimension));
  return {
    sweeps: true,
    build(rows) {
      for (let at = 0; at < n; at += 1) index.addPoint(row(rows, at), at);
    },
    tune(value) {
      ef = value;
      index.setEf(ef);
    },
    prepare: (vector) => Array.from(vector),
    query: (vector) => index.searchKnn(vector, K),
    filter: (matches) => (vector) => index.searchKnn(vector, K, (label) => matches[label] === 1),
    ids: ({ neighbors }) => neighbors,
    exact(rows) {
      const all = new BruteforceSearch('cosine', dimension);
      all.initIndex(n);
      for (let at = 0; at < n; at += 1) all.addPoint(row(rows, at), at);
      return (vector) => all.searchKnn(vector, K);
    },
    async save() {
      index.writeIndexSync(path);
      return (await stat(path)).size;
    },
    open() {
      index = new HierarchicalNSW('cosine', dimension);
      index.readIndexSync(path);
      index.setEf(ef);
    },
  };
}
