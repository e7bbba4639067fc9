// What is measured: system, setting, hosts. The floors come first, then ours, then the others.
const BOTH = ['node', 'chromium'];
const NATIVE = ['node'];

export const SETTINGS = [
  { system: 'floor', setting: 'read', hosts: BOTH },
  { system: 'floor', setting: 'scan', hosts: BOTH },
  { system: 'javascript', setting: 'loop', hosts: BOTH },
  { system: 'lodestore', setting: 'hnsw/int8', hosts: BOTH },
  { system: 'lodestore', setting: 'hnsw/none', hosts: BOTH },
  { system: 'lodestore', setting: 'flat/none', hosts: BOTH },
  { system: 'lodestore', setting: 'flat/int8', hosts: BOTH },
  { system: 'lodestore', setting: 'flat/binary', hosts: BOTH },
  { system: 'hnswlib-wasm', setting: 'hnsw', hosts: BOTH },
  { system: 'edgevec', setting: 'hnsw', hosts: BOTH },
  { system: '@electric-sql/pglite', setting: 'pgvector hnsw', hosts: BOTH },
  { system: 'voy-search', setting: 'k-d tree', hosts: BOTH },
  { system: 'client-vector-search', setting: 'scan', hosts: BOTH },
  { system: '@orama/orama', setting: 'scan', hosts: BOTH },
  { system: 'sqlite-vec-wasm-demo', setting: 'scan', hosts: BOTH },
  { system: 'instant-distance', setting: 'hnsw, M = 32', hosts: BOTH },
  { system: 'usearch', setting: 'hnsw f32', hosts: NATIVE },
  { system: 'usearch', setting: 'hnsw i8', hosts: NATIVE },
  { system: 'hnswlib-node', setting: 'hnsw', hosts: NATIVE },
];

export const SYSTEMS = [...new Set(SETTINGS.map(({ system }) => system))];
