/** One IndexedDB database: opened, lost, opened again; and transactions that end as they say they did. */

import { hostCode, LodestoreError, toLodestoreError } from '../errors.js';
import type { Durability } from '../types.js';
import { learnCommit } from './idb-commit.js';
import { beginNewLog, FullDisk, isFullDisk } from './idb-full.js';
import { openDatabase } from './idb-open.js';
import { CHUNKS, FILES } from './idb-stores.js';

/** Waits before attempts to get back a connection that the browser dropped, and to use it, ms. */
export const REOPEN_MS = [0, 50, 200, 800];
/** How long a transaction may take to end after its connection. */
const CLOSED_MS = 20;

export class Connection {
  readonly #name: string;
  readonly label: string;
  readonly durability: Durability;
  #db: IDBDatabase | undefined;
  #opening: Promise<IDBDatabase> | undefined;
  #opened = false;
  readonly #disk = new FullDisk();
  /** Told when a connection is gone, for each transaction. One listener for all: one for each costs as much as a request. */
  readonly #underWay = new Set<(db: IDBDatabase) => void>();

  constructor(name: string, label: string, durability: Durability) {
    this.#name = name;
    this.label = label;
    this.durability = durability;
  }

  /** Opens now, so that failures are told by `open` and not by the first verb. */
  async open(): Promise<void> {
    await this.#get();
  }

  close(): void {
    this.#db?.close();
    this.#db = undefined;
  }

  /** Runs `body` in a transaction that only reads; again when the connection was lost. */
  read<T>(body: (tx: IDBTransaction) => Promise<T>): Promise<T> {
    return this.#run('readonly', true, body);
  }

  /**
   * Runs `body` in a transaction that writes, and resolves when it is complete: a successful request is not
   * yet a commit. `repeatable` says whether running it twice does the same as once: only then is it repeated
   * when the connection is lost half-way and the outcome is unknown.
   */
  write<T>(
    repeatable: boolean,
    body: (tx: IDBTransaction) => Promise<T>,
    stores: string | string[] = [FILES, CHUNKS],
  ): Promise<T> {
    return this.#run('readwrite', repeatable, body, stores);
  }

  async #run<T>(
    mode: 'readonly' | 'readwrite',
    repeatable: boolean,
    body: (tx: IDBTransaction) => Promise<T>,
    stores: string | string[] = [FILES, CHUNKS],
  ) {
    for (let attempt = 1; ; attempt += 1) {
      const db = this.#db ?? (await this.#get());
      const again = async (): Promise<void> => {
        this.#lose(db);
        if (attempt > 1) await pause(REOPEN_MS[attempt] as number);
      };
      const isLast = attempt === REOPEN_MS.length - 1;
      let tx: IDBTransaction;
      try {
        tx = db.transaction(stores, mode, { durability: this.durability });
      } catch (error) {
        if (!isLost(error)) throw error;
        this.#leave(db, error);
        // Nothing has begun, so any verb may try once more on a new connection.
        await again();
        if (isLast) throw error;
        continue;
      }
      try {
        const value = await finish(tx, body, this.#underWay);
        if (mode === 'readwrite') this.#disk.over();
        return value;
      } catch (error) {
        if (!isLost(error)) throw error;
        this.#leave(db, error);
        await again();
        if (!isLast && repeatable) continue;
        throw new LodestoreError(
          'Unavailable',
          `${this.label}: the browser lost the storage in the middle of a change`,
          {
            cause: error,
          },
        );
      }
    }
  }

  /** Throws where the disk is full, or was: whatever went wrong, nobody asks again at once. */
  #leave(db: IDBDatabase, error: unknown): void {
    if (!this.#disk.isOn && !isFullDisk(error)) return;
    this.#lose(db);
    throw this.#disk.met(this.label, error);
  }

  #drop(db: IDBDatabase): void {
    db.close();
    if (this.#db === db) this.#db = undefined;
  }

  /** It is gone for all that is under way on it: of a connection that we have closed the browser need not tell that. */
  #lose(db: IDBDatabase): void {
    this.#drop(db);
    db.dispatchEvent(new Event('close'));
  }

  #get(): Promise<IDBDatabase> {
    if (this.#db !== undefined) return Promise.resolve(this.#db);
    this.#opening ??= this.#connect().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #connect(): Promise<IDBDatabase> {
    // The first open tells its failure at once. Later ones wait for a browser that is coming back.
    this.#disk.check(this.label);
    const waits = this.#opened && !this.#disk.isOn ? REOPEN_MS : [0];
    let failure: unknown;
    for (const wait of waits) {
      if (wait > 0) await pause(wait);
      try {
        const db = await openDatabase(this.#name, this.label, !this.#opened);
        // Another page deletes or upgrades: stepping aside at once is what keeps it from hanging.
        db.onversionchange = () => this.#drop(db);
        // The browser dropped the connection; the next call gets a new one.
        db.addEventListener('close', () => {
          this.#drop(db);
          for (const closed of [...this.#underWay]) closed(db);
        });
        await learnCommit(db, CHUNKS);
        await this.#newLog(db);
        this.#db = db;
        this.#opened = true;
        return db;
      } catch (error) {
        failure = error;
        if (error instanceof LodestoreError) break;
        if (this.#disk.isOn || isFullDisk(error)) throw this.#disk.met(this.label, error);
      }
    }
    throw toLodestoreError(failure, this.label);
  }

  /** Before anything is written behind what a full disk, or a crash, cut off. */
  async #newLog(db: IDBDatabase): Promise<void> {
    try {
      await beginNewLog();
    } catch (error) {
      // To be read it need not be, and what can be written tells itself.
      if (!this.#disk.isOn) return;
      db.close();
      throw error;
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** The connection went away under the transaction, as opposed to the transaction failing. */
function isLost(error: unknown): boolean {
  const name = hostCode(error);
  return name === 'InvalidStateError' || name === 'UnknownError' || name === 'AbortError';
}

function finish<T>(
  tx: IDBTransaction,
  body: (tx: IDBTransaction) => Promise<T>,
  underWay: Set<(db: IDBDatabase) => void>,
): Promise<T> {
  // Chromium ends what is under way without a word when it closes a connection: then there is only this event, or that of
  // `#lose`. Where it is complete all the same, whoever looks for its outcome finds it.
  const ended = new Promise<{ error: unknown } | undefined>((resolve) => {
    const over = (end: { error: unknown } | undefined) => {
      underWay.delete(closed);
      resolve(end);
    };
    const closed = (db: IDBDatabase) => {
      if (db !== tx.db) return;
      const end = { error: new DOMException('The connection was closed', 'InvalidStateError') };
      // What it says of the transaction may come right behind, with the reason.
      setTimeout(over, CLOSED_MS, end);
    };
    underWay.add(closed);
    tx.oncomplete = () => over(undefined);
    tx.onabort = () => over({ error: tx.error });
  });
  return settled(tx, body, ended);
}

async function settled<T>(
  tx: IDBTransaction,
  body: (tx: IDBTransaction) => Promise<T>,
  ended: Promise<{ error: unknown } | undefined>,
): Promise<T> {
  let value: T;
  try {
    const failed = ended.then((end) =>
      end === undefined ? new Promise<never>(() => undefined) : Promise.reject(end.error),
    );
    value = await Promise.race([body(tx), failed]);
    // A read has its answer; only a change has to wait for the end.
    if (tx.mode === 'readonly') return value;
  } catch (error) {
    if (error instanceof LodestoreError) {
      tx.abort();
      await ended;
      throw error;
    }
    // The request says AbortError when the transaction was aborted; why, only the transaction knows.
    abortQuietly(tx);
    throw (await ended)?.error ?? error;
  }
  const end = await ended;
  if (end === undefined) return value;
  // An abort that nobody asked for and without a reason: the connection was closed by force.
  throw end.error ?? new DOMException('The transaction was aborted', 'AbortError');
}

function abortQuietly(tx: IDBTransaction): void {
  try {
    tx.abort();
  } catch {
    // It has ended already, which is what was wanted.
  }
}
