/** JSON Lines: `{"id":...,"vector":[...],"metadata":{...}}`, one row a line. */

import type { Row } from '../../index.node.js';
import { parsed } from './documents.js';
import { lines } from './lines.js';
import { numbersText } from './numbers.js';
import { checkKeys, idOf, type IncomingRow, isObject, kindOf, metadataOf, vectorOf, wrong } from './row.js';

const KEYS = ['id', 'vector', 'metadata'];

export async function* readJsonl(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<IncomingRow, void, undefined> {
  for await (const { number, text } of lines(chunks)) {
    if (text.trim() === '') continue;
    const at = `line ${number}`;
    const value = parsed(at, text);
    if (!isObject(value)) throw wrong(at, 'a line must be an object', 'an object', kindOf(value));
    checkKeys(at, value, KEYS);
    yield {
      id: idOf(at, value['id']),
      vector: vectorOf(at, value['vector']),
      metadata: metadataOf(at, value['metadata']),
      at,
    };
  }
}

export function jsonlLine({ id, vector, metadata }: Row): string {
  const numbers = numbersText(vector ?? new Float32Array());
  return `{"id":${JSON.stringify(id)},"vector":${numbers},"metadata":${JSON.stringify(metadata)}}\n`;
}
