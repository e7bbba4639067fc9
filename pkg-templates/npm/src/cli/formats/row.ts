/** A row on its way in, and what is wrong with one. */

import { LodestoreError, type Metadata } from '../../index.node.js';
import type { Source } from '../source.js';

export interface IncomingRow {
  id: string;
  vector: number[] | Float32Array;
  metadata: Metadata;
  /** Where it stands, for messages: "line 12". */
  at: string;
}

export interface ReadOptions {
  /** Leave out what Lodestore has no place for, rather than refuse the row. */
  lossy: boolean;
  /** Which of several named vectors (Qdrant). */
  vector: string | undefined;
  /** Which columns are the ids and the vectors (Parquet). */
  idColumn: string | undefined;
  vectorColumn: string | undefined;
  /** The key of the metadata that a document goes to (Chroma). */
  documentField: string;
  /** Counts what was left out. */
  leftOut: Map<string, number>;
}

/** Makes rows of a file. */
export type RowReader = (
  source: Source,
  options: ReadOptions,
) => AsyncGenerator<IncomingRow, void, undefined>;

export function wrong(at: string, what: string, expected?: string, got?: string): LodestoreError {
  return new LodestoreError('Invalid', `${at}: ${what}`, { expected, got });
}

/** What a value is, for messages. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return value === undefined ? 'nothing' : typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function idOf(at: string, value: unknown): string {
  if (typeof value === 'string') return value;
  throw wrong(at, 'the id must be a string', 'a string', kindOf(value));
}

export function vectorOf(at: string, value: unknown): number[] {
  if (!Array.isArray(value))
    throw wrong(at, 'the vector must be an array of numbers', 'an array', kindOf(value));
  if (value.length === 0) throw wrong(at, 'the vector is empty', 'numbers');
  const bad = value.findIndex((one) => typeof one !== 'number');
  if (bad < 0) return value as number[];
  throw wrong(at, `number ${bad} of the vector is none`, 'a number', kindOf(value[bad]));
}

/** Null and nothing count as no metadata. What is inside is judged by the library. */
export function metadataOf(at: string, value: unknown): Metadata {
  if (value === null || value === undefined) return {};
  if (isObject(value)) return value as Metadata;
  throw wrong(at, 'the metadata must be an object', 'an object', kindOf(value));
}

/** Adds a column to the metadata. */
export function put(metadata: Metadata, at: string, name: string, value: unknown): void {
  if (Object.hasOwn(metadata, name)) throw wrong(at, `"${name}" is a column and a key of the metadata`);
  // Not by assignment: a column may be named __proto__.
  Object.defineProperty(metadata, name, { value, enumerable: true, writable: true, configurable: true });
}

/** Refuses a key that this format does not have: it would be lost without a word. */
export function checkKeys(at: string, value: Record<string, unknown>, known: readonly string[]): void {
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown !== undefined) throw wrong(at, `there is no place for "${unknown}"`, known.join(', '), unknown);
}

/** What has no place here is refused, or with --lossy counted and left out. */
export function leaveOut(at: string, what: string, options: ReadOptions): void {
  if (!options.lossy) throw wrong(at, `there is no place for ${what}; --lossy leaves it out`);
  options.leftOut.set(what, (options.leftOut.get(what) ?? 0) + 1);
}
