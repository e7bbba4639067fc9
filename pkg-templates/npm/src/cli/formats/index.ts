/** Table of contents: which formats there are. */

import { extname } from 'node:path';
import { UsageError } from '../usage-error.js';
import { readChroma } from './chroma.js';
import { CSV_HEADER, csvLine, readCsv } from './csv.js';
import { jsonlLine, readJsonl } from './jsonl.js';
import { readPinecone } from './pinecone.js';
import { readQdrant } from './qdrant.js';
import type { IncomingRow, ReadOptions, RowReader } from './row.js';
import { type RowWriter, textWriter } from './writer.js';

export type { IncomingRow, ReadOptions, RowReader } from './row.js';

type Rows = AsyncGenerator<IncomingRow, void, undefined>;

/** A format that is read from its beginning to its end. */
function stream(rows: (chunks: AsyncIterable<Uint8Array>, options: ReadOptions) => Rows): RowReader {
  return (source, options) => rows(source.chunks, options);
}

export const READERS: Readonly<Record<string, RowReader>> = {
  jsonl: stream(readJsonl),
  csv: stream(readCsv),
  // Loaded when it is asked for: no other command needs the libraries that come with it.
  parquet: async function* (source, options) {
    yield* (await import('./parquet/read.js')).readParquet(source, options);
  },
  pinecone: stream(readPinecone),
  qdrant: stream(readQdrant),
  chroma: stream(readChroma),
};

export const WRITERS: Readonly<Record<string, () => Promise<RowWriter>>> = {
  jsonl: () => Promise.resolve(textWriter('', jsonlLine)),
  csv: () => Promise.resolve(textWriter(CSV_HEADER, csvLine)),
  parquet: async () => (await import('./parquet/write.js')).parquetWriter(),
};

const BY_EXTENSION: Readonly<Record<string, string>> = {
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
  '.csv': 'csv',
  '.parquet': 'parquet',
};

/** The format that was asked for, or that the name of the file says; `known` says which there are for this command. */
export function formatOf(asked: string | undefined, file: string, known: readonly string[]): string {
  const format = asked ?? BY_EXTENSION[extname(file).toLowerCase()];
  if (format === undefined)
    throw new UsageError(`--format is needed for ${file}: one of ${known.join(', ')}`);
  if (!known.includes(format))
    throw new UsageError(`--format must be one of ${known.join(', ')}, not "${format}"`);
  return format;
}
