/** What is to be done every few days, by the audit log of the database: it knows when it was done last, whoever did it. */

import type { Database } from '../database.js';
import { invalid } from '../fault.js';
import type { AuditEntry } from '../reports.js';
import { checkOptions, isFunction } from '../validate.js';

const DAY_MS = 24 * 3600_000;
/** Between two looks: a page may be open for weeks, and a laptop may sleep over any timer. */
const LOOK_MS = 3600_000;
/** At least so long: where another tab is at it, it stays due until that is done. */
const LOOK_MS_MIN = 60_000;
/** How many entries of a kind are looked at. */
const LAST = 20;

export type ScheduledKind = 'backup' | 'drill';

export interface Scheduled<T = unknown> {
  /** At most every so many days; parts of a day are fine. */
  everyDays: number;
  /** Does it: `() => backupTo(db, target)`, `() => db.drill({ fetch: target.fetch })`. */
  run: () => Promise<T>;
}

export interface ScheduleOptions<T = unknown> extends Scheduled<T> {
  /** Told of what `run` resolved to. */
  onDone?: (value: T) => void;
  /** Told of what it rejected with; it is tried again an hour later. */
  onError?: (error: unknown) => void;
}

type Audited = Pick<Database, 'audit' | 'name'>;

const OPTIONS = {
  everyDays: (value: unknown) =>
    typeof value === 'number' && value > 0 && Number.isFinite(value) ? undefined : 'must be a number above 0',
  run: isFunction,
  onDone: isFunction,
  onError: isFunction,
};

function check(where: string, options: Scheduled): void {
  checkOptions(where, options, OPTIONS);
  const { everyDays, run } = options ?? {};
  if (everyDays === undefined || run === undefined) throw invalid(`${where}: everyDays and run are needed`);
}

/** Whether one came to its end. A drill that found differences did. */
function ended({ details }: AuditEntry): boolean {
  return details['error'] === undefined;
}

/** Milliseconds until it is due; 0 or less when it is. */
async function dueIn(db: Audited, kind: ScheduledKind, everyDays: number): Promise<number> {
  const { entries } = await db.audit({ last: LAST, kind });
  const last = entries.filter(ended).at(-1);
  return last === undefined ? 0 : last.time.getTime() + everyDays * DAY_MS - Date.now();
}

/**
 * Runs it if the audit log says that the last one is older than that, or that there was none: for the `scheduled` handler of
 * an edge worker, a cron job or a test. Where the host has Web Locks, one context at a time.
 *
 * @returns what `run` gave; undefined where it was not due, or another context is at it.
 */
export async function runIfDue<T>(
  db: Audited,
  kind: ScheduledKind,
  task: Scheduled<T>,
): Promise<T | undefined> {
  check('runIfDue', task);
  const once = async (): Promise<T | undefined> =>
    (await dueIn(db, kind, task.everyDays)) > 0 ? undefined : task.run();
  const locks = globalThis.navigator?.locks;
  if (locks === undefined) return once();
  // Looked at again with the lock: another tab may have done it a moment ago.
  return locks.request(`lodestore:schedule:${kind}:${db.name}`, { ifAvailable: true }, (lock) =>
    lock === null ? undefined : once(),
  ) as Promise<T | undefined>;
}

/** Backs up at most every so many days, while this page is open and has nothing to do. Returns what ends it. */
export function scheduleBackup<T>(db: Audited, options: ScheduleOptions<T>): () => void {
  return schedule(db, 'backup', options);
}

/** Restores a backup aside and compares it at most every so many days, while this page is open and has nothing to do. */
export function scheduleDrill<T>(db: Audited, options: ScheduleOptions<T>): () => void {
  return schedule(db, 'drill', options);
}

function schedule<T>(db: Audited, kind: ScheduledKind, options: ScheduleOptions<T>): () => void {
  check('schedule', options);
  let stopped = false;
  let cancel = (): void => undefined;
  const look = async (): Promise<void> => {
    let wait = LOOK_MS;
    try {
      const value = await runIfDue(db, kind, options);
      if (value !== undefined) options.onDone?.(value);
      wait = Math.min(LOOK_MS, Math.max(LOOK_MS_MIN, await dueIn(db, kind, options.everyDays)));
    } catch (error) {
      // A database that was closed has nothing to be done any more.
      if ((error as { code?: unknown } | undefined)?.code === 'Closed') return;
      options.onError?.(error);
    }
    if (!stopped) cancel = after(wait, whenIdle);
  };
  const whenIdle = (): void => void (cancel = idle(() => void look()));
  whenIdle();
  return () => {
    stopped = true;
    cancel();
  };
}

/** When the page has nothing else to do, or has not had time for a minute. Elsewhere in a moment. */
function idle(work: () => void): () => void {
  if (typeof requestIdleCallback !== 'function') return after(0, work);
  const handle = requestIdleCallback(work, { timeout: 60_000 });
  return () => cancelIdleCallback(handle);
}

/** A timer that keeps no process alive. */
function after(ms: number, work: () => void): () => void {
  const timer = setTimeout(work, ms) as unknown as { unref?: () => void };
  timer.unref?.();
  return () => clearTimeout(timer as unknown as ReturnType<typeof setTimeout>);
}
