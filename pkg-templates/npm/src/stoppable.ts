/** Work that can be ended between two slices. */

import type { Engine } from './engine.js';

/** Number of the last run of this context: others may use the same store, and begin elsewhere. */
let lastRun: number | undefined;

/** Does `work` under a number of its own, by which it is told to end when the signal is aborted. */
export async function stoppable<T>(
  engine: Engine,
  signal: AbortSignal | undefined,
  work: (run: number) => Promise<T>,
): Promise<T> {
  lastRun ??= crypto.getRandomValues(new Uint16Array(1))[0] ?? 0;
  lastRun += 65_536;
  const run = lastRun;
  const stop = () => void Promise.resolve(engine.optimizeStop(run)).catch(() => undefined);
  signal?.addEventListener('abort', stop, { once: true });
  try {
    return await work(run);
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}
