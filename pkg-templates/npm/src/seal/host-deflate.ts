/** Raw deflate by the host's own streams. */

import { concat } from './concat.js';
import { damaged, noMemory } from './faults.js';
import type { Bytes } from './seal.js';

const FORMAT = 'deflate-raw';

/**
 * How much is handed over at once for inflating. Some hosts inflate all of a piece before they look whether somebody takes it:
 * this, times 1,032, is what a bomb can make of it.
 */
const PIECE = 8192;

/** What a byte can stand for at the most: 258 bytes for every two bits. */
export const RATIO_MAX = 1032;

let compresses: boolean | undefined;

/** Whether this host compresses. The first that had the class did not know the format. */
export function canDeflate(): boolean {
  if (typeof CompressionStream !== 'function') return false;
  compresses ??= knowsFormat();
  return compresses;
}

function knowsFormat(): boolean {
  try {
    return new CompressionStream(FORMAT) !== undefined;
  } catch {
    return false;
  }
}

/** "a", deflated. */
const ONE = Uint8Array.of(0x4b, 0x04, 0x00);
let exact: Promise<boolean> | undefined;

/**
 * Whether this host inflates, and refuses what the standard tells it to: bytes that were cut off, and bytes that follow.
 * Node and Deno pass over the latter.
 */
export async function canInflate(): Promise<boolean> {
  if (typeof DecompressionStream !== 'function') return false;
  exact ??= isExact();
  return exact;
}

async function isExact(): Promise<boolean> {
  const gives = (stored: Bytes) =>
    inflate(stored, 1).then(
      () => true,
      () => false,
    );
  return (await gives(ONE)) && !(await gives(ONE.slice(0, 2))) && !(await gives(concat([ONE, ONE])));
}

/** Compresses. */
export async function deflate(raw: Bytes): Promise<Bytes> {
  const { readable, writable } = new CompressionStream(FORMAT);
  const fed = feed(writable, raw, raw.length);
  const pieces: Bytes[] = [];
  const reader = readable.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) pieces.push(next.value);
  await fed;
  return concat(pieces);
}

/** What was compressed: exactly so many bytes. */
export async function inflate(stored: Bytes, rawLength: number): Promise<Bytes> {
  if (rawLength > stored.length * RATIO_MAX) throw damaged();
  const raw = room(rawLength);
  const { readable, writable } = new DecompressionStream(FORMAT);
  const fed = feed(writable, stored, PIECE);
  const reader = readable.getReader();
  let at = 0;
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      if (next.value.length > rawLength - at) throw damaged();
      raw.set(next.value, at);
      at += next.value.length;
    }
    await fed;
  } catch {
    // Whatever the host says of such bytes, its stream is not read on; what is left of them is not handed over.
    reader.cancel().catch(() => undefined);
    throw damaged();
  }
  if (at !== rawLength) throw damaged();
  return raw;
}

function room(length: number): Bytes {
  try {
    return new Uint8Array(length);
  } catch {
    throw noMemory();
  }
}

/** Hands the bytes over. That it fails is for whoever waits for it; before, the other end of the stream fails as well. */
function feed(writable: WritableStream<Bytes>, bytes: Bytes, size: number): Promise<void> {
  const fed = write(writable.getWriter(), bytes, size);
  fed.catch(() => undefined);
  return fed;
}

async function write(writer: WritableStreamDefaultWriter<Bytes>, bytes: Bytes, size: number): Promise<void> {
  // Its failure is that of the writes.
  writer.closed.catch(() => undefined);
  for (let at = 0; at < bytes.length; at += size) await writer.write(bytes.subarray(at, at + size));
  await writer.close();
}
