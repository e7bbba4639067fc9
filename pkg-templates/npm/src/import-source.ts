/** Everything that an archive may come in, as one stream of bytes. */

import { invalid, unavailable } from './fault.js';

/** Where an archive comes from. */
export type ImportSource =
  ReadableStream<Uint8Array> | AsyncIterable<Uint8Array> | Blob | ArrayBuffer | Uint8Array | Response;

/** Larger pieces are cut, so that progress is seen and a worker is not handed a whole archive at once. */
const PIECE_BYTES = 1 << 20;

/** The bytes, and how many there are where that is known. */
export interface Incoming {
  total: number | undefined;
  /** Pieces that lie in a buffer of the source's are there until the next is asked for. */
  lends?: boolean;
  chunks: AsyncIterable<Uint8Array>;
  /** Tells the source that nobody reads on, even while it owes a chunk. */
  cancel?: () => void;
}

const lenders = new WeakMap<ReadableStream, () => Incoming>();

/** Says that what this stream would give can be had from `lender` instead, as long as nobody reads the stream. */
export function lending(stream: ReadableStream<Uint8Array>, lender: () => Incoming): void {
  lenders.set(stream, lender);
}

/** Opens `source` for reading. */
export function incoming(source: unknown): Incoming {
  if (source instanceof ArrayBuffer) return incoming(new Uint8Array(source));
  if (source instanceof Uint8Array) return { total: source.length, chunks: cut([source]) };
  if (source instanceof Blob) return { total: source.size, chunks: slices(source) };
  if (source instanceof Response) {
    if (!source.ok) throw unavailable(`import: fetching the archive answered ${source.status}`);
    if (source.body === null || source.bodyUsed)
      throw invalid('import: the response has no body left to read');
    // With a content encoding, the length on the wire is not that of the archive.
    const length = source.headers.has('content-encoding') ? null : source.headers.get('content-length');
    return fromStream(source.body, length === null ? undefined : Number(length));
  }
  if (source instanceof ReadableStream) {
    if (source.locked) throw invalid('import: the stream is locked; hand over one that nobody reads');
    const lender = lenders.get(source);
    if (lender !== undefined) return lender();
    return fromStream(source as ReadableStream<Uint8Array>, undefined);
  }
  if (typeof source === 'object' && source !== null && Symbol.asyncIterator in source) {
    return { total: undefined, chunks: cut(source as AsyncIterable<Uint8Array>) };
  }
  throw invalid('import: hand over a ReadableStream, Blob, ArrayBuffer, Uint8Array or Response');
}

/** Larger pieces than its stream would give, each of which crosses to the engine by itself. */
async function* slices(blob: Blob): AsyncGenerator<Uint8Array> {
  const read = (at: number) => blob.slice(at, at + PIECE_BYTES).arrayBuffer();
  let next = read(0);
  for (let at = 0; at < blob.size; at += PIECE_BYTES) {
    const piece = await next;
    // Read beside what is done with this one; if nobody asks for it, nobody hears of a failure either.
    next = read(at + PIECE_BYTES);
    next.catch(() => undefined);
    yield new Uint8Array(piece);
  }
}

function fromStream(stream: ReadableStream<Uint8Array>, total: number | undefined): Incoming {
  const reader = stream.getReader();
  return { total, chunks: cut(read(reader)), cancel: () => void reader.cancel().catch(() => undefined) };
}

/** By a reader, because not every browser can iterate a stream. */
async function* read(reader: ReadableStreamDefaultReader<Uint8Array>): AsyncGenerator<Uint8Array> {
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

async function* cut(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    if (!(chunk instanceof Uint8Array)) throw invalid('import: the stream must deliver Uint8Array chunks');
    for (let at = 0; at < chunk.length; at += PIECE_BYTES) yield chunk.subarray(at, at + PIECE_BYTES);
  }
}
