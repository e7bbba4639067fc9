/**
 * SHA-256 on another thread of Node, beside what else is done with the bytes. Their copies go there and come back in two
 * buffers, since memory that is new costs as much as the copy.
 */

import { unavailable } from '../fault.js';
import type { Bytes } from './seal.js';

/** What is used of a `Worker` of `node:worker_threads`. */
interface Thread {
  postMessage(job: [ArrayBuffer, number], transfer: ArrayBuffer[]): void;
  on(event: 'message', heard: (answer: [ArrayBuffer, Bytes]) => void): void;
  on(event: 'error', failed: (cause: Error) => void): void;
  on(event: 'exit', ended: () => void): void;
  ref(): void;
  unref(): void;
  terminate(): Promise<unknown>;
}

export interface Threads {
  Worker: new (script: string, options: { eval: true }) => Thread;
}

interface Waiting {
  resolve: (digest: Bytes) => void;
  reject: (cause: unknown) => void;
}

/** Starting a thread takes what digesting some megabytes does: so many digests, each soon after the last, are worth it. */
const WORTH = 8;
const SOON_MS = 1_000;
/** Of what is shorter the copy and the messages take as long as the digest. */
const SHORTEST = 128 << 10;
/** A chunk of an archive, header and all; what is longer is digested here. */
const BUFFER_BYTES = (1 << 20) + 4096;
const BUFFERS = 2;
/** A thread that had nothing to do for so long ends. */
const IDLE_MS = 5_000;

const SCRIPT = `
const { parentPort } = process.getBuiltinModule('node:worker_threads');
const { createHash } = process.getBuiltinModule('node:crypto');
parentPort.on('message', ([buffer, length]) => {
  const digest = createHash('sha256').update(new Uint8Array(buffer, 0, length)).digest();
  parentPort.postMessage([buffer, new Uint8Array(digest)], [buffer]);
});`;

export class DigestThread {
  readonly #threads: Threads;
  #thread: Thread | undefined;
  #free: ArrayBuffer[] = [];
  /** In the order in which they were asked, which is that of the answers. */
  #waiting: Waiting[] = [];
  #asked = 0;
  #last = -Infinity;
  #idle: ReturnType<typeof setTimeout> | undefined;
  #failed = false;

  constructor(threads: Threads) {
    this.#threads = threads;
  }

  /** The digest; undefined where it is better, or has to be, made here. `bytes` may change afterwards. */
  digest(bytes: Uint8Array): Promise<Bytes> | undefined {
    if (bytes.length < SHORTEST || bytes.length > BUFFER_BYTES || this.#failed) return undefined;
    const now = performance.now();
    this.#asked = now - this.#last < SOON_MS ? this.#asked + 1 : 0;
    this.#last = now;
    if (this.#thread === undefined && (this.#asked < WORTH || !this.#start())) return undefined;
    const buffer = this.#free.pop();
    if (buffer === undefined) return undefined;
    new Uint8Array(buffer).set(bytes);
    this.#thread?.postMessage([buffer, bytes.length], [buffer]);
    // A process may end beside a thread that nobody waits for, and not beside this one.
    if (this.#waiting.length === 0) this.#thread?.ref();
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  #start(): boolean {
    try {
      const thread = new this.#threads.Worker(SCRIPT, { eval: true });
      thread.on('message', ([buffer, digest]) => this.#heard(buffer, digest));
      thread.on('error', (cause) => this.#end(thread, cause));
      thread.on('exit', () => this.#end(thread, undefined));
      thread.unref();
      this.#thread = thread;
      this.#free = Array.from({ length: BUFFERS }, () => new ArrayBuffer(BUFFER_BYTES));
      this.#idle = setTimeout(() => this.#look(), IDLE_MS);
      (this.#idle as { unref?: () => void }).unref?.();
    } catch {
      // Not permitted, or no memory for one: nothing was asked of it yet.
      this.#failed = true;
    }
    return !this.#failed;
  }

  #heard(buffer: ArrayBuffer, digest: Bytes): void {
    this.#free.push(buffer);
    this.#waiting.shift()?.resolve(digest);
    if (this.#waiting.length === 0) this.#thread?.unref();
  }

  /** Ends the thread when it was idle, else looks again. */
  #look(): void {
    const isIdle = this.#waiting.length === 0 && performance.now() - this.#last >= IDLE_MS;
    if (isIdle) {
      void this.#thread?.terminate();
      return;
    }
    this.#idle = setTimeout(() => this.#look(), IDLE_MS);
    (this.#idle as { unref?: () => void }).unref?.();
  }

  #end(thread: Thread, cause: Error | undefined): void {
    if (thread !== this.#thread) return;
    clearTimeout(this.#idle);
    this.#thread = undefined;
    this.#free = [];
    // One that ends with something to do does not do so by itself: another would end as well.
    this.#failed = cause !== undefined || this.#waiting.length > 0;
    const why = unavailable(`the thread that digests ended (${cause?.message ?? 'by itself'}); try again`);
    for (const { reject } of this.#waiting.splice(0)) reject(why);
  }
}
