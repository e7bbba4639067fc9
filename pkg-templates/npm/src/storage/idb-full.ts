/**
 * A full disk, as Chromium (156) meets it in IndexedDB. The transaction aborts with an `UnknownError`, all connections
 * are closed, and the log ends in a part of a record. Two things then cost the whole site its IndexedDB, both measured:
 *
 * - An open on a disk that is still full may mark the files as damaged; the next open deletes them. So after it nothing
 *   is opened for a while, each time longer, and whoever asks meanwhile is told why.
 * - The log is not read past the cut-off record, but written to behind it, and the next start of the browser finds
 *   it damaged and deletes everything. Deleting a database, however small, makes the browser begin a new log.
 */

import { hostCode, LodestoreError } from '../errors.js';
import { result } from './idb-open.js';

const FIRST_MS = 2_000;
const LONGEST_MS = 60_000;
/** Not the key of any of ours: those begin with `lodestore:`. */
const OTHER = 'lodestore-log';

export class FullDisk {
  #until = 0;
  #wait = FIRST_MS;
  #cause: unknown;

  /** Whether it was full when it was last written to. */
  get isOn(): boolean {
    return this.#cause !== undefined;
  }

  /** Throws as long as nothing is to be opened. */
  check(label: string): void {
    if (performance.now() < this.#until) throw noSpace(label, this.#cause);
  }

  /** It is full now. Returns what to tell. */
  met(label: string, cause: unknown): LodestoreError {
    this.#cause = cause;
    this.#until = performance.now() + this.#wait;
    this.#wait = Math.min(2 * this.#wait, LONGEST_MS);
    return noSpace(label, cause);
  }

  /** Something was written. */
  over(): void {
    this.#cause = undefined;
    this.#wait = FIRST_MS;
  }
}

/** Whether this is the disk, and not the quota, of which Chromium says otherwise. */
export function isFullDisk(error: unknown): boolean {
  const { message } = (error ?? {}) as { message?: unknown };
  return hostCode(error) !== undefined && /NO_SPACE|full disk/.test(String(message));
}

/** In Chromium: from now on nothing is written behind what a crash or a full disk cut off. */
export async function beginNewLog(): Promise<void> {
  if (!('dataLoss' in IDBVersionChangeEvent.prototype)) return;
  (await result(indexedDB.open(OTHER))).close();
  await result(indexedDB.deleteDatabase(OTHER));
}

function noSpace(label: string, cause: unknown): LodestoreError {
  return new LodestoreError(
    'Quota',
    `${label}: the disk is full; free some room and write again (the browser is not asked for ${FIRST_MS / 1000} s and more, as it may delete everything on a full disk)`,
    { cause },
  );
}
