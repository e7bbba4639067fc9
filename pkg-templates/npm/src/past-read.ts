/** The reading calls into WebAssembly: of a database as it is, or as it was. */

import type { Answer, PastMethod, QueryAsk } from './engine.js';
import type { Reply, WasmStore } from './wasm-api.js';

/** What there is to read from. */
type Readable = Pick<WasmStore, PastMethod>;

function answer([json, numbers, vectors, ids]: Reply): Answer {
  return { json, numbers, vectors, ids };
}

export const readOf = {
  collections: (of: Readable) => of.collections(),
  query: (of: Readable, name: string, vectors: Float32Array, ask: QueryAsk) => {
    const { topK, flags, minScore, ef, oversample, filter } = ask;
    return answer(of.query(name, vectors, topK, flags, minScore, ef, oversample, filter));
  },
  get: (of: Readable, name: string, idsJson: string, optionsJson: string) =>
    answer(of.get(name, idsJson, optionsJson)),
  list: (of: Readable, name: string, optionsJson: string) => answer(of.list(name, optionsJson)),
  count: (of: Readable, name: string, filterJson: string | undefined) => of.count(name, filterJson),
} satisfies Record<PastMethod, unknown>;
