/** A Parquet file out of rows: `id`, `vector` and `metadata`, one row group after the other. */

import { gzipSync } from 'node:zlib';
import type { Row } from '../../../index.node.js';
import type { RowWriter } from '../writer.js';
import { ByteWriter, ParquetWriter, type SchemaElement } from './library.js';

/** What a row group holds at most, whatever is reached first. Readers hold one of them, and so does this. */
const GROUP_NUMBERS = 1 << 20;
const GROUP_TEXT_BYTES = 1 << 23;
const GROUP_ROWS = 1 << 14;

const COLUMNS: SchemaElement[] = [
  { name: 'root', num_children: 3 },
  {
    name: 'id',
    type: 'BYTE_ARRAY',
    repetition_type: 'REQUIRED',
    converted_type: 'UTF8',
    logical_type: { type: 'STRING' },
  },
  {
    name: 'vector',
    repetition_type: 'REQUIRED',
    num_children: 1,
    converted_type: 'LIST',
    logical_type: { type: 'LIST' },
  },
  { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
  { name: 'element', type: 'FLOAT', repetition_type: 'REQUIRED' },
];
const METADATA: SchemaElement = {
  name: 'metadata',
  type: 'BYTE_ARRAY',
  repetition_type: 'REQUIRED',
  logical_type: { type: 'JSON' },
};
/** What the pages are made by: told that this is JSON in the older way, too, the library would write values, and drop keys as __proto__. */
const WRITTEN = [...COLUMNS, METADATA];
/** What the footer tells: readers that know the older way only would take it for bytes. */
const TOLD: SchemaElement[] = [...COLUMNS, { ...METADATA, converted_type: 'JSON' }];

export function parquetWriter(): RowWriter {
  return new Groups();
}

class Groups implements RowWriter {
  readonly #out = new ByteWriter();
  readonly #encoder = new TextEncoder();
  readonly #writer = new ParquetWriter({
    writer: this.#out,
    schema: WRITTEN,
    codec: 'GZIP',
    compressors: { GZIP: (bytes) => gzipSync(bytes) },
    // It compares text as JavaScript does, not by its bytes as Parquet has it: readers would skip rows that are asked for.
    statistics: false,
  });
  #ids: Uint8Array[] = [];
  #vectors: Float32Array[] = [];
  #metadata: Uint8Array[] = [];
  #numbers = 0;
  #bytes = 0;

  async rows(rows: readonly Row[]): Promise<Uint8Array> {
    for (const { id, vector = new Float32Array(), metadata } of rows) {
      const [key, text] = [this.#encoder.encode(id), this.#encoder.encode(JSON.stringify(metadata))];
      this.#ids.push(key);
      this.#vectors.push(vector);
      this.#metadata.push(text);
      this.#numbers += vector.length;
      this.#bytes += key.length + text.length;
      const full =
        this.#numbers >= GROUP_NUMBERS || this.#bytes >= GROUP_TEXT_BYTES || this.#ids.length >= GROUP_ROWS;
      if (full) await this.#group();
    }
    return this.#taken();
  }

  async end(): Promise<Uint8Array> {
    if (this.#ids.length > 0) await this.#group();
    this.#writer.schema = TOLD;
    await this.#writer.finish();
    return this.#taken();
  }

  async #group(): Promise<void> {
    await this.#writer.write({
      columnData: [
        // Plain, and not by what the library guesses: its dictionaries take -0 for 0.
        { name: 'id', data: this.#ids, encoding: 'PLAIN' },
        {
          name: 'vector',
          data: this.#vectors.map((vector) => Array.from(vector)),
          encoding: 'PLAIN',
          codec: 'UNCOMPRESSED',
        },
        { name: 'metadata', data: this.#metadata, encoding: 'PLAIN' },
      ],
      rowGroupSize: this.#ids.length,
      // One page: the library would end pages in the middle of a vector, which the format does not allow.
      pageSize: 0,
    });
    [this.#ids, this.#vectors, this.#metadata] = [[], [], []];
    [this.#numbers, this.#bytes] = [0, 0];
  }

  /** What was written since the last time; the library goes on counting from where it is. */
  #taken(): Uint8Array {
    const bytes = this.#out.getBytes().slice();
    this.#out.index = 0;
    return bytes;
  }
}
