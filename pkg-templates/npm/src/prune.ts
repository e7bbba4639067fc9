/** Removing what is not to be kept, and saying why the rest stays. */

import { noteIfPossible, noteRefused } from './audit.js';
import { type CatalogEntry, catalog } from './catalog.js';
import type { Engine } from './engine.js';
import { invalid } from './fault.js';
import { isPolicy, type RetentionPolicy, tidy } from './retention.js';
import { checkOptions, isBoolean, isFunction, isInteger } from './validate.js';

export interface PruneOptions {
  /** So many of the newest snapshots stay and no others, whatever the policy says: 1 or 2. Default, where there is no policy: 1. */
  keep?: 1 | 2;
  /** Instead of the one that is stored, for this time. */
  policy?: RetentionPolicy;
  /** Remove nothing: the result says what would go. */
  dryRun?: boolean;
  /** Removes the file of an archive. Without it archives stay, and the result says which ones no rule keeps. */
  remove?: (archive: CatalogEntry) => void | Promise<void>;
}

/**
 * Why something stays. `newest`: of the newest two. `history`: the history begins with it, or goes on from it. `needed`: an archive needs it
 * that stays. `incomplete`: it needs an archive that the catalog does not have, so no rule judges it.
 */
export type KeepRule =
  'newest' | 'last' | 'daily' | 'weekly' | 'monthly' | 'history' | 'needed' | 'incomplete';

export interface PrunedSnapshot {
  /** The last write that it covers. */
  seq: number;
  time: Date;
  /** Bytes that it names; those of several snapshots overlap. */
  bytes: number;
  /** Whether it stays. */
  keep: boolean;
  /** The rules that keep it; none where it goes. */
  why: KeepRule[];
}

export interface PrunedArchive extends CatalogEntry {
  keep: boolean;
  why: KeepRule[];
}

export interface PruneResult {
  /** Nothing was removed; what is said to go would go. */
  dryRun: boolean;
  /** What it went by; absent where it was a number of snapshots. */
  policy?: RetentionPolicy;
  /** Snapshots that went. */
  snapshots: number;
  /** Files of logs that went. */
  logs: number;
  /** Bytes of files of the database that went. */
  bytes: number;
  /** All snapshots, oldest first. */
  points: PrunedSnapshot[];
  /** All archives in the catalog, oldest first. Those that do not stay were removed, if there was a `remove` and this is no dry run. */
  archives: PrunedArchive[];
}

interface Report {
  dryRun: boolean;
  policy?: Required<RetentionPolicy>;
  gone: { snapshots: number; logs: number; bytes: number };
  snapshots: { seq: number; timeMs: number; bytes: number; why: KeepRule[] }[];
  archives: KeepRule[][];
}

/** Archives of which as many full ones stay in any case. */
const FULL_KEPT = 2;

/** What `db.prune()` does. */
export async function prune(engine: Engine, options: PruneOptions): Promise<PruneResult> {
  const known = { keep: isInteger(1, 2), policy: isPolicy, dryRun: isBoolean, remove: isFunction };
  checkOptions('prune', options, known);
  const { keep, policy, dryRun = false, remove } = options;
  if (keep !== undefined && policy !== undefined)
    throw invalid('prune: keep and policy are two ways of saying it; leave one of them out');
  const { archives } = await catalog(engine);
  const inOrder = archives.sort((a, b) => a.to.getTime() - b.to.getTime());
  const times = inOrder.filter(isWhole).map((one) => one.to.getTime());
  const asked = JSON.stringify({ keep, policy, dryRun, archives: times });
  const work = engine.upkeep('prune', asked).catch(async (error: unknown) => {
    await noteRefused(engine, 'prune', keep === undefined ? 'policy' : 'keep', error);
    throw error;
  });
  const report = JSON.parse((await work) as string) as Report;
  const judged = judge(inOrder, report);
  if (!dryRun && remove !== undefined) await removeAll(engine, judged, remove);
  return {
    dryRun,
    ...(report.policy && { policy: tidy(report.policy) }),
    ...report.gone,
    points: report.snapshots.map(({ seq, timeMs, bytes, why }) => {
      return { seq, time: new Date(timeMs), bytes, keep: why.length > 0, why };
    }),
    archives: judged,
  };
}

function isWhole(archive: CatalogEntry): boolean {
  return archive.missing.length === 0;
}

/** Which archives stay: by the rules, and because others need them. */
export function judge(
  archives: readonly CatalogEntry[],
  report: Pick<Report, 'policy' | 'archives'>,
): PrunedArchive[] {
  const counts = report.policy?.archives;
  // Without a word about archives all of them stay, and no rule is needed for that.
  if (counts === undefined || Object.keys(counts).length === 0)
    return archives.map((one) => ({ ...one, keep: true, why: [] }));
  const selected = [...report.archives];
  const judged = archives.map((one): PrunedArchive => {
    const why: KeepRule[] = isWhole(one) ? [...(selected.shift() ?? [])] : ['incomplete'];
    return { ...one, keep: why.length > 0, why };
  });
  const stays = (one: PrunedArchive, rule: KeepRule): void => {
    one.keep = true;
    if (!one.why.includes(rule)) one.why.push(rule);
  };
  const full = judged.filter((one) => one.type === 'full');
  for (const one of full.slice(-FULL_KEPT)) stays(one, 'newest');
  const needed = new Set(judged.filter((one) => one.keep).flatMap((one) => one.chain.slice(0, -1)));
  for (const one of judged) if (needed.has(one.archive)) stays(one, 'needed');
  return judged;
}

/** Those that need others go before these, so that what a failure leaves restores. */
async function removeAll(
  engine: Engine,
  archives: readonly PrunedArchive[],
  remove: NonNullable<PruneOptions['remove']>,
): Promise<void> {
  const going = archives.filter((one) => !one.keep).sort((a, b) => b.chain.length - a.chain.length);
  for (const { keep: _keep, why: _why, ...archive } of going) {
    await remove(archive);
    await noteIfPossible(engine, 'forget', { archive: archive.archive, ok: true, by: 'prune' });
  }
}
