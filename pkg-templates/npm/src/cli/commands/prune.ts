/** `lodestore prune`. */

import type { KeepCounts, PruneResult, RetentionPolicy } from '../../index.node.js';
import { type Call, type Command, DATABASE_OPTIONS, NAME } from '../command.js';
import { argument } from '../options.js';
import { withDatabase } from '../place.js';
import { bytesText, count } from '../text.js';
import { UsageError } from '../usage-error.js';

const COUNTS = {
  'keep-last': { value: 'N', text: 'Keep the newest N restore points, 2 or more.' },
  'keep-daily': { value: 'N', text: 'Keep the last point of each of the last N days that have one (UTC).' },
  'keep-weekly': { value: 'N', text: 'Keep the last point of each of the last N weeks that have one.' },
  'keep-monthly': { value: 'N', text: 'Keep the last point of each of the last N months that have one.' },
  'history-days': { value: 'N', text: 'Keep what it takes to go back to every write of N days.' },
} as const;

export const prune: Command = {
  name: 'prune',
  summary: 'remove what is not to be kept of the past, and say why the rest stays',
  description: [
    'Removes older snapshots, once the newest has verified, with the logs that only they need. Rows are not touched. It needs no room, so it works on a full disk.',
    'What stays is said by the --keep options and --history-days, or else by the policy that is stored with the database. Each snapshot stays that any of these keeps, and the newest two stay in any case. Where there is no policy, or with --keep, all but the newest go.',
    'With --save the policy is stored, and from then on every checkpoint by whoever opens the database goes by it. Without, what another policy would remove goes at the next checkpoint. --forget-policy takes the stored one back.',
    'An older snapshot is what a damaged newest one is made up for with, and a point to go back to: with --keep 1 there is none.',
    'Archives are files elsewhere, which this command does not touch: those that no rule of the stored policy keeps are named, for the caller to remove; then catalog --forget.',
  ],
  args: [NAME],
  options: {
    ...DATABASE_OPTIONS,
    keep: {
      value: 'N',
      text: 'Only this many of the newest snapshots stay, 1 or 2, whatever the policy says.',
    },
    ...COUNTS,
    save: { text: 'Store the policy with the database.' },
    'forget-policy': { text: 'Take the stored policy back, and remove nothing.' },
    'dry-run': { text: 'Say what would go and what would stay, and why. Nothing is changed.' },
  },
  examples: [
    [
      'lodestore prune notes --keep-daily 7 --keep-weekly 4 --keep-monthly 12 --dry-run',
      'what a policy would remove',
    ],
    ['lodestore prune notes --keep-daily 7 --history-days 2 --save', 'a policy, from now on'],
    ['lodestore prune notes --keep 1', 'free room: keep the newest snapshot only'],
  ],
  failure: 'the newest snapshot does not verify (Corrupt); nothing was removed then',
  run: (call) => {
    const keep = call.options.integer('keep', 1, 2);
    const policy = policyOf(call);
    const [save, dryRun] = [call.options.flag('save'), call.options.flag('dry-run')];
    const forget = call.options.flag('forget-policy');
    if (keep !== undefined && policy !== undefined)
      throw new UsageError('--keep and the other options are two ways of saying it; leave one of them out');
    if (save && policy === undefined)
      throw new UsageError('--save stores what the --keep- options or --history-days say: there is none');
    if (save && dryRun) throw new UsageError('--save changes something, --dry-run does not');
    if (forget && (keep !== undefined || policy !== undefined || dryRun))
      throw new UsageError('--forget-policy goes alone');
    return withDatabase(call, argument(call.args, 0), {}, async (db) => {
      if (forget) {
        await db.setRetention(undefined);
        return { ok: true, result: { policy: null }, lines: ['no policy is stored any more'] };
      }
      if (save) {
        // Of archives the command line says nothing: what is said of them stays.
        const archives = await db.retention().then(
          (stored) => stored?.archives,
          () => undefined,
        );
        await db.setRetention({ ...policy, ...(archives && { archives }) });
      }
      const result = await db.prune({
        dryRun,
        ...(keep !== undefined && { keep: keep === 2 ? 2 : 1 }),
        ...(policy !== undefined && !save && { policy }),
      });
      return { ok: true, result: { ...result, saved: save }, lines: linesOf(result, save) };
    });
  },
};

function policyOf(call: Call): RetentionPolicy | undefined {
  const counts: KeepCounts = {};
  for (const rule of ['last', 'daily', 'weekly', 'monthly'] as const) {
    const value = call.options.integer(`keep-${rule}`, rule === 'last' ? 2 : 1, 10_000);
    if (value !== undefined) counts[rule] = value;
  }
  const days = call.options.integer('history-days', 1, 36_500);
  if (days === undefined && Object.keys(counts).length === 0) return undefined;
  return { snapshots: counts, ...(days !== undefined && { history: { days } }) };
}

function linesOf(result: PruneResult, saved: boolean): string[] {
  const { dryRun, snapshots, logs, bytes, points, archives } = result;
  const verb = dryRun ? 'would go' : 'removed';
  const lines = points.map((point) => {
    const fate = point.keep ? `stays (${point.why.join(', ')})` : dryRun ? 'would go' : 'is gone';
    return `write ${point.seq}, ${point.time.toISOString()}: ${fate}`;
  });
  for (const one of archives.filter(({ keep }) => !keep))
    lines.push(`archive ${one.archive}${one.name === undefined ? '' : ` (${one.name})`}: no rule keeps it`);
  lines.push(
    `${count(snapshots, 'snapshot')} and ${count(logs, 'log')} ${verb}, ${bytesText(bytes)} ${dryRun ? 'would be freed. Nothing was changed.' : 'freed'}`,
  );
  if (saved) lines.push('The policy is stored.');
  return lines;
}
