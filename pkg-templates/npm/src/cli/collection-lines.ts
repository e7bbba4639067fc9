/** Collections, for people. */

import type { CollectionInfo } from '../index.node.js';
import { columns, count } from './text.js';

/** What there is, one collection after the other. */
export function collectionLines(collections: readonly CollectionInfo[]): string[] {
  return [
    count(collections.length, 'collection') + (collections.length > 0 ? ':' : ''),
    ...collections.flatMap((one) => [`  ${one.name}`, ...columns(configuration(one), '    ')]),
  ];
}

function configuration(one: CollectionInfo): (readonly [string, string])[] {
  const { hnsw, indexState } = one;
  const graph = `${count(indexState.nodes, 'node')}, ${indexState.pending} pending, ${indexState.dead} dead`;
  const plain = `${one.index}${one.index === 'auto' ? ` (${indexState.kind} now)` : ''}`;
  const index =
    indexState.kind === 'hnsw'
      ? `${plain}, m ${hnsw.m}, efConstruction ${hnsw.efConstruction}, ef ${hnsw.ef}, seed ${hnsw.seed}; ${graph}`
      : plain;
  return [
    ['rows', String(one.rows)],
    ['dimension', String(one.dimension)],
    ['metric', one.metric],
    ['index', index],
    ['quantization', one.quantization],
    ['memory', one.memory],
    ...(one.oversample === undefined ? [] : [['oversample', String(one.oversample)] as const]),
    ...(one.model === undefined ? [] : [['model', `${one.model.id}@${one.model.version}`] as const]),
  ];
}
