/** An archive that comes in, of which the beginning can be looked at first. */

import { incoming, type Incoming } from '../import-source.js';
import type { Lock } from './calls.js';
import { type Looked, look } from './look.js';

/** Bytes in order: those that were looked at, then the rest. */
export class ArchiveInput {
  readonly total: number | undefined;
  readonly #incoming: Incoming;
  readonly #iterator: AsyncIterator<Uint8Array>;
  /** What was read and not yet given out. */
  readonly #held: Uint8Array[] = [];

  constructor(source: unknown) {
    this.#incoming = incoming(source);
    this.total = this.#incoming.total;
    this.#iterator = this.#incoming.chunks[Symbol.asyncIterator]();
  }

  /** Header and manifest, without taking them away. */
  async head(lock: Lock): Promise<Looked> {
    return look(1, lock, this.total, async () => {
      const step = await this.#iterator.next();
      if (step.done) return undefined;
      this.#held.push(step.value);
      return step.value;
    });
  }

  /** The next bytes; undefined at the end. */
  async next(): Promise<Uint8Array | undefined> {
    const held = this.#held.shift();
    if (held !== undefined) return held;
    const step = await this.#iterator.next();
    return step.done ? undefined : step.value;
  }

  /** Reads no further. */
  cancel(): void {
    this.#incoming.cancel?.();
    // Not awaited: a source that never answers must not hold anybody up.
    void this.#iterator.return?.(undefined)?.catch(() => undefined);
  }
}
