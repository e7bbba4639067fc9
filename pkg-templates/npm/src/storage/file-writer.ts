/**
 * A file of Node, Deno or Bun that is being written: in few calls, each beside what comes next. What is to be written is
 * copied into buffers that are filled again and again, since memory that is new costs more than the copy, and its collector
 * as much again.
 */

import { LodestoreError } from '../errors.js';
import type { NodeHandle } from './node.js';

/** A call into another thread costs as much as a small piece. */
const BUFFER_BYTES = 2 << 20;
/** One is written, one waits for its turn, one is filled. */
const BUFFERS = 3;
/** Each time that so much was written it is synced, so that little is left to be waited for in the end. */
const SYNC_BYTES = 32 << 20;

export class FileWriter {
  readonly #handle: NodeHandle;
  readonly #free: Uint8Array[] = [];
  #made = 0;
  /** What is filled, and how far; where it belongs in the file. */
  #buffer: Uint8Array | undefined;
  #filled = 0;
  #at = 0;
  /** What was begun, oldest first. */
  readonly #underWay: Promise<void>[] = [];
  #last: Promise<void> = Promise.resolve();
  #unsynced = 0;
  #open = true;

  constructor(handle: NodeHandle) {
    this.#handle = handle;
  }

  /** Takes the bytes before it returns. Resolves when there is room for more. What fails is told by this or a later call. */
  write(bytes: Uint8Array): Promise<void> {
    const taken = this.#take(bytes);
    // Where it does not fit what is left is kept aside: it may be something else once this has returned.
    return taken === bytes.length ? this.#room() : this.#rest(bytes.slice(taken));
  }

  /** Everything is in the file, and on the disk. */
  async finish(): Promise<void> {
    if (this.#filled > 0) this.#begin();
    await Promise.all(this.#underWay);
    await this.#handle.sync();
    await this.close();
  }

  /** Waits for what is under way, and closes. Does nothing a second time. */
  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await Promise.allSettled(this.#underWay);
    await this.#handle.close();
  }

  async #rest(bytes: Uint8Array): Promise<void> {
    for (let taken = 0; taken < bytes.length; taken += this.#take(bytes.subarray(taken))) await this.#room();
    await this.#room();
  }

  /** Copies as many bytes as there is room for: how many. */
  #take(bytes: Uint8Array): number {
    let taken = 0;
    while (taken < bytes.length) {
      this.#buffer ??= this.#free.pop() ?? this.#another();
      if (this.#buffer === undefined) break;
      const piece = bytes.subarray(taken, taken + this.#buffer.length - this.#filled);
      this.#buffer.set(piece, this.#filled);
      this.#filled += piece.length;
      taken += piece.length;
      if (this.#filled === this.#buffer.length) this.#begin();
    }
    return taken;
  }

  #another(): Uint8Array | undefined {
    if (this.#made === BUFFERS) return undefined;
    this.#made += 1;
    return unfilled(BUFFER_BYTES);
  }

  /** Waits while every buffer is on its way. */
  async #room(): Promise<void> {
    while (this.#buffer === undefined && this.#free.length === 0 && this.#made === BUFFERS)
      await this.#underWay[0];
  }

  /** Begins to write the buffer, behind what was begun before. */
  #begin(): void {
    const [buffer, filled, at] = [this.#buffer as Uint8Array, this.#filled, this.#at];
    this.#buffer = undefined;
    this.#filled = 0;
    this.#at += filled;
    this.#unsynced += filled;
    const syncs = this.#unsynced >= SYNC_BYTES;
    if (syncs) this.#unsynced = 0;
    this.#last = this.#last.then(() => writeAll(this.#handle, at, buffer.subarray(0, filled)));
    const written = this.#last.then(() => {
      this.#free.push(buffer);
      this.#underWay.splice(this.#underWay.indexOf(written), 1);
    });
    this.#watch(written);
    if (!syncs) return;
    const synced = this.#last
      .then(() => this.#handle.datasync())
      .then(() => {
        this.#underWay.splice(this.#underWay.indexOf(synced), 1);
      });
    this.#watch(synced);
  }

  /** What fails stays there, for whoever waits next. */
  #watch(work: Promise<void>): void {
    this.#underWay.push(work);
    work.catch(() => undefined);
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

/** Room that is written over at once: a plain `Uint8Array` would be zeroed first, which shows at megabytes. */
export function unfilled(length: number): Uint8Array {
  const { Buffer } = globalThis as { Buffer?: { allocUnsafeSlow(length: number): Uint8Array } };
  if (Buffer === undefined) return new Uint8Array(length);
  // The slow kind has a buffer of its own; callers may transfer it. A view, since a Buffer differs in its methods.
  return new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
}
