/** An export as a stream: made as it is read, ended by whoever loses interest first. */

import { throwIfAborted } from './abort.js';
import type { Engine } from './engine.js';
import { progressSink } from './progress.js';
import type { LongOptions } from './types.js';

/** Starts an export of what is in the database now. */
export function exportStream(engine: Engine, options: LongOptions): ReadableStream<Uint8Array> {
  const { signal } = options;
  const progress = progressSink(options.onProgress);
  let running: { handle: number; totalBytes: number } | undefined;
  let done = 0;
  let over = false;
  let giveUp: (() => void) | undefined;

  const end = async () => {
    over = true;
    if (giveUp) signal?.removeEventListener('abort', giveUp);
    const handle = running?.handle;
    running = undefined;
    // A closed database has closed its exports already.
    if (handle === undefined) return;
    try {
      await engine.exportClose(handle);
    } catch {
      // Nothing is left to close.
    }
  };

  return new ReadableStream<Uint8Array>({
    async start(controller) {
      throwIfAborted(signal);
      giveUp = () => {
        if (over) return;
        controller.error(signal?.reason);
        void end();
      };
      signal?.addEventListener('abort', giveUp, { once: true });
      const started = await engine.exportStart();
      running = started;
      if (over) await end();
      else progress?.('export', 0, started.totalBytes);
    },
    async pull(controller) {
      if (running === undefined) return;
      const { handle, totalBytes } = running;
      try {
        const chunk = await engine.exportNext(handle);
        if (over) return;
        if (chunk === undefined) {
          await end();
          controller.close();
          return;
        }
        done += chunk.length;
        progress?.('export', done, totalBytes);
        controller.enqueue(chunk);
      } catch (error) {
        if (over) return;
        await end();
        throw error;
      }
    },
    cancel: end,
  });
}

/** A file that is kept aside, piece by piece. It needs no handle, so it goes on whoever runs the database. */
export function quarantineStream(engine: Engine, name: string): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const chunk = await engine.quarantineRead(name, at);
      at += chunk.length;
      if (chunk.length === 0) controller.close();
      else controller.enqueue(chunk);
    },
  });
}
