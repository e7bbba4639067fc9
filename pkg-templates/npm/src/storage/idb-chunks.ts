/** Bytes of files, as values under [id, offset]. */

import type { Durability } from '../types.js';
import { CHUNKS } from './idb-stores.js';

/** Largest stored value: browsers refuse very large ones, and a read fetches whole values. */
export const CHUNK_BYTES = 1 << 20;
/**
 * The same in 'relaxed'. From 64 KiB on Chromium puts a value into a file beside its log, and without syncing the two
 * reach the disk in any order: after a power cut the log had changes whose values were gone.
 */
const RELAXED_CHUNK_BYTES = 1 << 15;

export function putChunks(
  tx: IDBTransaction,
  id: number,
  at: number,
  bytes: Uint8Array,
  durability: Durability,
): void {
  const chunks = tx.objectStore(CHUNKS);
  const size = durability === 'strict' ? CHUNK_BYTES : RELAXED_CHUNK_BYTES;
  for (let from = 0; from < bytes.length; from += size) {
    const chunk = bytes.length <= size ? alone(bytes) : bytes.slice(from, from + size);
    chunks.put(chunk, [id, at + from]);
  }
}

/** The same bytes with nothing around them: a clone takes the whole buffer behind a view along. */
export function alone(bytes: Uint8Array): Uint8Array {
  return bytes.length === bytes.buffer.byteLength ? bytes : bytes.slice();
}

/** All chunks of one file: [id] sorts before every [id, offset], and [id + 1] after. */
export function chunksOf(id: number): IDBKeyRange {
  return IDBKeyRange.bound([id], [id + 1], false, true);
}

export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let filled = 0;
  for (const piece of pieces) {
    bytes.set(piece, filled);
    filled += piece.length;
  }
  return bytes;
}
