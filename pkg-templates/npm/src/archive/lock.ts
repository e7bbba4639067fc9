/** Keys and passphrases that callers hand in, for as long as one operation takes. */

import { closed, invalid } from '../fault.js';
import type { Lock } from './calls.js';
import type { Encryption } from './types.js';

const NOTHING = new Uint8Array(0);

/**
 * What opens the archives of one operation: a restore, a verification, a backup. Engines keep nothing of it; what they derive
 * from a passphrase comes back here, and goes along with the next call. Where it is needed no more, it is overwritten; the
 * passphrase itself is a string, which nobody can.
 */
export class Keyring {
  readonly passphrase: string | undefined;
  readonly #key: Uint8Array | undefined;
  #derived: Uint8Array = NOTHING;
  #users = 1;

  constructor(key: Uint8Array | undefined, passphrase: string | undefined) {
    this.#key = key;
    this.passphrase = passphrase;
  }

  get key(): Uint8Array | undefined {
    return this.#key;
  }

  /** As an option of an operation within this one. */
  get encryption(): Encryption {
    return this as unknown as Encryption;
  }

  /** The same, for an operation within this one; that has an end of its own. */
  share(): this {
    this.#users++;
    return this;
  }

  /** Hands it over for the time of a call. */
  async lend<T>(call: (lock: Lock) => Promise<T>): Promise<T> {
    // What was wiped is a key as well, and one that everybody knows.
    if (this.#users <= 0) throw closed('this operation has ended: begin another');
    const lock: Lock = {
      key: this.#key?.slice(),
      passphrase: this.passphrase,
      derived: this.#derived.slice(),
    };
    try {
      return await call(lock);
    } finally {
      wipeLock(lock);
    }
  }

  /** Takes in what was derived since it was lent. */
  learn(derived: Uint8Array): void {
    // After the end there is nobody to wipe it.
    if (this.#users > 0 && derived.length > 0) {
      const before = this.#derived;
      this.#derived = new Uint8Array(before.length + derived.length);
      this.#derived.set(before);
      this.#derived.set(derived, before.length);
      before.fill(0);
    }
    derived.fill(0);
  }

  /** The operation is over. What ends twice is a mistake, and harmless. */
  end(): void {
    if (--this.#users > 0) return;
    this.#key?.fill(0);
    this.#derived.fill(0);
    this.#derived = NOTHING;
  }
}

function wipeLock(lock: Lock): void {
  lock.key?.fill(0);
  lock.derived.fill(0);
}

/** Overwrites the locks that came in a message, once it was answered. */
export function wipeLocks(args: readonly unknown[]): void {
  for (const arg of args) if (isLock(arg)) wipeLock(arg);
}

function isLock(value: unknown): value is Lock {
  if (typeof value !== 'object' || value === null || !('derived' in value)) return false;
  return value.derived instanceof Uint8Array;
}

/** Refuses what is neither. Whoever asks for it calls `end`. */
export function lockOf(where: string, encrypt: unknown): Keyring {
  if (encrypt instanceof Keyring) return encrypt.share();
  if (encrypt === undefined) return new Keyring(undefined, undefined);
  const { key, passphrase } = (typeof encrypt === 'object' && encrypt !== null ? encrypt : {}) as Record<
    string,
    unknown
  >;
  if (passphrase === undefined && key instanceof Uint8Array) {
    if (key.length !== 32) throw invalid(`${where}: a key has 32 bytes`, 32, key.length);
    return new Keyring(key.slice(), undefined);
  }
  if (key === undefined && typeof passphrase === 'string') {
    if (passphrase.length === 0) throw invalid(`${where}: the passphrase is empty`);
    // However it was typed: the same text may be written in more than one way.
    return new Keyring(undefined, passphrase.normalize('NFC'));
  }
  throw invalid(`${where}: encrypt must be { key: Uint8Array of 32 bytes } or { passphrase: string }`);
}
