/** An archive out of a repository: the very bytes that went in. */

import { corrupt } from '../../fault.js';
import { concat } from '../../seal/concat.js';
import type { Bytes } from '../../seal/index.js';
import type { Shelf } from '../stores/shelf.js';
import { CHUNK_BYTES_MAX } from './cutter.js';
import { toHex } from './hex.js';
import { type Entry, type Listing, PIECES } from './listing.js';
import { type KeysById, unpack } from './packing.js';

export interface ReadGround {
  shelf: Shelf;
  find: KeysById;
  encrypted: boolean;
  parallel: number;
}

/** The content of a piece, which is what its name says. */
export async function readPiece(
  { shelf, find, encrypted }: Omit<ReadGround, 'parallel'>,
  name: Bytes,
  signal: AbortSignal | undefined,
): Promise<Bytes> {
  const key = PIECES + toHex(name);
  const bytes = await shelf.get(key, signal);
  if (bytes === undefined)
    throw corrupt(`the object ${key} is missing: what it was a piece of cannot be read`);
  const { raw, keys } = await unpack('LPCE', key, bytes, find, encrypted, CHUNK_BYTES_MAX);
  if (toHex(await keys.name(raw)) !== toHex(name)) {
    throw corrupt(`the object ${key} is damaged, or another one stands in its place`);
  }
  return raw;
}

/** The archive as a stream. As many pieces as may come at once are asked for ahead. */
export function readArchive(
  ground: ReadGround,
  listing: () => Promise<Listing>,
  signal: AbortSignal | undefined,
): ReadableStream<Uint8Array> {
  const stop = new AbortController();
  const signals = signal === undefined ? stop.signal : either(signal, stop);
  let opened: Listing | undefined;
  let next = 0;
  const ahead: Promise<Bytes>[] = [];
  const fetched = async ({ header, raw, name }: Entry): Promise<Bytes> => {
    if (name === undefined) return header;
    const content = await readPiece(ground, name, signals);
    if (content.length !== raw)
      throw corrupt('a piece of this archive has another length than its list says');
    return concat([header, content]);
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          if (opened === undefined) {
            opened = await listing();
            controller.enqueue(opened.head);
            return;
          }
          const { entries, trailer } = opened;
          // The first comes alone: whoever looks at the manifest only needs no more.
          const most = next === 0 ? 1 : ground.parallel;
          for (let entry = entries[next]; entry !== undefined && ahead.length < most; entry = entries[next]) {
            const piece = fetched(entry);
            // Whoever reads hears of it when it is its turn.
            piece.catch(() => undefined);
            ahead.push(piece);
            next += 1;
          }
          const piece = await ahead.shift();
          controller.enqueue(piece ?? trailer);
          if (piece !== undefined) return;
          controller.close();
          stop.abort();
        } catch (error) {
          stop.abort(error);
          throw error;
        }
      },
      cancel: (reason) => stop.abort(reason),
    },
    // Nothing is asked for before somebody reads.
    { highWaterMark: 0 },
  );
}

/** Aborted when one of the two is: `AbortSignal.any` is not in every engine. */
function either(signal: AbortSignal, stop: AbortController): AbortSignal {
  const pass = (): void => stop.abort(signal.reason);
  if (signal.aborted) pass();
  else signal.addEventListener('abort', pass, { once: true, signal: stop.signal });
  return stop.signal;
}
