/** `lodestore export`. */

import { collectionOf } from '../collection-of.js';
import { type Command, DATABASE_OPTIONS, NAME } from '../command.js';
import { formatOf, WRITERS } from '../formats/index.js';
import { argument } from '../options.js';
import { withDatabase } from '../place.js';
import { withSink } from '../sink.js';
import { bytesText, count, durationText } from '../text.js';
import { UsageError } from '../usage-error.js';

const FORMATS = Object.keys(WRITERS);
/** Rows in memory at a time. */
const PAGE = 500;

export const exportRows: Command = {
  name: 'export',
  summary: 'write the rows of a collection as JSON Lines, CSV or Parquet',
  description: [
    'Writes every row in the order of the ids. Numbers of vectors are written with as many digits as it takes to read the same float32 back, so that an export that is imported again gives the same rows. The configuration of the collection is not part of it: that is what backup is for.',
    'jsonl: one object a line, {"id":"a","vector":[0.5,1],"metadata":{"n":1}}. csv: by RFC 4180 with the header id,vector,metadata; the vector is a JSON array in its field, the metadata a JSON object.',
    'parquet: the columns id (string), vector (list of float32, none of them null) and metadata (JSON text), in row groups of about 4 MiB of vectors. Vectors are stored as they are, ids and metadata are compressed with gzip.',
  ],
  args: [
    NAME,
    { name: 'COLLECTION', text: 'Name of the collection.' },
    { name: 'FILE', text: 'The file to write; - is stdout. Default -.', optional: true, complete: 'file' },
  ],
  options: {
    ...DATABASE_OPTIONS,
    format: {
      value: 'FORMAT',
      words: FORMATS,
      text: 'Default by the ending of FILE (.jsonl, .ndjson, .csv, .parquet).',
    },
    force: { short: 'f', text: 'Replace FILE if it is there. It stays until the new one is whole.' },
  },
  examples: [
    ['lodestore export notes words words.jsonl', 'to a file'],
    ['lodestore export notes words words.parquet', 'for DuckDB, pandas, Polars and the like'],
    ['lodestore export notes words --format csv | gzip > words.csv.gz', 'through a pipe'],
  ],
  failure: 'there is no such collection, FILE is there already, or it cannot be written',
  run: async (call) => {
    const [name, of, file] = [argument(call.args, 0), argument(call.args, 1), call.args[2] ?? '-'];
    const format = formatOf(call.options.text('format'), file, FORMATS);
    const make = WRITERS[format];
    if (make === undefined) throw new UsageError(`there is no format "${format}"`);
    const started = performance.now();
    return withDatabase(call, name, {}, async (db) => {
      const collection = await collectionOf(db, of);
      const all = await collection.count();
      const bar = call.io.bar();
      const { value: rows, bytes } = await withSink(call, file, call.options.flag('force'), async (sink) => {
        const writer = await make();
        let rows = 0;
        let cursor: string | undefined;
        do {
          call.signal.throwIfAborted();
          const page = await collection.list({ limit: PAGE, returnVectors: true, cursor });
          await sink.write(await writer.rows(page.rows));
          rows += page.rows.length;
          cursor = page.cursor;
          bar.rows('export', rows, all);
        } while (cursor !== undefined);
        await sink.write(await writer.end());
        return rows;
      }).finally(() => bar.end());
      const ms = Math.round(performance.now() - started);
      const lines = [`${file}: ${count(rows, 'row')}, ${bytesText(bytes)}, ${durationText(ms)}`];
      return { ok: true, result: { file, format, rows, bytes, ms }, lines: file === '-' ? [] : lines };
    });
  },
};
