/** How fast this machine is: what estimates of restores are made of. */

import type { CollectionInfo } from '../types.js';

/** Bytes of archives that this context has taken in, and how long that took. */
const content = { bytes: 0, ms: 0 };

/** Notes how long a content phase took. */
export function tookIn(bytes: number, ms: number): void {
  // What was long ago counts less: another tab may have been busy then.
  content.bytes = content.bytes / 2 + bytes;
  content.ms = content.ms / 2 + ms;
}

/** Bytes a millisecond before anything was measured: about that of IndexedDB in a browser on a small machine. */
const CONTENT_GUESS = 50_000;

/** Milliseconds that taking in so many bytes will take. */
export function contentMs(bytes: number): number {
  return bytes / (content.ms > 20 ? content.bytes / content.ms : CONTENT_GUESS);
}

/**
 * Building a graph of n rows takes about n^1.35 times as long as one of one row. Of what the first tenth takes that tells
 * the whole to within some 30 % for random vectors, and 20 % for sentence embeddings and words (20,000 and 50,000 rows).
 */
const GROWTH = 1.35;

/** Milliseconds for a first graph of so many rows, of 384 numbers, before anything was measured. */
const INDEX_GUESS = { rows: 10_000, ms: 2_000, dimension: 384 };

/** By what it takes for a row of so many numbers: its fixed part is as much as 100 numbers. */
const perRow = (dimension: number) => (dimension + 100) / (INDEX_GUESS.dimension + 100);

let factor = 1;

/** What was guessed of a build and what it took: the next guess is better. */
export function built(guessedMs: number, tookMs: number): void {
  if (guessedMs > 20 && tookMs > 20) factor *= tookMs / guessedMs;
}

/** Milliseconds that putting rows into graphs will take, by guess. */
export function indexMs(collections: readonly Pick<CollectionInfo, 'rows' | 'dimension'>[]): number {
  const of = ({ rows, dimension }: Pick<CollectionInfo, 'rows' | 'dimension'>) =>
    INDEX_GUESS.ms * (rows / INDEX_GUESS.rows) ** GROWTH * perRow(dimension);
  return factor * collections.reduce((ms, one) => ms + of(one), 0);
}

/** Notes that graphs of so many rows were built here: those of before count less. */
export function builtRows(rows: number, dimension: number, ms: number): void {
  if (rows >= LEARNT_ROWS) built(indexMs([{ rows, dimension }]), ms);
}

/** Fewer say little about many. */
const LEARNT_ROWS = 2_000;

/** Of a build that has put in `done` of `total` rows in `ms`: how long all of it takes. */
export function wholeMs(done: number, total: number, ms: number): number {
  return ms / shareOfWork(done, total);
}

/** The share of the work that the first `done` of `total` rows are. */
export function shareOfWork(done: number, total: number): number {
  return Math.min(1, Math.max(1, done) / Math.max(1, total)) ** GROWTH;
}
