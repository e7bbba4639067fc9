/**
 * What is remembered of a database outside of it: that there was something in it. A browser out of room removes all of
 * IndexedDB and OPFS of an origin at once; without a witness the next opening would take that for a new database.
 *
 * It is in localStorage, which Chromium leaves alone then (measured, on a full disk). Workers have none: what a window
 * opens in a worker of its own is watched by the window. Firefox and Safari remove localStorage with the rest.
 */

import type { Changes } from './changes.js';
import type { Engine } from './engine.js';
import { LodestoreError } from './errors.js';

export class Witness {
  readonly #key: string;
  #noted = 0;

  /** `key` is the name of the lock of the database. */
  constructor(key: string) {
    this.#key = `${key}:seq`;
  }

  /** A write that the database is known to have had; 0 where nothing is known. */
  get seq(): number {
    const seq = Number(store((local) => local.getItem(this.#key)) ?? 0);
    return Number.isSafeInteger(seq) ? seq : 0;
  }

  /** There is something now. Once is enough, and at each opening. */
  note(seq: number): void {
    if (this.#noted > 0 || seq === 0) return;
    this.#noted = seq;
    store((local) => local.setItem(this.#key, String(seq)));
  }

  /** There was something: the browser says so, and says it once. */
  miss(): void {
    if (this.seq === 0) store((local) => local.setItem(this.#key, '1'));
  }

  forget(): void {
    this.#noted = 0;
    store((local) => local.removeItem(this.#key));
  }

  /** The engine, unless it was opened on nothing where there was something; then it is closed. */
  async check(engine: Engine, changes: Changes, name: string, mayCreate: boolean): Promise<Engine> {
    const seq = await engine.lastWrite();
    const known = Math.max(this.seq, changes.seq);
    // What vanished while it was open here is not begun anew behind the handles that are left.
    const isNew = known === 0 || (mayCreate && changes.seq === 0);
    if (seq > 0) this.note(seq);
    else if (isNew) this.forget();
    else {
      await engine.close().catch(() => undefined);
      throw new LodestoreError(
        'Evicted',
        `The database ${JSON.stringify(name)} is empty and was not: the browser removed its files, or somebody else did; ` +
          "restore a backup, or open it with { ifEvicted: 'create' } to begin anew",
        { expected: `write ${known}`, got: 'nothing' },
      );
    }
    return engine;
  }
}

/** Pages may be denied it, and it may be full: then there is no witness. */
function store<T>(use: (local: Storage) => T): T | undefined {
  try {
    return globalThis.localStorage === undefined ? undefined : use(globalThis.localStorage);
  } catch {
    return undefined;
  }
}
