/** Descriptors of Node, Deno and Bun that are kept open for reading without waiting. */

import { hostCode } from '../errors.js';
import type { NodeFsNow } from './node.js';
import { outOfRange } from './shell.js';

/** A large database has some dozens of blocks files; a process may often have no more than 256 files open. */
const OPEN_MAX = 64;
/** From so many bytes on opening costs nothing beside reading: a process with many databases keeps its descriptors. */
const ONCE_BYTES = 64 * 1024;

export class Readers {
  readonly #fs: NodeFsNow;
  readonly #path: (name: string) => string;
  /** By name, the one opened last at the end. */
  readonly #open = new Map<string, number>();

  constructor(fs: NodeFsNow, path: (name: string) => string) {
    this.#fs = fs;
    this.#path = path;
  }

  /** Fills `target` from `at` on, or throws `outOfRange`. */
  read(name: string, at: number, target: Uint8Array): void {
    const keep = target.length < ONCE_BYTES;
    const known = this.#open.get(name);
    const file = known ?? this.#descriptor(name, keep);
    if (file === undefined) throw outOfRange(name, at, at + target.length, undefined);
    try {
      this.#fill(file, name, at, target);
    } finally {
      if (known === undefined && !keep) this.#fs.closeSync(file);
    }
  }

  #fill(file: number, name: string, at: number, target: Uint8Array): void {
    const end = at + target.length;
    if (target.length === 0) {
      const { size } = this.#fs.fstatSync(file);
      if (end > size) throw outOfRange(name, at, end, size);
    }
    for (let filled = 0; filled < target.length;) {
      const got = this.#fs.readSync(file, target, filled, target.length - filled, at + filled);
      if (got === 0) throw outOfRange(name, at, end, this.#fs.fstatSync(file).size);
      filled += got;
    }
  }

  /** Closes the descriptor of a file that is removed: an open one keeps the bytes on the disk. */
  forget(name: string): void {
    const file = this.#open.get(name);
    if (file === undefined) return;
    this.#open.delete(name);
    this.#fs.closeSync(file);
  }

  close(): void {
    for (const name of [...this.#open.keys()]) this.forget(name);
  }

  #descriptor(name: string, keep: boolean): number | undefined {
    let file: number;
    try {
      file = this.#fs.openSync(this.#path(name), 'r');
    } catch (error) {
      if (hostCode(error) === 'ENOENT') return undefined;
      throw error;
    }
    if (!keep) return file;
    this.#open.set(name, file);
    const [oldest] = this.#open.keys();
    if (this.#open.size > OPEN_MAX && oldest !== undefined) this.forget(oldest);
    return file;
  }
}
