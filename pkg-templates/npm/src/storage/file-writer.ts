/** A file of Node, Deno or Bun that is being written: in few calls, each beside what comes next. */

import { LodestoreError } from '../errors.js';
import type { NodeHandle } from './node.js';
import { giveBack } from './spare.js';

/** Pieces are kept until they are so many bytes together: a call into another thread costs as much as a piece. */
const TOGETHER_BYTES = 2 << 20;
/** Each time that so much was written it is synced, so that little is left to be waited for in the end. */
const SYNC_BYTES = 32 << 20;

export class FileWriter {
  readonly #handle: NodeHandle;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  /** Where the next call writes, and how much before that was not synced. */
  #at = 0;
  #unsynced = 0;
  #writing: Promise<void> = Promise.resolve();
  #syncing: Promise<void> = Promise.resolve();
  #open = true;

  constructor(handle: NodeHandle) {
    this.#handle = handle;
  }

  /** Resolves when there is room for more. What fails is told by this or a later call, `finish` at last. */
  async write(bytes: Uint8Array): Promise<void> {
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    if (this.#pendingBytes >= TOGETHER_BYTES) await this.#flush();
  }

  /** Everything is in the file, and on the disk. */
  async finish(): Promise<void> {
    await this.#flush();
    await this.#writing;
    await this.#syncing;
    await this.#handle.sync();
    await this.close();
  }

  /** Waits for what is under way, and closes. Does nothing a second time. */
  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await Promise.allSettled([this.#writing, this.#syncing]);
    await this.#handle.close();
  }

  /** Begins to write what is pending, once what was begun before is done. */
  async #flush(): Promise<void> {
    await this.#writing;
    const [pieces, at] = [this.#pending, this.#at];
    this.#at += this.#pendingBytes;
    this.#unsynced += this.#pendingBytes;
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#writing = writeEach(this.#handle, at, pieces);
    // Whoever waits for it is told.
    this.#writing.catch(() => undefined);
    if (this.#unsynced < SYNC_BYTES) return;
    this.#unsynced = 0;
    this.#syncing = Promise.all([this.#syncing, this.#handle.datasync()]).then(() => undefined);
    this.#syncing.catch(() => undefined);
  }
}

/** Writes pieces one behind the other, from `at` on. */
async function writeEach(handle: NodeHandle, at: number, pieces: Uint8Array[]): Promise<void> {
  // Not every host has it, and none promises to take all.
  let taken = pieces.length > 1 ? ((await handle.writev?.(pieces, at))?.bytesWritten ?? 0) : 0;
  for (const piece of pieces) {
    const done = Math.min(taken, piece.length);
    if (done < piece.length) await writeAll(handle, at + done, piece.subarray(done));
    giveBack(piece);
    taken -= done;
    at += piece.length;
  }
}

/** Writes all of it at `at`. */
export async function writeAll(handle: NodeHandle, at: number, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, at + done);
    if (bytesWritten === 0)
      throw new LodestoreError('Quota', 'The host takes no more bytes; free some room and write again');
    done += bytesWritten;
  }
}
