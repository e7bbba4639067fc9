/** Keys and passphrases that callers hand in. */

import { invalid } from '../fault.js';
import type { Lock } from './calls.js';

const NONE: Lock = { key: undefined, passphrase: undefined };

/** Refuses what is neither. */
export function lockOf(where: string, encrypt: unknown): Lock {
  if (encrypt === undefined) return NONE;
  const { key, passphrase } = (typeof encrypt === 'object' && encrypt !== null ? encrypt : {}) as Record<
    string,
    unknown
  >;
  if (passphrase === undefined && key instanceof Uint8Array) {
    if (key.length !== 32) throw invalid(`${where}: a key has 32 bytes`, 32, key.length);
    return { key: key.slice(), passphrase: undefined };
  }
  if (key === undefined && typeof passphrase === 'string') {
    if (passphrase.length === 0) throw invalid(`${where}: the passphrase is empty`);
    // However it was typed: the same text may be written in more than one way.
    return { key: undefined, passphrase: passphrase.normalize('NFC') };
  }
  throw invalid(`${where}: encrypt must be { key: Uint8Array of 32 bytes } or { passphrase: string }`);
}
