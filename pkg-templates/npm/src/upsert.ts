/** The two shapes of `upsert`, made into the one that is sent on: ids and metadata as JSON, vectors flat. */

import { LodestoreError } from './errors.js';
import { invalid } from './fault.js';
import type { ColumnarInput, RowInput } from './types.js';
import { checkIds, checkOptions, fillVector, hasOnly, isAnything, metadataJson } from './validate.js';

interface UpsertArguments {
  ids: string;
  vectors: Float32Array;
  /** An array of objects and nulls; undefined when no row has any. */
  metadata: string | undefined;
}

const ROW = { id: isAnything, vector: isAnything, metadata: isAnything };
const COLUMNS = { ids: isAnything, vectors: isAnything, metadata: isAnything };

/** Bytes that one write may take in the log. */
const WRITE_BYTES_MAX = 64 * 1024 * 1024;

/** How `upsert` of so many rows failed: where they are too many for one write, with how many are not. */
export function upsertFailure(error: unknown, count: number): unknown {
  if (!(error instanceof LodestoreError) || error.expected !== `at most ${WRITE_BYTES_MAX} bytes`)
    return error;
  const { code, expected, got } = error;
  const fits = Math.max(1, Math.floor((count * WRITE_BYTES_MAX) / Number(got)));
  return new LodestoreError(
    code,
    `upsert: ${count} rows are too large for one write, which is made whole or not at all: ` +
      `about ${fits} of this size fit, so write ${roundDown(fits)} at a time`,
    { expected, got, cause: error },
  );
}

/** With room for rows that are larger than others: nine tenths, as a round number. */
function roundDown(count: number): number {
  const most = Math.max(1, Math.floor(count * 0.9));
  const unit = 10 ** Math.max(0, String(most).length - 2);
  return Math.floor(most / unit) * unit;
}

/** Checks the input of `upsert` and flattens it. */
export function upsertArguments(
  input: readonly RowInput[] | ColumnarInput,
  dimension: number,
): UpsertArguments {
  return Array.isArray(input) ? fromRows(input, dimension) : fromColumns(input as ColumnarInput, dimension);
}

function fromRows(rows: readonly RowInput[], dimension: number): UpsertArguments {
  const ids = new Array<string>(rows.length);
  const metadata = new Array<unknown>(rows.length);
  const only = rows.length === 1 ? rows[0]?.vector : undefined;
  const isThere = only instanceof Float32Array && only.length === dimension;
  // One vector is read where it lies: to make an array takes a third of all this.
  const vectors = isThere ? only : new Float32Array(rows.length * dimension);
  for (let i = 0; i < rows.length; i++) {
    // Where the properties are right, nothing is put together to be said of them.
    if (!hasOnly(ROW, rows[i])) checkOptions(`upsert: rows[${i}]`, rows[i] ?? null, ROW);
    const { id, vector, metadata: own } = rows[i] as RowInput;
    ids[i] = id;
    metadata[i] = own;
    if (!isThere) fillVector(`upsert: rows[${i}].vector`, vector, vectors, i * dimension, dimension);
  }
  checkIds('upsert', ids);
  return { ids: JSON.stringify(ids), vectors, metadata: column('rows', metadata) };
}

function fromColumns(columns: ColumnarInput, dimension: number): UpsertArguments {
  checkOptions('upsert', columns ?? null, COLUMNS);
  const { ids, vectors, metadata } = columns;
  checkIds('upsert', ids);
  if (!(vectors instanceof Float32Array)) {
    throw invalid('upsert: vectors must be one Float32Array with all vectors, row after row');
  }
  if (vectors.length !== ids.length * dimension) {
    throw invalid(
      `upsert: vectors must hold ${ids.length} ids x ${dimension} numbers`,
      ids.length * dimension,
      vectors.length,
    );
  }
  if (metadata === undefined) return { ids: JSON.stringify(ids), vectors, metadata: undefined };
  if (!Array.isArray(metadata) || metadata.length !== ids.length) {
    throw invalid('upsert: metadata must be an array as long as ids', ids.length, metadata.length);
  }
  return { ids: JSON.stringify(ids), vectors, metadata: column('metadata', metadata) };
}

function column(name: string, values: readonly unknown[]): string | undefined {
  let any = false;
  const texts = new Array<string>(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value === undefined) texts[i] = 'null';
    else {
      any = true;
      texts[i] = metadataJson(
        () => (name === 'rows' ? `upsert: rows[${i}].metadata` : `upsert: metadata[${i}]`),
        value,
      );
    }
  }
  return any ? `[${texts.join(',')}]` : undefined;
}
