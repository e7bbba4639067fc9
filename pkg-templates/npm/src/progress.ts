/** From raw counts to `Progress` with an estimate of the time that is left. */

import type { Progress } from './types.js';

/** Takes raw counts, in the unit of the phase (rows, bytes or steps). */
export type ProgressSink = (phase: string, done: number, total: number) => void;

/** Before this much time has passed in a phase an estimate would be noise. */
const ESTIMATE_AFTER_MS = 50;

/**
 * Feeds `onProgress` with estimates: the time per unit so far in this phase, times the units that are left.
 * What the callback throws is reported as an uncaught exception; it must not disturb the work it watches.
 */
export function progressSink(
  onProgress: ((progress: Progress) => void) | undefined,
  clock: () => number = () => performance.now(),
): ProgressSink | undefined {
  if (onProgress === undefined) return undefined;
  const started = new Map<string, { at: number; done: number }>();
  return (phase, done, total) => {
    const now = clock();
    let start = started.get(phase);
    if (start === undefined || done < start.done) {
      // A phase that starts over (a second log, a second round) is timed afresh.
      start = { at: now, done };
      started.set(phase, start);
    }
    const progress: Progress = { phase, done, total };
    const gained = done - start.done;
    const elapsed = now - start.at;
    if (done >= total) progress.etaMs = 0;
    else if (gained > 0 && elapsed >= ESTIMATE_AFTER_MS) {
      progress.etaMs = Math.round((elapsed / gained) * (total - done));
    }
    try {
      onProgress(progress);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  };
}
