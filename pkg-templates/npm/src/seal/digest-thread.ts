/**
 * SHA-256 on another thread of Node, beside what else is done with the bytes. Their copies go there in memory that both
 * threads have: to hand a buffer over and back takes longer than the copy, and new ones longer still.
 */

import { unavailable } from '../fault.js';
import type { Bytes } from './seal.js';

/** What is used of a `Worker` of `node:worker_threads`. */
interface Thread {
  on(event: 'error', failed: (cause: Error) => void): void;
  on(event: 'exit', ended: () => void): void;
  ref(): void;
  unref(): void;
  terminate(): Promise<unknown>;
}

export interface Threads {
  Worker: new (script: string, options: { eval: true; workerData: unknown }) => Thread;
}

/** Newer than the rest of `Atomics`. */
type WaitAsync = (
  array: Int32Array,
  index: number,
  value: number,
) => { async: boolean; value: Promise<unknown> | string };

/** Starting a thread takes what digesting some megabytes does: so many digests, each soon after the last, are worth it. */
const WORTH = 8;
const SOON_MS = 1_000;
/** Of what is shorter the copy and the waiting take as long as the digest. */
const SHORTEST = 128 << 10;
/** A chunk of an archive, header and all; what is longer is digested here. */
const PLACE_BYTES = (1 << 20) + 4096;
const PLACES = 2;
const DIGEST_BYTES = 32;
/** A thread that had nothing to do for so long ends. */
const IDLE_MS = 5_000;

/** States of a place: whose turn it is. Its length stands behind it. */
const FREE = 0;
const ASKED = 1;
const DONE = 2;

const SCRIPT = `
const { workerData } = process.getBuiltinModule('node:worker_threads');
const { createHash } = process.getBuiltinModule('node:crypto');
const { states, bytes, digests } = workerData;
for (let place = 0; ; place = (place + 1) % ${PLACES}) {
  for (let state; (state = Atomics.load(states, 2 * place)) !== ${ASKED};) Atomics.wait(states, 2 * place, state);
  const start = place * ${PLACE_BYTES};
  const digest = createHash('sha256').update(bytes.subarray(start, start + states[2 * place + 1])).digest();
  digests.set(digest, place * ${DIGEST_BYTES});
  Atomics.store(states, 2 * place, ${DONE});
  Atomics.notify(states, 2 * place);
}`;

const shared = (length: number) => new Uint8Array(new SharedArrayBuffer(length));

export class DigestThread {
  readonly #threads: Threads;
  readonly #waitAsync = (Atomics as unknown as { waitAsync?: WaitAsync }).waitAsync;
  #thread: Thread | undefined;
  #states: Int32Array = new Int32Array();
  #bytes: Uint8Array = new Uint8Array();
  #digests: Uint8Array = new Uint8Array();
  /** Where the next one goes. */
  #place = 0;
  /** How those are told that the thread ended who wait for it. */
  readonly #waiting = new Set<(cause: unknown) => void>();
  #asked = 0;
  #last = -Infinity;
  #failed = false;

  constructor(threads: Threads) {
    this.#threads = threads;
    this.#failed = this.#waitAsync === undefined;
  }

  /** The digest; undefined where it is better, or has to be, made here. `bytes` may change afterwards. */
  digest(bytes: Uint8Array): Promise<Bytes> | undefined {
    if (bytes.length < SHORTEST || bytes.length > PLACE_BYTES || this.#failed) return undefined;
    const now = performance.now();
    this.#asked = now - this.#last < SOON_MS ? this.#asked + 1 : 0;
    this.#last = now;
    if (this.#thread === undefined && (this.#asked < WORTH || !this.#start())) return undefined;
    const place = this.#place;
    if (Atomics.load(this.#states, 2 * place) !== FREE) return undefined;
    this.#place = (place + 1) % PLACES;
    this.#bytes.set(bytes, place * PLACE_BYTES);
    this.#states[2 * place + 1] = bytes.length;
    Atomics.store(this.#states, 2 * place, ASKED);
    Atomics.notify(this.#states, 2 * place);
    return this.#made(place);
  }

  async #made(place: number): Promise<Bytes> {
    const [states, digests] = [this.#states, this.#digests];
    const waited = this.#waitAsync?.call(Atomics, states, 2 * place, ASKED);
    let ended = (_: unknown): void => undefined;
    const failed = new Promise<never>((_, reject) => (ended = reject));
    // A process may end beside a thread that nobody waits for, and not beside this one.
    if (this.#waiting.size === 0) this.#thread?.ref();
    this.#waiting.add(ended);
    try {
      await Promise.race([waited?.value, failed]);
    } finally {
      this.#waiting.delete(ended);
      if (this.#waiting.size === 0) this.#thread?.unref();
    }
    const digest = new Uint8Array(DIGEST_BYTES);
    digest.set(digests.subarray(place * DIGEST_BYTES, (place + 1) * DIGEST_BYTES));
    Atomics.store(states, 2 * place, FREE);
    return digest;
  }

  #start(): boolean {
    try {
      this.#states = new Int32Array(new SharedArrayBuffer(8 * PLACES));
      this.#bytes = shared(PLACES * PLACE_BYTES);
      this.#digests = shared(PLACES * DIGEST_BYTES);
      this.#place = 0;
      const workerData = { states: this.#states, bytes: this.#bytes, digests: this.#digests };
      const thread = new this.#threads.Worker(SCRIPT, { eval: true, workerData });
      thread.on('error', (cause) => this.#end(thread, cause));
      thread.on('exit', () => this.#end(thread, undefined));
      thread.unref();
      this.#thread = thread;
      this.#look();
    } catch {
      // Not permitted, or no memory for one: nothing was asked of it yet.
      this.#failed = true;
    }
    return !this.#failed;
  }

  /** Looks after a while whether the thread was idle: then it ends. */
  #look(): void {
    const timer: { unref?: () => void } | number = setTimeout(() => {
      if (this.#waiting.size > 0 || performance.now() - this.#last < IDLE_MS) this.#look();
      else void this.#thread?.terminate();
    }, IDLE_MS);
    if (typeof timer === 'object') (timer as { unref?: () => void }).unref?.();
  }

  #end(thread: Thread, cause: Error | undefined): void {
    if (thread !== this.#thread) return;
    this.#thread = undefined;
    // One that ends with something to do does not do so by itself: another would end as well.
    this.#failed = cause !== undefined || this.#waiting.size > 0;
    const why = unavailable(`the thread that digests ended (${cause?.message ?? 'by itself'}); try again`);
    for (const ended of this.#waiting) ended(why);
  }
}
