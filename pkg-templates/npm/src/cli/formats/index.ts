/** Table of contents: which formats there are. */

import { extname } from 'node:path';
import { UsageError } from '../usage-error.js';
import { readChroma } from './chroma.js';
import { readCsv } from './csv.js';
import { readJsonl } from './jsonl.js';
import { readPinecone } from './pinecone.js';
import { readQdrant } from './qdrant.js';
import type { RowReader } from './row.js';

export { CSV_HEADER, csvLine } from './csv.js';
export { jsonlLine } from './jsonl.js';
export type { IncomingRow, ReadOptions, RowReader } from './row.js';

export const READERS: Readonly<Record<string, RowReader>> = {
  jsonl: readJsonl,
  csv: readCsv,
  pinecone: readPinecone,
  qdrant: readQdrant,
  chroma: readChroma,
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
  if (format === 'parquet')
    throw new UsageError(
      `parquet is not supported: use ${known.join(', ')} (other tools convert parquet to CSV)`,
    );
  if (format === undefined)
    throw new UsageError(`--format is needed for ${file}: one of ${known.join(', ')}`);
  if (!known.includes(format))
    throw new UsageError(`--format must be one of ${known.join(', ')}, not "${format}"`);
  return format;
}
