/** One IndexedDB database: opened, lost, opened again; and transactions that end as they say they did. */

import { hostCode, LodestoreError, toLodestoreError } from '../errors.js';
import type { Durability } from '../types.js';
import { commitEarly, learnCommit } from './idb-commit.js';
import { beginNewLog, FullDisk, isFullDisk } from './idb-full.js';
import { openDatabase } from './idb-open.js';
import { CHUNKS, FILES } from './idb-stores.js';
import { CLAIMS_KEPT, lastOf, lastTurn, OWNER_ID, type Tail, type Turn, TURNS_KEPT } from './idb-turns.js';

/** Waits before attempts to get back a connection that the browser dropped, and to use it, ms. */
const REOPEN_MS = [0, 50, 200, 800];
/** How long a transaction may take to end after its connection. */
const CLOSED_MS = 20;

export class Connection {
  readonly #name: string;
  readonly #label: string;
  readonly durability: Durability;
  readonly #owner = crypto.randomUUID();
  /** The turn of the opening. */
  #claim = 0;
  /** The last turn; undefined while it is not known how the last change ended. */
  #turn: number | undefined;
  /** What it says. */
  #tail: Tail | undefined;
  /** Turns of changes up to this one are deleted. */
  #swept = 0;
  /** The last turn when this was opened, as long as there was no room for a turn of its own. */
  #found: number | undefined;
  #db: IDBDatabase | undefined;
  #opening: Promise<IDBDatabase> | undefined;
  #opened = false;
  readonly #disk = new FullDisk();
  /** Told when a connection is gone, for each transaction. One listener for all: one for each costs as much as a request. */
  readonly #underWay = new Set<(db: IDBDatabase) => void>();

  constructor(name: string, label: string, durability: Durability) {
    this.#name = name;
    this.#label = label;
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

  /** Makes this connection the one that changes files. The caller has the lock. */
  async own(): Promise<void> {
    await this.write(true, async (tx) => {
      const chunks = tx.objectStore(CHUNKS);
      const { keys, last, entry } = await lastOf(tx);
      // Somebody opened it since.
      if (this.#found !== undefined && last.turn > this.#found) throw overtaken(this.#label);
      this.#found = last.turn;
      this.#claim = last.turn + 1;
      if (entry !== undefined) tx.objectStore(FILES).put(entry, last.tail?.name);
      chunks.add({ owner: this.#owner, claim: this.#claim } satisfies Turn, [OWNER_ID, this.#claim]);
      // Turns of changes of the one before.
      if (last.claim !== undefined && last.claim < last.turn) {
        chunks.delete(IDBKeyRange.bound([OWNER_ID, last.claim + 1], [OWNER_ID, last.turn]));
      }
      const old = keys.at(-CLAIMS_KEPT);
      if (old !== undefined) chunks.delete(IDBKeyRange.bound([OWNER_ID], old));
    });
    this.#turn = this.#swept = this.#claim;
    this.#tail = undefined;
    this.#found = undefined;
  }

  /**
   * A change of files, one at a time: `Conflict` when somebody else owns them by now. `work` asks for everything at
   * once and waits for nothing, and where it can the browser then needs this page no more (`commitEarly`): were it to
   * stand still in the middle, the transaction would keep everybody out for a minute.
   *
   * When the connection is lost in the middle, the turns say whether the change was made; if not, it is made again.
   *
   * With `tail` it has appended to that file, and asks for nothing but that.
   */
  async change(work: (tx: IDBTransaction) => void, tail?: Tail): Promise<void> {
    if (this.#found !== undefined) await this.own();
    let turn = this.#turn ?? (await this.#lastTurn());
    let rest = work;
    for (let attempt = 1; ; attempt += 1) {
      // Whether it was made is to be looked up, until it is known.
      this.#turn = undefined;
      try {
        const settled = tail?.name === this.#tail?.name ? undefined : this.#tail;
        const body = async (tx: IDBTransaction): Promise<void> => {
          const chunks = tx.objectStore(CHUNKS);
          const says: Turn = { owner: this.#owner, claim: this.#claim, ...(tail && { tail }) };
          // Whoever took over has added this one.
          chunks.add(says, [OWNER_ID, turn + 1]);
          if (turn - this.#swept >= TURNS_KEPT) {
            chunks.delete(IDBKeyRange.bound([OWNER_ID, this.#swept + 1], [OWNER_ID, turn]));
          }
          if (settled !== undefined) {
            tx.objectStore(FILES).put({ id: settled.id, length: settled.length }, settled.name);
          }
          rest(tx);
          commitEarly(tx);
        };
        // An append has no more to do with the entries of files: one store is less to be locked.
        await this.write(false, body, tail !== undefined && settled === undefined ? CHUNKS : undefined);
        if (turn - this.#swept >= TURNS_KEPT) this.#swept = turn;
        this.#turn = turn + 1;
        this.#tail = tail;
        return;
      } catch (error) {
        const lost = error instanceof LodestoreError && error.code === 'Unavailable';
        if (!lost || attempt === REOPEN_MS.length) throw error;
        const last = await this.#lastTurn();
        // It is there. One more turn behind it: when that is on the disk, so is the change.
        if (last === turn + 1) rest = () => undefined;
        turn = last;
      }
    }
  }

  /** As `change`, of what only deletes this file: where there is no room even for the next turn, without it. */
  async clear(name: string, body: (tx: IDBTransaction) => void): Promise<void> {
    try {
      await this.change(body);
    } catch (error) {
      if (toLodestoreError(error).code !== 'Quota') throw error;
      await this.write(true, async (tx) => {
        const { turn, owner } = await lastTurn(tx);
        if (owner !== this.#owner && turn !== this.#found) throw overtaken(this.#label);
        body(tx);
        commitEarly(tx);
      });
      // The last turn still speaks of it; nobody believes that of a file that is gone.
      if (this.#tail?.name === name) this.#tail = undefined;
    }
  }

  async #lastTurn(): Promise<number> {
    return this.read(async (tx) => {
      const { last, entry } = await lastOf(tx);
      if (last.owner !== this.#owner) throw overtaken(this.#label);
      this.#tail = entry && last.tail;
      return last.turn;
    });
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
          `${this.#label}: the browser lost the storage in the middle of a change`,
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
    throw this.#disk.met(this.#label, error);
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
    this.#disk.check(this.#label);
    const waits = this.#opened && !this.#disk.isOn ? REOPEN_MS : [0];
    let failure: unknown;
    for (const wait of waits) {
      if (wait > 0) await pause(wait);
      try {
        const db = await openDatabase(this.#name, this.#label, !this.#opened);
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
        if (this.#disk.isOn || isFullDisk(error)) throw this.#disk.met(this.#label, error);
      }
    }
    throw toLodestoreError(failure, this.#label);
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

function overtaken(label: string): LodestoreError {
  return new LodestoreError('Conflict', `${label} was taken over by another tab or worker`);
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
