/** How fast this machine is: what estimates of restores are made of. */

import { readAudit } from '../audit.js';
import type { Engine } from '../engine.js';
import type { AuditEntry } from '../reports.js';
import type { CollectionInfo } from '../types.js';

/** What a restore took, as its entry in the audit log has it: absent, each pair, where there was nothing to measure. */
export interface Took {
  bytes?: number;
  contentMs?: number;
  indexMs?: number;
  /** What putting as many rows into graphs takes by guess, before anything was measured. */
  indexGuessMs?: number;
}

/** Whether something was measured in this context, or remembered. */
let known = false;

/** Entries that are looked at: what was before them counts for nothing. */
const ENTRIES = 20;

/**
 * Takes the rates of the last restores and drills of a database, where nothing was measured here yet: a process that does one
 * thing and ends would know guesses only.
 */
export async function rememberRates(engine: Engine): Promise<void> {
  if (known) return;
  // An estimate is no reason for a restore to fail.
  const log = await readAudit(engine, ENTRIES, TOOK_KINDS).catch(() => undefined);
  rememberFrom(log?.entries ?? []);
}

/** The kinds of entries that say how long something took. */
export const TOOK_KINDS = ['restore', 'drill'] as const;

/** As `rememberRates`, of entries, oldest first. */
export function rememberFrom(entries: readonly AuditEntry[]): void {
  if (known) return;
  for (const { kind, details } of entries) {
    const of = kind === 'restore' ? details['result'] : details;
    const took = (of as { took?: Took } | undefined)?.took;
    const [bytes, contentMs, ofIndex, guess] = (
      ['bytes', 'contentMs', 'indexMs', 'indexGuessMs'] as const
    ).map((name) => positive(took?.[name]));
    if (bytes !== undefined && contentMs !== undefined) tookIn(bytes, contentMs);
    if (ofIndex !== undefined && guess !== undefined) built(guess * factor, ofIndex);
  }
}

/** An application may write entries as well. */
function positive(value: unknown): number | undefined {
  return typeof value === 'number' && value > 0 && Number.isFinite(value) ? value : undefined;
}

/** Bytes of archives that this context has taken in, and how long that took. */
const content = { bytes: 0, ms: 0 };

/** Notes how long a content phase took. */
export function tookIn(bytes: number, ms: number): void {
  // What was long ago counts less: another tab may have been busy then.
  content.bytes = content.bytes / 2 + bytes;
  content.ms = content.ms / 2 + ms;
  known = true;
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
  if (guessedMs <= 20 || tookMs <= 20) return;
  factor *= tookMs / guessedMs;
  known = true;
}

/** Milliseconds that putting rows into graphs will take, by what was measured. */
export function indexMs(collections: readonly Pick<CollectionInfo, 'rows' | 'dimension'>[]): number {
  return factor * indexGuessMs(collections);
}

/** Milliseconds that it would take if nothing was measured. */
export function indexGuessMs(collections: readonly Pick<CollectionInfo, 'rows' | 'dimension'>[]): number {
  const of = ({ rows, dimension }: Pick<CollectionInfo, 'rows' | 'dimension'>) =>
    INDEX_GUESS.ms * (rows / INDEX_GUESS.rows) ** GROWTH * perRow(dimension);
  return collections.reduce((ms, one) => ms + of(one), 0);
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
