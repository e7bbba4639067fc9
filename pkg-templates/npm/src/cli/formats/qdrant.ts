/** What Qdrant's scroll and retrieve give: `{ id, vector, payload }`, in several wrappings. */

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

export async function* readQdrant(
  chunks: AsyncIterable<Uint8Array>,
  options: ReadOptions,
): AsyncGenerator<IncomingRow, void, undefined> {
  for await (const { value, at } of documents(chunks)) {
    const points = pointsOf(value, at);
    for (let i = 0; i < points.length; i += 1)
      yield rowOf(points[i], points.length === 1 ? at : `${at}, point ${i}`, options);
  }
}

function pointsOf(value: unknown, at: string): unknown[] {
  if (Array.isArray(value)) return value;
  if (!isObject(value))
    throw wrong(at, 'this is nothing that Qdrant gives', 'an object or an array', kindOf(value));
  if (value['result'] !== undefined) return pointsOf(value['result'], at);
  if (value['points'] !== undefined) return pointsOf(value['points'], at);
  return [value];
}

function rowOf(value: unknown, at: string, options: ReadOptions): IncomingRow {
  if (!isObject(value)) throw wrong(at, 'a point must be an object', 'an object', kindOf(value));
  const { id, vector, payload } = value;
  return {
    id: typeof id === 'number' ? numericId(at, id) : idOf(at, id),
    vector: denseOf(at, vector, options),
    metadata: metadataOf(at, payload),
    at,
  };
}

/** JSON.parse rounds larger ones, so that two points could become one. */
function numericId(at: string, id: number): string {
  if (Number.isSafeInteger(id) && id >= 0) return String(id);
  throw wrong(
    at,
    'the id is a number that JavaScript rounds: write it as a string',
    'at most 2^53 - 1',
    String(id),
  );
}

function denseOf(at: string, vector: unknown, options: ReadOptions): number[] {
  if (vector === undefined || vector === null)
    throw wrong(at, 'there is no vector: scroll with "with_vector": true', 'a vector', kindOf(vector));
  if (!isObject(vector)) return plain(at, vector);
  const names = Object.keys(vector);
  const name = options.vector ?? (names.length === 1 ? names[0] : undefined);
  if (name === undefined || !Object.hasOwn(vector, name))
    throw wrong(
      at,
      'the vectors have names: choose one with --vector NAME',
      names.join(', '),
      name ?? 'none',
    );
  for (const other of names) if (other !== name) leaveOut(at, `the vector "${other}"`, options);
  return plain(at, vector[name]);
}

function plain(at: string, vector: unknown): number[] {
  if (isObject(vector))
    throw wrong(at, 'the vector is sparse, which Lodestore has no place for', 'an array of numbers');
  if (Array.isArray(vector) && Array.isArray(vector[0]))
    throw wrong(
      at,
      'the point has several vectors of one name, which Lodestore has no place for',
      'an array of numbers',
    );
  return vectorOf(at, vector);
}
