/** What sealing and opening say when they fail, wherever they are carried out. */

import { LodestoreError } from '../errors.js';
import { corrupt, invalid } from '../fault.js';

/** Compressed bytes are not what was compressed. */
export function damaged(): LodestoreError {
  return corrupt('compressed bytes are damaged: they do not give what was compressed');
}

/** Encrypted bytes are not what was encrypted, or not with this key. */
export function tampered(): LodestoreError {
  return corrupt('the key or the passphrase is another one, or encrypted bytes were changed');
}

/** There is no memory for it. */
export function noMemory(): LodestoreError {
  return new LodestoreError('Quota', 'there is no memory for it: close what is not needed, and try again');
}

/** Refuses what has another length: `subtle` would take a shorter key, and use a weaker cipher. */
export function checkLength(what: string, bytes: Uint8Array, length: number): void {
  if (bytes.length !== length) throw invalid(`${what} has ${length} bytes`, length, bytes.length);
}

/** Costs of a passphrase are out of their bounds. */
export function tooCostly(): LodestoreError {
  return invalid('a passphrase takes 8 to 256 MiB of memory, 1 to 16 passes and 1 to 4 lanes');
}
