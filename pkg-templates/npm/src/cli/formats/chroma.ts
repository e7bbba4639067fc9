/** What Chroma's `collection.get()` gives: columns `ids`, `embeddings`, `documents`, `metadatas`. */

import { documents } from './documents.js';
import {
  idOf,
  type IncomingRow,
  isObject,
  kindOf,
  leaveOut,
  metadataOf,
  type ReadOptions,
  vectorOf,
  wrong,
} from './row.js';

export async function* readChroma(
  chunks: AsyncIterable<Uint8Array>,
  options: ReadOptions,
): AsyncGenerator<IncomingRow, void, undefined> {
  for await (const { value, at } of documents(chunks)) yield* rowsOf(value, at, options);
}

function* rowsOf(value: unknown, at: string, options: ReadOptions): Generator<IncomingRow> {
  if (!isObject(value)) throw wrong(at, 'this is nothing that Chroma gives', 'an object', kindOf(value));
  const ids = column(at, value, 'ids', undefined);
  if (ids === undefined) throw wrong(at, 'there are no ids', 'ids', Object.keys(value).join(', '));
  if (Array.isArray(ids[0]))
    throw wrong(
      at,
      'this is the answer of a query: export with collection.get()',
      'ids as strings',
      'an array',
    );
  const embeddings = column(at, value, 'embeddings', ids.length);
  if (embeddings === undefined)
    throw wrong(
      at,
      'there are no embeddings: collection.get(include=["embeddings", "documents", "metadatas"])',
      'embeddings',
    );
  const texts = column(at, value, 'documents', ids.length);
  const metadatas = column(at, value, 'metadatas', ids.length);
  const others = ['uris', 'data'].map((name) => [name, column(at, value, name, ids.length)] as const);
  for (let i = 0; i < ids.length; i += 1) {
    const row = `${at}, row ${i}`;
    for (const [name, list] of others) if (isGiven(list?.[i])) leaveOut(row, name, options);
    yield {
      id: idOf(row, ids[i]),
      vector: vectorOf(row, embeddings[i]),
      metadata: withDocument(row, metadataOf(row, metadatas?.[i]), texts?.[i], options.documentField),
      at: row,
    };
  }
}

function column(
  at: string,
  value: Record<string, unknown>,
  name: string,
  length: number | undefined,
): unknown[] | undefined {
  const list = value[name];
  if (list === undefined || list === null) return undefined;
  if (!Array.isArray(list)) throw wrong(at, `${name} must be an array`, 'an array', kindOf(list));
  if (length !== undefined && list.length !== length)
    throw wrong(at, `${name} is not as long as ids`, String(length), String(list.length));
  return list;
}

function withDocument(
  at: string,
  metadata: IncomingRow['metadata'],
  text: unknown,
  field: string,
): IncomingRow['metadata'] {
  if (!isGiven(text)) return metadata;
  if (typeof text !== 'string') throw wrong(at, 'the document must be a string', 'a string', kindOf(text));
  if (Object.hasOwn(metadata, field))
    throw wrong(at, `the metadata has a key "${field}" already: choose another with --document-field`);
  return { ...metadata, [field]: text };
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}
