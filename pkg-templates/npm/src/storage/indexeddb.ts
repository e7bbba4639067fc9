/**
 * Files in IndexedDB. Store `files`: name -> { id, length }. Store `chunks`: [id, offset] -> at most 1 MiB of
 * bytes. One append is one transaction, so it is there whole or not at all; and one request: the turn, which says how
 * long the file is by now and has the bytes with it. Those of some appends together become a chunk. A file being
 * created has chunks under an id that no name leads to, until one last transaction puts the name.
 */

import { LodestoreError, toLodestoreError } from '../errors.js';
import type { Durability, FileInfo, RoomEstimate } from '../types.js';
import { alone, CHUNK_BYTES, chunksOf, joined, putChunks } from './idb-chunks.js';
import { commitEarly } from './idb-commit.js';
import { Connection } from './idb-connection.js';
import { deleteDatabase } from './idb-open.js';
import { Owner } from './idb-owner.js';
import { CHUNKS, FILES, result } from './idb-stores.js';
import { CARRIED_BYTES, type End, endBehind, grown, lastTurn, OWNER_ID } from './idb-turns.js';
import { HELD, type Lock, lockName, PAGE_HIDDEN, watchPageHide, webLock } from './lock.js';
import { checkDatabaseName, isFileName } from './names.js';
import { giveBack } from './spare.js';
import { type Backend, checkEnd, type Draft, exists, type OpenStorage, outOfRange, Shell } from './shell.js';

/** Values of one transaction of a draft: bounds what is in memory twice. */
const BATCH_CHUNKS = 4;
/** Values fetched at once. */
const FETCH_CHUNKS = 16;

interface Entry {
  id: number;
  length: number;
}

export interface IndexedDbOptions {
  /** Default `'strict'`: a change resolves when the browser says that it reached the disk. */
  durability?: Durability | undefined;
  /** The caller has the lock, and closes when the page is left. */
  held?: boolean | undefined;
}

/** Opens or makes the database `lodestore:<name>`; `Conflict` when another tab or worker has it open. */
export async function openIndexedDb(name: string, options: IndexedDbOptions = {}): Promise<OpenStorage> {
  const { key, label } = locate(name);
  const lock = options.held ? HELD : await webLock(lockName('indexeddb', name), label);
  const connection = new Connection(key, label, options.durability ?? 'strict');
  try {
    await connection.open();
    const owner = new Owner(connection);
    await withoutRoom(owner.own());
    await withoutRoom(sweep(connection));
    const backend = new IndexedDb(connection, owner, lock, label);
    const shell = new Shell(backend, label);
    if (options.held) return shell;
    backend.stopWatching = watchPageHide(() => {
      // The page may be frozen in the next moment, so the lock goes first and does not wait for calls under way.
      void lock.release();
      void shell.shut(PAGE_HIDDEN).catch(() => undefined);
    });
    return shell;
  } catch (error) {
    connection.close();
    await lock.release();
    throw error;
  }
}

/** What can wait until there is room: files are read without it. */
async function withoutRoom(work: Promise<void>): Promise<void> {
  await work.catch((error: unknown) => {
    if (toLodestoreError(error).code !== 'Quota') throw error;
  });
}

/** Deletes the database `lodestore:<name>` with everything in it; `Conflict` when it is open. */
export async function deleteIndexedDb(name: string): Promise<void> {
  const { key, label } = locate(name);
  const lock = await webLock(lockName('indexeddb', name), label);
  try {
    await deleteDatabase(key, label);
  } finally {
    await lock.release();
  }
}

function locate(name: string): { key: string; label: string } {
  checkDatabaseName(name);
  if (globalThis.indexedDB === undefined) {
    throw new LodestoreError(
      'Invalid',
      `There is no IndexedDB here: choose another storage, or leave it to 'auto'`,
    );
  }
  return { key: `lodestore:${name}`, label: `The database ${JSON.stringify(name)} in IndexedDB` };
}

class IndexedDb implements Backend {
  readonly kind = 'indexeddb';
  readonly #connection: Connection;
  readonly #owner: Owner;
  readonly #lock: Lock;
  readonly #label: string;
  /** The last chunk that a read used in part: reading on begins in it. Chunks never change, ids never return. */
  #edge: { id: number; at: number; value: Uint8Array } | undefined;
  /** The file that was appended to last, as it is now. */
  #tail: { name: string; entry: Entry } | undefined;
  stopWatching: () => void = () => undefined;

  constructor(connection: Connection, owner: Owner, lock: Lock, label: string) {
    this.#connection = connection;
    this.#owner = owner;
    this.#lock = lock;
    this.#label = label;
  }

  list(): Promise<FileInfo[]> {
    return this.#connection.read(async (tx) => {
      const files = tx.objectStore(FILES);
      const [names, entries, { tail }] = await Promise.all([
        result(files.getAllKeys()),
        result(files.getAll()),
        lastTurn(tx),
      ]);
      return names.map((key, i) => {
        if (typeof key !== 'string' || !isFileName(key))
          throw this.#damaged(`the list of files has the key ${String(key)}`);
        return { name: key, length: grown(key, this.#entry(key, entries[i]), tail)?.length ?? 0 };
      });
    });
  }

  read(name: string, start: number, end: number): Promise<Uint8Array> {
    return this.#connection.read(async (tx) => {
      const { entry, carried } = await this.#found(tx, name);
      if (entry === undefined || end > entry.length) throw outOfRange(name, start, end, entry?.length);
      const out = new Uint8Array(end - start);
      const inTurns = entry.length - carried.length;
      if (start < Math.min(end, inTurns)) {
        await this.#readChunks(tx, entry.id, start, out.subarray(0, inTurns - start), name);
      }
      if (end > inTurns) {
        out.set(carried.subarray(Math.max(start - inTurns, 0), end - inTurns), Math.max(inTurns - start, 0));
      }
      return out;
    });
  }

  /** Fills `out` with what the chunks of a file have from `start` on. */
  async #readChunks(
    tx: IDBTransaction,
    id: number,
    start: number,
    out: Uint8Array,
    name: string,
  ): Promise<void> {
    const end = start + out.length;
    const chunks = tx.objectStore(CHUNKS);
    const edge = this.#edge?.id === id && this.#edge.at <= start ? this.#edge : undefined;
    // Where the bytes that are there so far end; not a number before the first of them.
    let offset = Number.NaN;
    // Chunks follow one another without gaps: one at another place means that one is missing.
    const take = (at: number, value: unknown): boolean => {
      if (!(value instanceof Uint8Array)) return false;
      const first = Number.isNaN(offset);
      if (first ? at > start || at + value.length <= start : at !== offset) return false;
      // The first chunk may begin before the range and the last one end after it.
      const part = value.subarray(Math.max(start - at, 0), end - at);
      out.set(part, Math.max(at - start, 0));
      offset = at + value.length;
      if (offset > end) this.#edge = { id, at, value };
      return true;
    };
    if (edge !== undefined && edge.at + edge.value.length > start) take(edge.at, edge.value);
    // No chunk is longer than this, so the one that holds `start` is found without looking for it first.
    let from = Number.isNaN(offset) ? Math.max(start - CHUNK_BYTES + 1, 0) : offset;
    for (let whole = true; whole && !(offset >= end);) {
      const range = IDBKeyRange.bound([id, from], [id, end], false, true);
      const [keys, values] = await Promise.all([
        result(chunks.getAllKeys(range, FETCH_CHUNKS)),
        result(chunks.getAll(range, FETCH_CHUNKS)) as Promise<unknown[]>,
      ]);
      whole = values.length > 0;
      for (const [i, value] of values.entries()) {
        const at = (keys[i] as [number, number])[1];
        from = at + 1;
        const early = value instanceof Uint8Array && at + value.length <= start;
        if (!early && !take(at, value)) whole = false;
        if (!whole) break;
      }
    }
    // Not `offset < end`: without any chunk it is not a number.
    if (!(offset >= end)) throw this.#damaged(`bytes ${start} to ${end} of ${name} are not all there`);
  }

  estimate(): Promise<RoomEstimate> {
    return navigator.storage.estimate();
  }

  async begin(name: string): Promise<Draft> {
    const taken = await this.#connection.read((tx) => result(tx.objectStore(FILES).getKey(name)));
    if (taken !== undefined) throw exists(name);
    return new IdbDraft(this.#connection, this.#owner, name, freshId());
  }

  async append(name: string, at: number, bytes: Uint8Array): Promise<void> {
    const entry = this.#tail?.name === name ? this.#tail.entry : await this.#find(name);
    checkEnd(name, at, entry?.length);
    if (entry === undefined || bytes.length === 0) return;
    const longer = { id: entry.id, length: at + bytes.length } satisfies Entry;
    this.#tail = undefined;
    const carried = bytes.length <= CARRIED_BYTES ? alone(bytes) : undefined;
    await this.#owner.append({ name, ...longer }, carried, (tx) => {
      if (carried === undefined) putChunks(tx, entry.id, at, bytes, this.#connection.durability);
    });
    this.#tail = { name, entry: longer };
  }

  async remove(name: string): Promise<void> {
    const entry = await this.#find(name);
    if (entry === undefined) return;
    if (this.#tail?.name === name) this.#tail = undefined;
    await this.#owner.clear(name, (tx) => {
      tx.objectStore(FILES).delete(name);
      tx.objectStore(CHUNKS).delete(chunksOf(entry.id));
    });
  }

  /** Only this owner changes it: what is found stays so until it is changed here. */
  async #find(name: string): Promise<Entry | undefined> {
    return (await this.#connection.read((tx) => this.#found(tx, name))).entry;
  }

  /** A file, and those of its bytes that are in turns. */
  async #found(tx: IDBTransaction, name: string) {
    const [value, end] = await Promise.all([
      result(tx.objectStore(FILES).get(name)),
      endBehind(tx, this.#owner.swept),
    ]);
    const stored = this.#entry(name, value);
    const entry = grown(name, stored, end);
    return { entry, carried: joined(entry === stored ? [] : (end as End).carried) };
  }

  async close(): Promise<void> {
    this.stopWatching();
    this.#connection.close();
    await this.#lock.release();
  }

  #entry(name: string, value: unknown): Entry | undefined {
    if (value === undefined) return undefined;
    const { id, length } = (value ?? {}) as Partial<Entry>;
    if (Number.isSafeInteger(id) && Number.isSafeInteger(length)) return value as Entry;
    throw this.#damaged(`the entry of ${name} is not one`);
  }

  #damaged(what: string): LodestoreError {
    return new LodestoreError('Corrupt', `${this.#label} is damaged: ${what}; restore a backup`);
  }
}

/** Every transaction of a draft is as durable as the last: none relies on a later one to carry it to the disk. */
class IdbDraft implements Draft {
  readonly #connection: Connection;
  readonly #owner: Owner;
  readonly #name: string;
  readonly #id: number;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #written = 0;
  #over = false;

  constructor(connection: Connection, owner: Owner, name: string, id: number) {
    this.#connection = connection;
    this.#owner = owner;
    this.#name = name;
    this.#id = id;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    if (this.#pendingBytes >= BATCH_CHUNKS * CHUNK_BYTES) await this.#flush();
  }

  async commit(): Promise<void> {
    await this.#flush();
    // Adding fails where there is a file of that name. Had somebody swept the chunks, the turn would be taken.
    await this.#owner.change((tx) => {
      tx.objectStore(FILES).add({ id: this.#id, length: this.#written } satisfies Entry, this.#name);
    });
    this.#over = true;
  }

  async discard(): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    await this.#connection.write(true, async (tx) => {
      // A commit whose outcome was unknown may have happened: then the chunks belong to a file.
      const entry = (await result(tx.objectStore(FILES).get(this.#name))) as Entry | undefined;
      if (entry?.id !== this.#id) tx.objectStore(CHUNKS).delete(chunksOf(this.#id));
    });
  }

  /** Small pieces of the source are joined, so that a file does not become many small values. */
  async #flush(): Promise<void> {
    if (this.#pendingBytes === 0) return;
    const bytes = joined(this.#pending);
    for (const piece of this.#pending) giveBack(piece);
    this.#pending = [];
    this.#pendingBytes = 0;
    // Putting the same chunks at the same keys again changes nothing, so this may be repeated.
    await this.#connection.write(true, async (tx) => {
      putChunks(tx, this.#id, this.#written, bytes, this.#connection.durability);
      commitEarly(tx);
    });
    this.#written += bytes.length;
  }
}

/** Random, so that an owner who was shut out while frozen can never write into the file of the next one. */
function freshId(): number {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
  return (high & 0xfffff) * 2 ** 32 + low;
}

/** Deletes chunks that no file leads to (their create was cut off). Only the owner of the lock may. */
async function sweep(connection: Connection): Promise<void> {
  const orphans = await connection.read(async (tx) => {
    const entries = (await result(tx.objectStore(FILES).getAll())) as Partial<Entry>[];
    const live = new Set(entries.map((entry) => entry?.id));
    const found: number[] = [];
    await eachId(tx, (id) => {
      if (!live.has(id) && id !== OWNER_ID) found.push(id);
    });
    return found;
  });
  if (orphans.length === 0) return;
  await connection.write(true, async (tx) => {
    for (const id of orphans) tx.objectStore(CHUNKS).delete(chunksOf(id));
  });
}

/** Calls `seen` for each id that has chunks, skipping from one id to the next. */
function eachId(tx: IDBTransaction, seen: (id: number) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = tx.objectStore(CHUNKS).openKeyCursor();
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      const cursor = request.result;
      if (cursor === null) return resolve();
      const id = (cursor.key as [number, number])[0];
      seen(id);
      cursor.continue([id + 1]);
    };
  });
}
