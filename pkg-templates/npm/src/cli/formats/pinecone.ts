/** What Pinecone's fetch, query and exports give: `{ id, values, metadata }`, in several wrappings. */

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

interface Item {
  value: unknown;
  at: string;
}

export async function* readPinecone(
  chunks: AsyncIterable<Uint8Array>,
  options: ReadOptions,
): AsyncGenerator<IncomingRow, void, undefined> {
  let namespace: string | undefined;
  for await (const { value, at } of documents(chunks)) {
    if (isObject(value) && typeof value['namespace'] === 'string') {
      namespace ??= value['namespace'];
      // The same id may be in both.
      if (value['namespace'] !== namespace)
        throw wrong(
          at,
          'there are several namespaces: import each into a collection of its own',
          namespace,
          value['namespace'],
        );
    }
    for (const item of items(value, at)) yield rowOf(item, options);
  }
}

/** The records of one answer: an array, or an object of them by id, or one record. */
function items(value: unknown, at: string): Item[] {
  if (Array.isArray(value)) return value.map((one: unknown, i) => ({ value: one, at: `${at}, record ${i}` }));
  if (!isObject(value))
    throw wrong(at, 'this is nothing that Pinecone gives', 'an object or an array', kindOf(value));
  for (const name of ['vectors', 'matches', 'records']) {
    const list = value[name];
    if (Array.isArray(list))
      return list.map((one: unknown, i) => ({ value: one, at: `${at}, ${name}[${i}]` }));
    if (name === 'vectors' && isObject(list))
      return Object.entries(list).map(([id, one]) => ({
        value: isObject(one) ? { id, ...one } : one,
        at: `${at}, vectors["${id}"]`,
      }));
  }
  return [{ value, at }];
}

function rowOf({ value, at }: Item, options: ReadOptions): IncomingRow {
  if (!isObject(value)) throw wrong(at, 'a record must be an object', 'an object', kindOf(value));
  if (isGiven(value['sparseValues']) || isGiven(value['sparse_values']))
    leaveOut(at, 'sparse values', options);
  const { id, values, metadata } = value;
  if (values === undefined || (Array.isArray(values) && values.length === 0))
    throw wrong(at, 'there are no values: fetch the records with their values', 'values');
  return { id: idOf(at, id), vector: vectorOf(at, values), metadata: metadataOf(at, metadata), at };
}

function isGiven(sparse: unknown): boolean {
  if (!isObject(sparse)) return false;
  return Array.isArray(sparse['indices']) && sparse['indices'].length > 0;
}
