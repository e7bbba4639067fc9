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

/** Writes of 64 KiB each, deflated, that a host does not do in so many turns of its loop if it waits for who reads. */
const WRITES = 8;
const TURNS = 4;

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
let inflates: boolean | undefined;

/**
 * Whether this host inflates as the standard tells it to: refuses bytes that were cut off, and bytes that follow (Node and
 * Deno pass over the latter), and inflates no more than somebody reads (workerd inflates all that it is given, at once).
 */
export async function canInflate(): Promise<boolean> {
  if (typeof DecompressionStream !== 'function') return false;
  // Not the promise of it: in an edge isolate it would belong to the request that asked first, and end with it.
  inflates ??= (await isExact()) && (await holdsBack());
  return inflates;
}

/** Of a host that does, hardly a write is done before somebody reads. */
async function holdsBack(): Promise<boolean> {
  if (!canDeflate()) return false;
  const bomb = await deflate(new Uint8Array(WRITES << 16));
  const writer = new DecompressionStream(FORMAT).writable.getWriter();
  writer.closed.catch(() => undefined);
  const size = Math.ceil(bomb.length / WRITES);
  let done = 0;
  for (let at = 0; at < bomb.length; at += size) {
    const write = writer.write(bomb.subarray(at, at + size));
    write.then(() => (done += 1)).catch(() => undefined);
  }
  // Timers, since isolates do nothing for their streams between messages.
  for (let turn = 0; turn < TURNS && done < WRITES; turn += 1)
    await new Promise((resolve) => setTimeout(resolve, 0));
  writer.abort().catch(() => undefined);
  return done < WRITES;
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
