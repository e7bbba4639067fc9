// Name -> the module of a system that loads in a page as well as in Node.
export const portable = {
  lodestore: () => import('./lodestore.mjs'),
  floor: () => import('./floor.mjs'),
  javascript: () => import('./javascript.mjs'),
  'hnswlib-wasm': () => import('./hnswlib-wasm.mjs'),
  edgevec: () => import('./edgevec.mjs'),
  'voy-search': () => import('./voy-search.mjs'),
  'client-vector-search': () => import('./client-vector-search.mjs'),
  '@orama/orama': () => import('./orama.mjs'),
  '@electric-sql/pglite': () => import('./pglite.mjs'),
  'sqlite-vec-wasm-demo': () => import('./sqlite-vec.mjs'),
  'instant-distance': () => import('./instant-distance.mjs'),
};
