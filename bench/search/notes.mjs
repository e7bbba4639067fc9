// What a reader has to know about each system: what it cannot do, and how it was asked.

export const NOTES = {
  lodestore:
    'stores what it is given while it builds (files in Node, OPFS in Chromium, relaxed durability), which the others do not; it saves by a checkpoint. One query is asked in the middle of building and must find its row. Its exact scan over the matches of a filter is the query with `exact: true`.',
  floor:
    '`read` only reads all rows with 128-bit loads in WebAssembly, `scan` compares them with the kernel of the library and keeps the highest score. No answer can be faster that looks at every number.',
  javascript: 'the loop over one Float32Array that one would write without a library.',
  'hnswlib-wasm':
    'filters by a JavaScript function that it calls for each row it meets. It saves to IndexedDB, so in Node, where there is none, it is not saved. The saved size is what the browser says that IndexedDB holds.',
  edgevec:
    'its graph takes the cosine the wrong way round in 0.9.0, so it was given the Euclidean distance, which orders vectors of length one alike. Its ef is fixed with the index; a search for more neighbours is a broader one, and was cut to ten. It has no exact search of floats. It saves to IndexedDB, so not in Node, and an index with metadata could not be read again.',
  'voy-search':
    'a k-d tree, exact, with no filter; it saves to a JSON string. Its recall may be below 1 where rows are as good as alike.',
  'client-vector-search':
    'an exact scan; its filter knows equality only, so each selectivity was a field of its own.',
  '@orama/orama': 'an exact scan; it saves to JSON. Its rows are kept as plain arrays of numbers.',
  '@electric-sql/pglite':
    'with pgvector, in memory. Its filters use `hnsw.iterative_scan = strict_order`; its exact scan is the query with index scans off. Saving it is a dump of a whole database cluster and was not measured.',
  'sqlite-vec-wasm-demo':
    '0.1.7-alpha.2, because the glue of 0.1.9 does not run; an exact scan, saved as the bytes of the database.',
  'instant-distance':
    'the crate 0.6.1, compiled with simd128 and a dot product of our own. Its M is the constant 32. It has no filter and no format of its own. A vector is kept once.',
  usearch:
    'native. The binding has no filter, and no setter for ef; a search for more neighbours is a broader one, and was cut to ten. Its exact search is `exactSearch` over the rows.',
  'hnswlib-node':
    'native, compiled as npm compiles it (no `-march=native`). Its filter is a JavaScript function.',
};
