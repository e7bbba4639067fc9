/** Many arrays as one. */

import type { Bytes } from './seal.js';

/** The bytes, one after another. */
export function concat(pieces: Bytes[]): Bytes {
  const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
