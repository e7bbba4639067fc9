/** What the compiled module asks of its host, answered by a storage object and the platform's own clocks. */

import { type DerivedKeys, deriveOnce } from './archive/derived.js';
import { toLodestoreError } from './errors.js';
import { invalid, noRoom, unavailable } from './fault.js';
import { ChunkQueue } from './chunk-queue.js';
import type { ProgressSink } from './progress.js';
import { hasSubtle, sha256 } from './seal/host-crypto.js';
import type { Bytes } from './seal/seal.js';
import { seal } from './seal/index.js';
import { Shell } from './storage/shell.js';
import { Spare } from './storage/spare.js';
import type { StorageObject } from './types.js';
import type { Host } from './wasm-api.js';
import { rest, yieldNow } from './yield-now.js';

interface Creation {
  queue: ChunkQueue;
  spare: Spare;
  /** Settles as the storage's own `create` does. */
  finished: Promise<void>;
}

/** A `Host` over any storage object. Whatever the storage throws becomes a `LodestoreError` here. */
export class StorageHost implements Host {
  /** Keys that operations derived before, each for as long as it lends them. */
  readonly keys = new Set<DerivedKeys>();
  readonly #storage: StorageObject;
  readonly #sinks: ReadonlySet<ProgressSink>;
  readonly #creations = new Map<number, Creation>();
  #lastHandle = 0;

  /** `sinks` may change at any time: progress goes to whoever is in it. */
  constructor(storage: StorageObject, sinks: ReadonlySet<ProgressSink>) {
    this.#storage = storage;
    this.#sinks = sinks;
  }

  async list(): Promise<string> {
    const files = await typed(() => this.#storage.list());
    if (!Array.isArray(files)) throw unavailable('the storage object: list() must resolve to an array');
    return JSON.stringify(files.map((file) => ({ name: file.name, length: file.length })));
  }

  async read(name: string, start: number, end: number): Promise<Uint8Array> {
    const bytes = await typed(() => this.#storage.read(name, start, end));
    if (!(bytes instanceof Uint8Array)) {
      throw unavailable('the storage object: read() must resolve to a Uint8Array');
    }
    return bytes;
  }

  createBegin(name: string, expected: number): number {
    const queue = new ChunkQueue();
    const create = () => this.#storage.create(name, queue);
    // Nothing is asked where nothing long comes.
    const finished = typed(expected > 0 ? () => this.#ifRoom(expected).then(create) : create);
    finished.then(
      () => queue.consumerLeft(unavailable('the storage object: create() resolved before its last chunk')),
      (error) => queue.consumerLeft(error),
    );
    const handle = ++this.#lastHandle;
    this.#creations.set(handle, { queue, spare: new Spare(), finished });
    return handle;
  }

  async createPush(handle: number, chunk: Uint8Array): Promise<void> {
    const { queue, spare } = this.#creation(handle);
    // At once: it is a view of a memory that moves.
    await queue.push(spare.copy(chunk));
  }

  async createEnd(handle: number): Promise<void> {
    const { queue, finished } = this.#creation(handle);
    try {
      await queue.end();
      await finished;
    } finally {
      this.#creations.delete(handle);
    }
  }

  async createAbort(handle: number): Promise<void> {
    const { queue, finished } = this.#creation(handle);
    queue.fail(unavailable('the writer gave this file up'));
    // That `create` rejects is what was asked for.
    await finished.catch(() => undefined);
    this.#creations.delete(handle);
  }

  append(name: string, at: number, bytes: Uint8Array): Promise<void> {
    const storage = this.#storage;
    // What our own throw has its code.
    if (storage instanceof Shell) return storage.append(name, at, bytes);
    return typed(() => storage.append(name, at, bytes));
  }

  appendNow(name: string, at: number, bytes: Uint8Array): boolean {
    return this.#storage instanceof Shell && this.#storage.appendNow(name, at, bytes);
  }

  async remove(name: string): Promise<void> {
    await typed(() => this.#storage.remove(name));
  }

  async #ifRoom(bytes: number): Promise<void> {
    const room = await this.room();
    if (room !== undefined && room < bytes) throw noRoom(bytes, room);
  }

  /** Bytes that there is room for; undefined where that is not known. */
  async room(): Promise<number | undefined> {
    // A host that cannot say how much room there is must not keep anything from being tried.
    const estimate = await typed(async () => this.#storage.estimate?.()).catch(() => undefined);
    const { free, quota, usage } = estimate ?? {};
    const room = free ?? Number(quota) - Number(usage);
    return Number.isFinite(room) ? Math.max(0, room) : undefined;
  }

  readsNow(): boolean {
    return typeof this.#storage.readInto === 'function';
  }

  readNow(name: string, at: number, target: Uint8Array): void {
    let got: number | undefined;
    try {
      got = this.#storage.readInto?.(name, at, target);
    } catch (error) {
      throw toLodestoreError(error);
    }
    if (got !== target.length) {
      throw unavailable(`the storage object: readInto() must fill its target, or throw (${name}, at ${at})`);
    }
  }

  now(): number {
    return Date.now();
  }

  monotonic(): number {
    return performance.now();
  }

  yieldNow(): Promise<void> {
    return yieldNow();
  }

  rest(): Promise<void> {
    return rest();
  }

  random(): Uint8Array {
    return crypto.getRandomValues(new Uint8Array(16));
  }

  progress(phase: string, done: number, total: number): void {
    for (const sink of this.#sinks) sink(phase, done, total);
  }

  deflate(raw: Bytes): Promise<Bytes> {
    return typed(() => seal.deflate(raw));
  }

  inflate(stored: Bytes, rawLength: number): Promise<Bytes> {
    return typed(() => seal.inflate(stored, rawLength));
  }

  encrypt(key: Bytes, nonce: Bytes, aad: Bytes, data: Bytes): Promise<Bytes> {
    return typed(() => seal.encrypt(key, nonce, aad, data));
  }

  decrypt(key: Bytes, nonce: Bytes, aad: Bytes, data: Bytes): Promise<Bytes> {
    return typed(() => seal.decrypt(key, nonce, aad, data));
  }

  derive(passphrase: Bytes, salt: Bytes, memoryKib: number, passes: number, lanes: number): Promise<Bytes> {
    const make = () => seal.derive(passphrase, salt, memoryKib, passes, lanes);
    return typed(() => deriveOnce(this.keys, passphrase, salt, [memoryKib, passes, lanes], make));
  }

  sha256(head: Bytes, bytes: Bytes): Promise<Bytes> | undefined {
    return hasSubtle() ? typed(() => sha256(head, bytes)) : undefined;
  }

  subkey(key: Bytes, salt: Bytes, info: Bytes): Promise<Bytes> {
    return typed(() => seal.subkey(key, salt, info));
  }

  #creation(handle: number): Creation {
    const creation = this.#creations.get(handle);
    if (creation === undefined) throw invalid(`no file is being created under handle ${handle}`);
    return creation;
  }
}

async function typed<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toLodestoreError(error);
  }
}
