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
 * Building a graph of n rows takes about n^1.15 times as long as one of one row: 10,000, 50,000 and 100,000 rows of 384
 * numbers, `bench/results/search.md`.
 */
const GROWTH = 1.15;

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

/** Of a build that has put in `done` of `total` rows in `ms`: how long all of it takes. */
export function wholeMs(done: number, total: number, ms: number): number {
  return ms * (total / Math.max(1, done)) ** GROWTH;
}
