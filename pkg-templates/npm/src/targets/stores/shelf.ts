/** The objects of a repository: a store, below a prefix, asked again where a failure may pass. */

import { abortable, throwIfAborted } from '../../abort.js';
import { LodestoreError, toLodestoreError } from '../../errors.js';
import { invalid, unavailable } from '../../fault.js';
import type { Bytes } from '../../seal/index.js';
import type { ObjectInfo, ObjectStore } from './object-store.js';

/** How often, and how long to wait before the first time; each wait is about twice the one before. */
export interface Patience {
  retries: number;
  retryAfterMs: number;
}

const WAIT_MS_MAX = 20_000;
/** What a server says when it may answer otherwise in a moment. */
const PASSING = [408, 425, 429];

export class Shelf {
  readonly #store: ObjectStore;
  readonly prefix: string;
  readonly #patience: Patience;

  constructor(store: ObjectStore, prefix: string, patience: Patience) {
    for (const verb of ['put', 'get', 'list', 'delete'] as const) {
      if (typeof store?.[verb] !== 'function') throw invalid(`objectStore: the store has no method ${verb}`);
    }
    this.#store = store;
    this.prefix = prefix;
    this.#patience = patience;
  }

  async put(key: string, bytes: Bytes, signal?: AbortSignal): Promise<void> {
    await this.#ask(`put ${key}`, () => this.#store.put(this.prefix + key, bytes), signal);
  }

  async get(key: string, signal?: AbortSignal): Promise<Bytes | undefined> {
    const got = await this.#ask(`get ${key}`, () => this.#store.get(this.prefix + key), signal);
    if (got === undefined || got === null) return undefined;
    if (got instanceof ArrayBuffer) return new Uint8Array(got);
    if (!(got instanceof Uint8Array)) throw unavailable('the object store: get() must resolve to bytes');
    // Memory that is shared is not taken by what decrypts.
    return got.buffer instanceof ArrayBuffer ? (got as Bytes) : got.slice();
  }

  /** Keys come without the prefix of the repository and `below`. */
  async list(below: string, signal?: AbortSignal): Promise<ObjectInfo[]> {
    const prefix = this.prefix + below;
    const work = async (): Promise<ObjectInfo[]> => {
      const all: ObjectInfo[] = [];
      for await (const info of await this.#store.list(prefix)) {
        throwIfAborted(signal);
        if (typeof info?.key !== 'string' || !info.key.startsWith(prefix)) {
          throw invalid(
            'the object store: list() gave a key that does not begin with what was asked for',
            prefix,
            info?.key,
          );
        }
        all.push({ ...info, key: info.key.slice(prefix.length) });
      }
      return all;
    };
    return this.#ask(`list ${below}`, work, signal);
  }

  async delete(key: string, signal?: AbortSignal): Promise<void> {
    await this.#ask(`delete ${key}`, () => this.#store.delete(this.prefix + key), signal);
  }

  async #ask<T>(doing: string, work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    for (let left = this.#patience.retries, wait = this.#patience.retryAfterMs; ; left -= 1) {
      throwIfAborted(signal);
      try {
        return await abortable(Promise.resolve(work()), signal);
      } catch (error) {
        throwIfAborted(signal);
        if (left === 0 || !mayPass(error)) throw toLodestoreError(error, `the object store: ${doing}`);
      }
      // Not all that were refused together come back together.
      await pause(wait * (0.5 + Math.random() / 2), signal);
      wait = Math.min(wait * 2, WAIT_MS_MAX);
    }
  }
}

function mayPass(error: unknown): boolean {
  if (error instanceof LodestoreError) return error.code === 'Unavailable';
  const status = (error as { status?: unknown } | null | undefined)?.status;
  if (typeof status === 'number' && status >= 400 && status < 500) return PASSING.includes(status);
  return toLodestoreError(error).code === 'Unavailable';
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  let timer: ReturnType<typeof setTimeout>;
  const waited = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
  return abortable(waited, signal).finally(() => clearTimeout(timer));
}
