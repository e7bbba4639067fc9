/** Keys that were derived from a passphrase, by the salt and the costs that made them. */

import type { Bytes } from '../seal/seal.js';
import type { Lock } from './calls.js';

const SALT = 16;
const COSTS = 12;
const KEY = 32;
const RECORD = SALT + COSTS + KEY;

/**
 * What one call of the engine knows of them: it came with its lock, and is wiped when the call is over. Argon2id takes 0.4 s, and
 * everything that is done with a chain looks at each of its archives more than once.
 */
export class DerivedKeys {
  readonly #passphrase: Bytes;
  #records: Bytes;
  /** Bytes of records that came with the lock. */
  readonly #given: number;
  #wiped = false;

  constructor({ passphrase, derived }: Pick<Lock, 'passphrase' | 'derived'>) {
    this.#passphrase = new TextEncoder().encode(passphrase ?? '');
    this.#records = derived.slice();
    this.#given = this.#records.length;
  }

  /** Of another passphrase the same salt makes another key. */
  isOf(passphrase: Bytes): boolean {
    return same(this.#passphrase, passphrase);
  }

  find(salt: Bytes, costs: readonly number[]): Bytes | undefined {
    const made = recipe(salt, costs);
    for (let at = 0; at + RECORD <= this.#records.length; at += RECORD) {
      const key = at + SALT + COSTS;
      if (same(this.#records.subarray(at, key), made)) return this.#records.slice(key, at + RECORD);
    }
    return undefined;
  }

  add(salt: Bytes, costs: readonly number[], key: Bytes): void {
    // Given up while it was derived: nobody would wipe it.
    if (this.#wiped) return;
    const before = this.#records;
    this.#records = new Uint8Array(before.length + RECORD);
    this.#records.set(before);
    this.#records.set(recipe(salt, costs), before.length);
    this.#records.set(key, before.length + SALT + COSTS);
    before.fill(0);
  }

  /** What was added, for the one that handed the lock over. */
  news(): Bytes {
    return this.#records.slice(this.#given);
  }

  wipe(): void {
    this.#wiped = true;
    this.#passphrase.fill(0);
    this.#records.fill(0);
  }
}

/** A key of a passphrase: one that somebody lends, or one that `make` makes, for those that lend theirs. */
export async function deriveOnce(
  lent: ReadonlySet<DerivedKeys>,
  passphrase: Bytes,
  salt: Bytes,
  costs: readonly number[],
  make: () => Promise<Bytes>,
): Promise<Bytes> {
  const own = [...lent].filter((keys) => keys.isOf(passphrase));
  for (const keys of own) {
    const key = keys.find(salt, costs);
    if (key !== undefined) return key;
  }
  const key = await make();
  for (const keys of own) keys.add(salt, costs, key);
  return key;
}

function recipe(salt: Bytes, costs: readonly number[]): Bytes {
  const bytes = new Uint8Array(SALT + COSTS);
  bytes.set(salt);
  const view = new DataView(bytes.buffer);
  costs.forEach((cost, i) => view.setUint32(SALT + 4 * i, cost, true));
  return bytes;
}

function same(one: Bytes, other: Bytes): boolean {
  return one.length === other.length && one.every((byte, i) => byte === other[i]);
}
