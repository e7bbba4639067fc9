/**
 * Files in the origin private file system, by synchronous access handles, in a dedicated worker.
 *
 * A pool file is a header of 4096 bytes and then the data; the length is the size less the header. The header is
 * written after the data, so a file appears when it is complete; appends extend the file at its end only, so
 * after a crash it holds what was flushed, and beyond that at most a torn tail.
 */

import { LodestoreError, toLodestoreError } from '../errors.js';
import type { Durability, FileInfo, RoomEstimate } from '../types.js';
import { HELD, type Lock, lockName, webLock } from './lock.js';
import { directoryName } from './names.js';
import { HEADER_BYTES } from './opfs-header.js';
import { gone, Pool, type PoolFile } from './opfs-pool.js';
import { giveBack } from './spare.js';
import { type Backend, checkEnd, type Draft, exists, type OpenStorage, outOfRange, Shell } from './shell.js';

const ROOT = 'lodestore';

export interface OpfsOptions {
  /** Default `'strict'`: an append is flushed before it resolves. */
  durability?: Durability | undefined;
  /** The caller has the lock. */
  held?: boolean | undefined;
}

/** Opens or makes the database `name`; `Conflict` when another worker has it open. */
export async function openOpfs(name: string, options: OpfsOptions = {}): Promise<OpenStorage> {
  const { directory, label } = locate(name);
  // Synchronous access handles are there in dedicated workers only.
  if (!isDedicatedWorker()) throw elsewhere('open with { worker: true }');
  const lock = options.held ? HELD : await webLock(lockName('opfs', name), label);
  try {
    const root = await navigator.storage.getDirectory();
    const all = await root.getDirectoryHandle(ROOT, { create: true });
    const pool = await Pool.open(await all.getDirectoryHandle(directory, { create: true }));
    return new Shell(new Opfs(pool, lock, (options.durability ?? 'strict') === 'strict'), label);
  } catch (error) {
    await lock.release();
    throw toLodestoreError(error, `${label} cannot be opened`);
  }
}

/** Deletes the database `name` with everything in it, from any context; `Conflict` when it is open. */
export async function deleteOpfs(name: string): Promise<void> {
  const { directory, label } = locate(name);
  const lock = await webLock(lockName('opfs', name), label);
  try {
    const root = await navigator.storage.getDirectory();
    const all = await root.getDirectoryHandle(ROOT, { create: true });
    await all.removeEntry(directory, { recursive: true });
  } catch (error) {
    if ((error as { name?: unknown } | null)?.name === 'NotFoundError') return;
    throw toLodestoreError(error, `${label} cannot be deleted`);
  } finally {
    await lock.release();
  }
}

function locate(name: string): { directory: string; label: string } {
  const directory = directoryName(name);
  if (typeof globalThis.navigator?.storage?.getDirectory !== 'function') throw elsewhere('use a browser');
  return { directory, label: `The database ${JSON.stringify(name)} in OPFS` };
}

function isDedicatedWorker(): boolean {
  return (
    typeof (globalThis as { DedicatedWorkerGlobalScope?: unknown }).DedicatedWorkerGlobalScope === 'function'
  );
}

function elsewhere(advice: string): LodestoreError {
  return new LodestoreError(
    'Invalid',
    `Storage 'opfs' works in a dedicated worker of a browser only: ${advice}, or take another storage`,
  );
}

class Opfs implements Backend {
  readonly kind = 'opfs';
  readonly #pool: Pool;
  readonly #lock: Lock;
  readonly #strict: boolean;
  /** Appended to since the last file was made, in 'relaxed'. */
  readonly #unsynced = new Set<PoolFile>();

  constructor(pool: Pool, lock: Lock, strict: boolean) {
    this.#pool = pool;
    this.#lock = lock;
    this.#strict = strict;
  }

  async list(): Promise<FileInfo[]> {
    if (this.#pool.isGone) throw gone();
    return Array.from(this.#pool.used, ([name, file]) => ({ name, length: lengthOf(file) }));
  }

  async read(name: string, start: number, end: number): Promise<Uint8Array> {
    const file = this.#within(name, start, end);
    const out = new Uint8Array(end - start);
    fill(file, name, start, out);
    return out;
  }

  readInto(name: string, at: number, target: Uint8Array): void {
    // Rows are read by the thousand: only a read that comes back short looks at the length, which is a call as well.
    const file = target.length > 0 ? this.#pool.used.get(name) : this.#within(name, at, at);
    if (file === undefined) throw outOfRange(name, at, at + target.length, undefined);
    fill(file, name, at, target);
  }

  #within(name: string, start: number, end: number): PoolFile {
    const file = this.#pool.used.get(name);
    const length = file && lengthOf(file);
    if (file === undefined || length === undefined || end > length)
      throw outOfRange(name, start, end, length);
    return file;
  }

  estimate(): Promise<RoomEstimate> {
    return navigator.storage.estimate();
  }

  async begin(name: string): Promise<Draft> {
    if (this.#pool.used.has(name)) throw exists(name);
    const file = await this.#pool.take();
    let length = 0;
    let over = false;
    return {
      write: async (bytes) => {
        extend(file, length, bytes);
        length += bytes.length;
        giveBack(bytes);
      },
      commit: async () => {
        if (this.#pool.used.has(name)) throw exists(name);
        // What it may say of another file (a snapshot, how long its log is) has to be on the disk before it.
        for (const other of this.#unsynced) other.handle.flush();
        this.#unsynced.clear();
        // Data first, or a power cut could leave a name that stands for bytes that never came.
        file.handle.flush();
        this.#pool.assign(file, name);
        over = true;
        await this.#pool.look(file);
      },
      discard: async () => {
        if (over) return;
        over = true;
        await this.#pool.giveBack(file);
      },
    };
  }

  async append(name: string, at: number, bytes: Uint8Array): Promise<void> {
    const file = this.#end(name, at);
    // The browser looks while this thread writes.
    const there = this.#pool.lookAgain(file);
    // Where writing fails that is what is told.
    there.catch(() => undefined);
    this.#extend(file, at, bytes);
    await there;
  }

  appendNow(name: string, at: number, bytes: Uint8Array): boolean {
    // To look takes waiting.
    if (this.#pool.looksDue()) return false;
    this.#extend(this.#end(name, at), at, bytes);
    return true;
  }

  /** The file, of which `at` is the end. */
  #end(name: string, at: number): PoolFile {
    const file = this.#pool.used.get(name);
    checkEnd(name, at, file && lengthOf(file));
    if (file === undefined) throw outOfRange(name, at, at, undefined);
    return file;
  }

  #extend(file: PoolFile, at: number, bytes: Uint8Array): void {
    extend(file, at, bytes);
    if (this.#strict) flush(file, at);
    else this.#unsynced.add(file);
  }

  async remove(name: string): Promise<void> {
    await this.#pool.unassign(name);
  }

  async close(): Promise<void> {
    this.#pool.close();
    await this.#lock.release();
  }
}

function lengthOf(file: PoolFile): number {
  return (file.length ??= file.handle.getSize() - HEADER_BYTES);
}

function fill(file: PoolFile, name: string, start: number, target: Uint8Array): void {
  for (let filled = 0; filled < target.length;) {
    const rest = target.subarray(filled) as Uint8Array<ArrayBuffer>;
    const got = file.handle.read(rest, { at: HEADER_BYTES + start + filled });
    if (got === 0) throw outOfRange(name, start, start + target.length, lengthOf(file));
    filled += got;
  }
}

/** Writes all of `bytes` at `at`, or takes everything back and throws. */
function extend(file: PoolFile, at: number, bytes: Uint8Array): void {
  let failure: unknown;
  try {
    const written = file.handle.write(bytes as Uint8Array<ArrayBuffer>, { at: HEADER_BYTES + at });
    if (written === bytes.length) {
      file.length = at + bytes.length;
      return;
    }
    // Firefox tells a full disk by a short count where Chromium throws.
    failure = new LodestoreError('Quota', 'The host has no room; free some and write again', {
      expected: `${bytes.length} bytes written`,
      got: `${written}`,
    });
  } catch (error) {
    failure = error;
  }
  cut(file, at);
  throw failure;
}

/** Flushes what was appended at `at`. */
function flush(file: PoolFile, at: number): void {
  try {
    file.handle.flush();
  } catch (error) {
    // Whether the bytes are on the disk is not known; taken back, they are at least not there to be read.
    cut(file, at);
    throw error;
  }
}

function cut(file: PoolFile, length: number): void {
  file.length = undefined;
  try {
    file.handle.truncate(HEADER_BYTES + length);
  } catch (error) {
    const message = `A failed write to the pool file ${file.file} could not be taken back; open the database again`;
    throw new LodestoreError('Unavailable', message, { cause: error });
  }
}
