/** What is to be kept of the past. */

import type { Engine } from './engine.js';
import { corrupt, invalid } from './fault.js';
import { type Check, checkOptions, isInteger } from './validate.js';

/**
 * Grandfather, father, son: how many points stay by each rule. Of a day, a week or a month it is the last point; days, weeks and months
 * without one do not count, so who is away for a month finds what there was. A point stays when any rule keeps it.
 */
export interface KeepCounts {
  /** The newest: 2 or more. */
  last?: number;
  /** Of so many days, which are those of UTC. */
  daily?: number;
  /** Of so many weeks, which begin on Monday. */
  weekly?: number;
  /** Of so many months. */
  monthly?: number;
}

export interface RetentionPolicy {
  /** Restore points in the database, beside the newest two, which stay in any case. */
  snapshots?: KeepCounts;
  /** Archives in the catalog. The newest two full ones stay, and what an archive needs that stays. Left out: all of them. */
  archives?: KeepCounts;
  /** Every write of so many days can be gone back to, and up to a quarter more. */
  history?: { days?: number };
}

const COUNT_MAX = 10_000;
const DAYS_MAX = 36_500;

function isOptions(known: Record<string, Check>): Check {
  return (value) => {
    if (typeof value !== 'object' || value === null) return 'must be an object';
    checkOptions('retention', value, known);
    return undefined;
  };
}

const count = isInteger(0, COUNT_MAX);
const isKeep = isOptions({ last: isInteger(2, COUNT_MAX), daily: count, weekly: count, monthly: count });
const POLICY = {
  snapshots: isKeep,
  archives: isKeep,
  history: isOptions({ days: isInteger(0, DAYS_MAX) }),
};

export const isPolicy: Check = isOptions(POLICY);

/** What `db.retention()` does. */
export async function retention(engine: Engine): Promise<RetentionPolicy | undefined> {
  const json = (await engine.upkeep('retention')) as string | undefined;
  if (json === '')
    throw corrupt(
      'the retention policy cannot be read, so nothing is pruned: say it anew with setRetention()',
    );
  return json === undefined ? undefined : tidy(JSON.parse(json) as Required<RetentionPolicy>);
}

/** What `db.setRetention()` does. */
export async function setRetention(engine: Engine, policy: RetentionPolicy | undefined): Promise<void> {
  const wrong = policy === undefined ? undefined : isPolicy(policy);
  if (wrong !== undefined) throw invalid(`setRetention: the policy ${wrong}`, 'an object', typeof policy);
  await engine.upkeep('setRetention', policy === undefined ? undefined : JSON.stringify(policy));
}

/** Without what says nothing. */
export function tidy({ snapshots, archives, history }: Required<RetentionPolicy>): RetentionPolicy {
  return {
    ...(Object.keys(snapshots).length > 0 && { snapshots }),
    ...(Object.keys(archives).length > 0 && { archives }),
    ...(history.days !== undefined && history.days > 0 && { history }),
  };
}
