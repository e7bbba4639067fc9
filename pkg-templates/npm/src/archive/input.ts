/** An archive that comes in, of which the beginning can be looked at first. */

import { incoming, type Incoming } from '../import-source.js';
import type { LookCalls } from './calls.js';
import type { Keyring } from './lock.js';
import { type Looked, look } from './look.js';

/** So much is kept for finding out which archive it was: what comes before its content, and seldom all of that. */
const HEAD_BYTES = 1 << 20;

/** Bytes in order: those that were looked at, then the rest. */
export class ArchiveInput {
  readonly total: number | undefined;
  readonly #incoming: Incoming;
  readonly #iterator: AsyncIterator<Uint8Array>;
  /** What was read and not yet given out. */
  readonly #held: Uint8Array[] = [];
  /** The first bytes that were given out: what says which archive this is. */
  readonly #first: Uint8Array[] = [];
  #given = 0;

  constructor(source: unknown) {
    this.#incoming = incoming(source);
    this.total = this.#incoming.total;
    this.#iterator = this.#incoming.chunks[Symbol.asyncIterator]();
  }

  /** Header and manifest, without taking them away. */
  async head(archives: LookCalls, keys: Keyring): Promise<Looked> {
    return look(archives, 1, keys, this.total, async () => {
      const bytes = await this.#read();
      if (bytes === undefined) return undefined;
      const own = this.#own(bytes);
      this.#held.push(own);
      return own;
    });
  }

  /** The next bytes; undefined at the end. */
  async next(): Promise<Uint8Array | undefined> {
    const held = this.#held.shift();
    const bytes = held ?? (await this.#read());
    if (bytes !== undefined && this.#given < HEAD_BYTES) this.#first.push(held ?? this.#own(bytes));
    this.#given += bytes?.length ?? 0;
    return bytes;
  }

  /** What stays when the next bytes are asked for. */
  #own(bytes: Uint8Array): Uint8Array {
    return this.#incoming.lends === true ? bytes.slice() : bytes;
  }

  async #read(): Promise<Uint8Array | undefined> {
    const step = await this.#iterator.next();
    return step.done ? undefined : step.value;
  }

  /** As `head`, of bytes that were given out: which archive it is that failed. */
  again(archives: LookCalls, keys: Keyring): Promise<Looked> {
    const first = [...this.#first];
    return look(archives, 1, keys, this.total, () => Promise.resolve(first.shift()));
  }

  /** Reads no further. */
  cancel(): void {
    this.#incoming.cancel?.();
    // Not awaited: a source that never answers must not hold anybody up.
    void this.#iterator.return?.(undefined)?.catch(() => undefined);
  }
}
