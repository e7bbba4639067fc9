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

/** Whether nothing was kept of what followed a point. */
export function isAlone({ points }: History, at: number): boolean {
  const [point, next] = [points[at], points[at + 1]];
  return point !== undefined && next !== undefined && point.toSeq === point.seq && next.seq > point.seq + 1;
}

/** The points as lines: oldest first. */
export function historyLines(history: History, size: (bytes: number) => string): string[] {
  const { seq, points } = history;
  return points.map((point, at) => {
    const what = `write ${point.seq}, ${point.time.toISOString()}: reads ${size(point.bytes)}`;
    if (isAlone(history, at)) return `${what}, this point only`;
    const now = point.seq === seq ? ' (now)' : '';
    return `${what}, and up to ${size(point.logBytes)} of log for what follows${now}`;
  });
}
