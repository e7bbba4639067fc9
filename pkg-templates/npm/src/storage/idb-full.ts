/**
 * A full disk, as Chromium (156) meets it in IndexedDB. The transaction aborts with an `UnknownError`, all connections
 * are closed, and the log ends in a part of a record. Two things then cost the whole site its IndexedDB, both measured:
 *
 * - An open on a disk that is still full may mark the files as damaged; the next open deletes them. So after it nothing
 *   is opened for a while, each time longer, and whoever asks meanwhile is told why.
 * - The log is not read past the cut-off record, but written to behind it, and the next start of the browser finds
 *   it damaged and deletes everything. Deleting a database, however small, makes the browser begin a new log.
 */

import { LodestoreError } from '../errors.js';
import { result } from './idb-stores.js';

const FIRST_MS = 2_000;
const LONGEST_MS = 60_000;
/** It takes some 15. */
const PATIENCE_MS = 1_000;
/** Not the key of any of ours: those begin with `lodestore:`. */
const OTHER = 'lodestore-log';

export class FullDisk {
  #until = 0;
  #wait = FIRST_MS;
  #cause: unknown;
  #isFull = false;

  /** Whether it was full when it was last written to. */
  get isOn(): boolean {
    return this.#cause !== undefined;
  }

  /** Throws as long as nothing is to be opened. */
  check(label: string): void {
    if (performance.now() < this.#until) throw this.#told(label);
  }

  /** It is full now. Returns what to tell. */
  met(label: string, cause: unknown): LodestoreError {
    this.#isFull ||= /NO_SPACE|full disk/.test(messageOf(cause));
    this.#cause = cause;
    this.#until = performance.now() + this.#wait;
    this.#wait = Math.min(2 * this.#wait, LONGEST_MS);
    return this.#told(label);
  }

  /** Something was written. */
  over(): void {
    this.#cause = undefined;
    this.#isFull = false;
    this.#wait = FIRST_MS;
  }

  #told(label: string): LodestoreError {
    const code = this.#isFull ? 'Quota' : 'Unavailable';
    const what = this.#isFull
      ? 'the disk is full; free some room and write again'
      : 'the browser cannot open its files; see that the disk has room, and try again';
    const message = `${label}: ${what} (it is not asked for ${FIRST_MS / 1000} s and more, as it may delete everything then)`;
    return new LodestoreError(code, message, { cause: this.#cause });
  }
}

/** Whether this is the disk, of which Chromium does not always say that it is full; of the quota it says otherwise. */
export function isFullDisk(error: unknown): boolean {
  return /NO_SPACE|opening backing store/.test(messageOf(error));
}

function messageOf(error: unknown): string {
  return error instanceof DOMException ? error.message : '';
}

/** In Chromium: from now on nothing is written behind what a crash or a full disk cut off. */
export async function beginNewLog(): Promise<void> {
  if (!('dataLoss' in IDBVersionChangeEvent.prototype)) return;
  const begun = (async () => {
    (await result(indexedDB.open(OTHER))).close();
    await result(indexedDB.deleteDatabase(OTHER));
  })();
  // A page that stands still right here keeps the others from it, and must not keep them from more.
  await Promise.race([begun, new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
}
