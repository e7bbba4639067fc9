/** The bytes of a file of Node, Deno or Bun. */

import { lending } from '../../import-source.js';
import type { NodeHandle } from '../../storage/node.js';

/** How much is read at once. */
const PIECE_BYTES = 1 << 20;

/**
 * Reads a file, or the one that a function opens when it is asked for. It is closed at its end, or when nobody reads on.
 * What is no file (a pipe) has the size 0. Whoever reads the stream gets pieces to keep; an archive that comes in has
 * them lent, in two buffers by turns.
 */
export function fileStream(
  from: NodeHandle | (() => Promise<NodeHandle>),
  size: number,
  failure: (error: unknown) => unknown,
): ReadableStream<Uint8Array> {
  let file = typeof from === 'function' ? undefined : from;
  let at = 0;
  let isOver = false;
  const close = async (): Promise<void> => {
    isOver = true;
    const handle = file;
    file = undefined;
    await handle?.close();
  };
  const opened = async (): Promise<NodeHandle> => {
    const handle = await (from as () => Promise<NodeHandle>)();
    // Nobody reads on by now: it is closed right here, and the read of it fails unheard.
    if (isOver) await handle.close();
    return handle;
  };
  const read = async (buffer: Uint8Array): Promise<Uint8Array> => {
    if (isOver) return buffer.subarray(0, 0);
    try {
      file ??= await opened();
      const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
      at += bytesRead;
      if (bytesRead === 0) await close();
      return buffer.subarray(0, bytesRead);
    } catch (error) {
      await close().catch(() => undefined);
      throw failure(error);
    }
  };
  const stream = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const piece = await read(new Uint8Array(PIECE_BYTES));
        if (piece.length > 0) controller.enqueue(piece);
        else controller.close();
      },
      cancel: close,
    },
    { highWaterMark: 0 },
  );
  lending(stream, () => {
    // Nobody else reads it from here on.
    const reader = stream.getReader();
    const cancel = () => void reader.cancel().catch(() => undefined);
    return { total: size === 0 ? undefined : size, lends: true, chunks: ahead(read), cancel };
  });
  return stream;
}

/** Two buffers by turns: one is read into while the other is used. */
async function* ahead(read: (buffer: Uint8Array) => Promise<Uint8Array>): AsyncGenerator<Uint8Array> {
  let [used, filled] = [new Uint8Array(PIECE_BYTES), new Uint8Array(PIECE_BYTES)];
  let next = read(filled);
  for (;;) {
    const piece = await next;
    if (piece.length === 0) return;
    [used, filled] = [filled, used];
    next = read(filled);
    // If nobody asks for it, nobody hears of a failure either.
    next.catch(() => undefined);
    yield piece;
  }
}
