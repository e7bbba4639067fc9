// hnswlib compiled by Emscripten. It is made for pages only, so in Node it is told that there is a window.
import { K } from '../constants.mjs';

const FILE = 'index.dat';

export async function create({ dimension, n, host, m, efConstruction }) {
  const library = await load(host);
  const fresh = () => new library.HierarchicalNSW('cosine', dimension, '');
  let index = fresh();
  index.initIndex(n, m, efConstruction, 100);
  let ef = K;
  return {
    sweeps: true,
    build(rows) {
      const step = 1000;
      for (let first = 0; first < n; first += step) {
        const count = Math.min(step, n - first);
        const labels = Array.from({ length: count }, (_, i) => first + i);
        const points = labels.map((label) => rows.subarray(label * dimension, (label + 1) * dimension));
        index.addPoints(points, labels, false);
      }
    },
    tune(value) {
      ef = value;
      index.setEfSearch(ef);
    },
    query: (vector) => index.searchKnn(vector, K, undefined),
    filter: (matches) => (vector) => index.searchKnn(vector, K, (label) => matches[label] === 1),
    ids: ({ neighbors }) => neighbors,
    exact(rows) {
      const all = new library.BruteforceSearch('cosine', dimension);
      all.initIndex(n);
      for (let row = 0; row < n; row += 1) {
        all.addPoint(rows.subarray(row * dimension, (row + 1) * dimension), row);
      }
      return (vector) => all.searchKnn(vector, K, undefined);
    },
    // Its files lie in IndexedDB, which Node has not.
    ...(host.name === 'chromium' && {
      async save() {
        await index.writeIndex(FILE);
        await sync(library, false);
        return host.idbBytes();
      },
      async open() {
        await sync(library, true);
        index.delete();
        index = fresh();
        await index.readIndex(FILE, n);
        index.setEfSearch(ef);
      },
    }),
  };
}

/** To IndexedDB, or from it. */
function sync(library, read) {
  return new Promise((resolve) => library.EmscriptenFileSystemManager.syncFS(read, resolve));
}

async function load(host) {
  if (host.name === 'node') globalThis.window ??= globalThis;
  const { loadHnswlib } = await import('hnswlib-wasm/dist/hnswlib.js');
  return loadHnswlib('IDBFS');
}
