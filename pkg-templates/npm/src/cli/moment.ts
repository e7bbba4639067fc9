/** Points in the history of a database, as they are written on a command line and as they are shown. */

import type { History, Moment } from '../index.node.js';
import type { OptionSpec } from './command.js';
import { UsageError } from './usage-error.js';

export const MOMENT: OptionSpec = {
  value: 'MOMENT',
  text: 'A point in the history: a time as in 2026-11-20T15:00 (the last write up to then; local time unless it ends in Z), the number of a write, or latest. The history command lists what is kept.',
};

export function momentOf(text: string): Moment {
  if (/^[0-9]{1,15}$/.test(text)) return Number(text);
  if (text === 'latest' || Number.isFinite(Date.parse(text))) return text;
  throw new UsageError(`--to must be a time, the number of a write, or latest, not "${text}"`);
}

/** The points as lines: oldest first. */
export function historyLines({ seq, points }: History, size: (bytes: number) => string): string[] {
  return points.map(
    (point) =>
      `write ${point.seq}, ${point.time.toISOString()}: reads ${size(point.bytes)}, and up to ${size(point.logBytes)} of log for what follows` +
      (point.seq === seq ? ' (now)' : ''),
  );
}
