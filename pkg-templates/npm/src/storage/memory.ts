/** Files in memory: for tests, for edge isolates, and for data that need not outlive the page. */

import type { FileInfo } from '../types.js';
import { claim, type Lock } from './lock.js';
import { type Backend, checkEnd, type Draft, exists, type OpenStorage, outOfRange, Shell } from './shell.js';

/** What a memory storage keeps. Hand the same one to `openMemory` again to reopen it. */
export type MemoryFiles = Map<string, MemoryFile>;

export interface MemoryFile {
  /** Pieces in order; none is empty. */
  pieces: Uint8Array[];
  /** Where each piece begins. */
  starts: number[];
  length: number;
}

/** Opens `files` (by default new ones); `Conflict` when they are open already. */
export async function openMemory(files: MemoryFiles = new Map()): Promise<OpenStorage> {
  return new Shell(new Memory(files, claim(files, 'The memory storage')), 'The memory storage');
}

class Memory implements Backend {
  readonly kind = 'memory';
  readonly #files: MemoryFiles;
  readonly #lock: Lock;

  constructor(files: MemoryFiles, lock: Lock) {
    this.#files = files;
    this.#lock = lock;
  }

  async list(): Promise<FileInfo[]> {
    return Array.from(this.#files, ([name, file]) => ({ name, length: file.length }));
  }

  async read(name: string, start: number, end: number): Promise<Uint8Array> {
    this.#within(name, start, end);
    const out = new Uint8Array(end - start);
    this.readInto(name, start, out);
    return out;
  }

  readInto(name: string, at: number, target: Uint8Array): void {
    const file = this.#within(name, at, at + target.length);
    let filled = 0;
    for (let i = pieceAt(file, at); filled < target.length; i += 1) {
      const piece = file.pieces[i] as Uint8Array;
      const from = at + filled - (file.starts[i] as number);
      const part = piece.subarray(from, from + target.length - filled);
      target.set(part, filled);
      filled += part.length;
    }
  }

  #within(name: string, start: number, end: number): MemoryFile {
    const file = this.#files.get(name);
    if (file === undefined || end > file.length) throw outOfRange(name, start, end, file?.length);
    return file;
  }

  async begin(name: string): Promise<Draft> {
    if (this.#files.has(name)) throw exists(name);
    const file: MemoryFile = { pieces: [], starts: [], length: 0 };
    return {
      write: async (bytes) => grow(file, bytes),
      commit: async () => {
        if (this.#files.has(name)) throw exists(name);
        this.#files.set(name, file);
      },
      discard: async () => undefined,
    };
  }

  async append(name: string, at: number, bytes: Uint8Array): Promise<void> {
    const file = this.#files.get(name);
    checkEnd(name, at, file?.length);
    if (file !== undefined) grow(file, bytes);
  }

  async remove(name: string): Promise<void> {
    this.#files.delete(name);
  }

  async close(): Promise<void> {
    this.#lock.release();
  }
}

function grow(file: MemoryFile, bytes: Uint8Array): void {
  if (bytes.length === 0) return;
  file.pieces.push(bytes);
  file.starts.push(file.length);
  file.length += bytes.length;
}

/** The last piece that begins at or before `offset`. */
function pieceAt(file: MemoryFile, offset: number): number {
  let low = 0;
  let high = file.starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((file.starts[middle] as number) <= offset) low = middle;
    else high = middle - 1;
  }
  return Math.max(low, 0);
}
