/**
 * A pool of files made beforehand. Chromium can lose a file that is new when the power fails, even one whose bytes
 * were flushed (measured: a file made before the last sync of the disk kept all that was flushed, one made seconds
 * before lost everything). So files are made ahead of need and only change owner, by a header inside them.
 */

import { hostCode, LodestoreError, toLodestoreError } from '../errors.js';
import { type Header, HEADER_BYTES, openHeader, writeHeader } from './opfs-header.js';

/** Files of a new pool. */
const START_FILES = 16;
/** Fewer free ones than this, and the pool grows. */
const SPARE_FILES = 6;
const GROW_FILES = 8;
/** What Chromium sets aside for any open file: more for longer ones. */
const SET_ASIDE_BYTES = 1 << 20;

/** A handle may outlive a reload or a tab for some 60 ms, longer when a worker is busy: 2 s in all. */
const BUSY_WAIT_MS = 50;
const BUSY_TRIES = 40;
/** Writes that follow one another more closely than this are not each preceded by a look: it costs as much as they do. */
const LOOK_MS = 100;

export interface PoolFile {
  readonly file: string;
  handle: FileSystemSyncAccessHandle;
  header: Header;
  /** Bytes of data, where that is known: nobody else can write while the handle is open, and asking takes a call. */
  length: number | undefined;
}

export class Pool {
  readonly used = new Map<string, PoolFile>();
  /** The browser has removed the files. What is open can still be read. */
  isGone = false;
  /** When the browser last said that they are there. */
  #seen = -Infinity;
  readonly #free: PoolFile[] = [];
  readonly #handles: FileSystemSyncAccessHandle[] = [];
  readonly #directory: FileSystemDirectoryHandle;
  #nextNumber = 1;

  private constructor(directory: FileSystemDirectoryHandle) {
    this.#directory = directory;
  }

  /** Opens all files of the directory; frees every handle again when anything is wrong with one. */
  static async open(directory: FileSystemDirectoryHandle): Promise<Pool> {
    const pool = new Pool(directory);
    try {
      await pool.#load();
      await pool.#reserve(pool.used.size === 0 ? START_FILES : SPARE_FILES).catch((error: unknown) => {
        // What there is can be read without spare files.
        if (pool.used.size === 0 || !isQuota(error)) throw error;
      });
      return pool;
    } catch (error) {
      pool.close();
      throw error;
    }
  }

  /** A free and empty file, for the caller alone. */
  async take(): Promise<PoolFile> {
    if (this.#free.length <= SPARE_FILES) {
      await this.#reserve(SPARE_FILES + GROW_FILES).catch((error: unknown) => {
        // The spare ones are for this, too.
        if (this.#free.length === 0 || !isQuota(error)) throw error;
      });
    }
    // The one that was made first: the longer ago that was, the surer the browser's own list of files, which nobody can
    // flush, is on the disk with it. Not the one that came back first: those of a pool that has just grown would be next.
    const first = this.#free.reduce((least, file) => Math.min(least, number(file.file)), Infinity);
    const at = this.#free.findIndex((file) => number(file.file) === first);
    const [file] = at < 0 ? [] : this.#free.splice(at, 1);
    if (file === undefined) throw new LodestoreError('Unavailable', 'The pool has no free file; try again');
    return file;
  }

  /** Gives a taken file its name, durably. Its data must have been flushed. */
  assign(file: PoolFile, name: string): void {
    this.#write(file, name);
    this.used.set(name, file);
  }

  /** Takes a file's name away, durably, and only then its data: cut off in between, it is a free file to empty. */
  async unassign(name: string): Promise<void> {
    const file = this.used.get(name);
    if (file === undefined) return;
    this.#write(file, undefined);
    this.used.delete(name);
    await this.giveBack(file);
  }

  /** Returns a taken file that has no name. */
  async giveBack(file: PoolFile): Promise<void> {
    file.length = undefined;
    const size = file.handle.getSize();
    // Most are empty already, and a truncate costs more than a look.
    if (size !== HEADER_BYTES) file.handle.truncate(HEADER_BYTES);
    if (size > SET_ASIDE_BYTES) await this.#reopen(file);
    this.#free.push(file);
  }

  /** For Chromium to give back the room that it set aside for as long as the file was open. */
  async #reopen(file: PoolFile): Promise<void> {
    const entry = await this.#directory.getFileHandle(file.file);
    const at = this.#handles.indexOf(file.handle);
    // Closed meanwhile.
    if (at < 0) return;
    file.handle.close();
    this.#handles.splice(at, 1);
    file.handle = await accessHandle(entry);
    this.#handles.push(file.handle);
  }

  /**
   * Throws when the browser has removed the file. Its handle writes on as if nothing had happened, and what is written
   * to it is nowhere.
   */
  async look(file: PoolFile): Promise<void> {
    try {
      if (!this.isGone) await this.#directory.getFileHandle(file.file);
      this.#seen = performance.now();
    } catch (error) {
      if (hostCode(error) !== 'NotFoundError') throw error;
      this.isGone = true;
    }
    if (this.isGone) throw gone();
  }

  /** Whether it is time to look: the browser removes all files of an origin, at any moment. */
  looksDue(): boolean {
    return this.isGone || performance.now() - this.#seen >= LOOK_MS;
  }

  /** Looks, unless that was done a moment ago. */
  async lookAgain(file: PoolFile): Promise<void> {
    if (this.looksDue()) await this.look(file);
  }

  close(): void {
    // Chromium does not come back from closing the handle of a file that it has removed.
    if (this.isGone) return;
    for (const handle of this.#handles.splice(0)) {
      try {
        handle.close();
      } catch {
        // One that cannot be closed must not keep the others open.
      }
    }
  }

  #write(file: PoolFile, name: string | undefined): void {
    const header: Header = { generation: file.header.generation + 1n, name };
    writeHeader(file.handle, header);
    file.header = header;
  }

  async #load(): Promise<void> {
    const entries: FileSystemFileHandle[] = [];
    for await (const [file, entry] of this.#directory.entries()) {
      if (entry.kind === 'file' && /^pool-[0-9]{6,}$/.test(file)) entries.push(entry as FileSystemFileHandle);
    }
    entries.sort((a, b) => number(a.name) - number(b.name));
    const files = await this.#accessAll(entries);
    const newest = entries.at(-1)?.name;
    // What could not be made keeps its name for the next time.
    const isMade = files.some(({ file }) => file === newest);
    if (newest !== undefined) this.#nextNumber = number(newest) + (isMade ? 1 : 0);
    for (const file of files) {
      const name = file.header.name;
      if (name === undefined) {
        await this.giveBack(file);
        continue;
      }
      const other = this.used.get(name);
      if (other !== undefined) {
        throw new LodestoreError(
          'Corrupt',
          `The pool files ${other.file} and ${file.file} both hold ${name}; restore a backup`,
        );
      }
      this.used.set(name, file);
    }
  }

  async #reserve(count: number): Promise<void> {
    while (this.#free.length < count) {
      const name = `pool-${String(this.#nextNumber).padStart(6, '0')}`;
      const file = await this.#access(await this.#directory.getFileHandle(name, { create: true }), true);
      // A file without room for its header is tried again the next time.
      if (file === undefined) throw new DOMException('no room for another file', 'QuotaExceededError');
      this.#nextNumber += 1;
      this.#free.push(file);
    }
  }

  /** All at once: one after the other, opening a pool of sixteen takes five times as long. */
  async #accessAll(entries: FileSystemFileHandle[]): Promise<PoolFile[]> {
    const opened = await Promise.allSettled(
      entries.map((entry, i) => this.#access(entry, i === entries.length - 1)),
    );
    return opened.flatMap((outcome) => {
      if (outcome.status === 'rejected') throw outcome.reason;
      return outcome.value ?? [];
    });
  }

  /**
   * Undefined for a file that never held anything where there is no room for its header; and for the newest where there
   * is none for the file: on a full disk Firefox makes the name alone, and then finds nothing.
   */
  async #access(entry: FileSystemFileHandle, isNewest: boolean): Promise<PoolFile | undefined> {
    const handle = await accessHandle(entry).catch((error: unknown) => {
      if (!isNewest || hostCode(error) !== 'NotFoundError') throw error;
    });
    if (handle === undefined) return undefined;
    this.#handles.push(handle);
    const isUnused = handle.getSize() === 0;
    try {
      return { file: entry.name, handle, header: openHeader(handle, entry.name), length: undefined };
    } catch (error) {
      if (!isUnused || !isQuota(error)) throw error;
      this.#handles.splice(this.#handles.indexOf(handle), 1);
      handle.close();
      return undefined;
    }
  }
}

export function gone(): LodestoreError {
  return new LodestoreError(
    'Evicted',
    'The files were removed by the browser while they were open; what is in memory can be read and copied elsewhere',
  );
}

function isQuota(error: unknown): boolean {
  return toLodestoreError(error).code === 'Quota';
}

function number(file: string): number {
  return Number(file.slice('pool-'.length));
}

async function accessHandle(entry: FileSystemFileHandle): Promise<FileSystemSyncAccessHandle> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await entry.createSyncAccessHandle();
    } catch (error) {
      // Only a handle that somebody else still has goes away by waiting.
      if (hostCode(error) !== 'NoModificationAllowedError' || attempt === BUSY_TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, BUSY_WAIT_MS));
    }
  }
}
