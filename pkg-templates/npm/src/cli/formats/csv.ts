/** CSV with a header: `id`, `vector` as a JSON array, `metadata` as a JSON object, and columns of one's own. */

import type { Metadata, Row } from '../../index.node.js';
import { csvField, csvRecords } from './csv-fields.js';
import { parsed } from './documents.js';
import { numbersText } from './numbers.js';
import { type IncomingRow, metadataOf, put, vectorOf, wrong } from './row.js';

export const CSV_HEADER = 'id,vector,metadata\r\n';

export async function* readCsv(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<IncomingRow, void, undefined> {
  let header: string[] | undefined;
  for await (const { fields, line } of csvRecords(chunks)) {
    const at = `line ${line}`;
    if (header === undefined) {
      header = headerOf(at, fields);
      continue;
    }
    if (fields.length !== header.length)
      throw wrong(
        at,
        'the record has another number of fields than the header',
        String(header.length),
        String(fields.length),
      );
    yield rowOf(at, header, fields);
  }
}

function headerOf(at: string, names: string[]): string[] {
  for (const name of ['id', 'vector']) {
    if (!names.includes(name))
      throw wrong(
        at,
        `the header has no column "${name}"`,
        'id, vector and, if there is any, metadata',
        names.join(', '),
      );
  }
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw wrong(at, `the header has the column "${twice}" twice`);
  return names;
}

function rowOf(at: string, header: readonly string[], fields: readonly string[]): IncomingRow {
  let id = '';
  let vector: number[] = [];
  let metadata: Metadata = {};
  const own: [string, string][] = [];
  header.forEach((name, i) => {
    const field = fields[i] ?? '';
    if (name === 'id') id = field;
    else if (name === 'vector') vector = vectorOf(at, parsed(`${at}, vector`, field));
    else if (name === 'metadata')
      metadata = field === '' ? {} : metadataOf(at, parsed(`${at}, metadata`, field));
    // An empty field is an absent one: CSV cannot tell them apart.
    else if (field !== '') own.push([name, field]);
  });
  for (const [name, value] of own) put(metadata, at, name, value);
  return { id, vector, metadata, at };
}

export function csvLine({ id, vector, metadata }: Row): string {
  const fields = [id, numbersText(vector ?? new Float32Array()), JSON.stringify(metadata)];
  return `${fields.map(csvField).join(',')}\r\n`;
}
