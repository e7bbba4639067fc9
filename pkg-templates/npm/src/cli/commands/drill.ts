/** `lodestore drill`. */

import type { DrillOptions, DrillReport } from '../../index.node.js';
import { withArchives } from '../archive-files.js';
import { timeText } from '../archive-lines.js';
import { advised, chainOf } from '../chain.js';
import { type Call, type Command, DATABASE_OPTIONS, NAME } from '../command.js';
import { encryptionOf, KEY_OPTIONS } from '../key-options.js';
import { fetchKnown } from '../known-archives.js';
import { argument } from '../options.js';
import { inMemory, withDatabase } from '../place.js';
import { columns, count, durationText } from '../text.js';
import { UsageError } from '../usage-error.js';

export const drill: Command = {
  name: 'drill',
  summary: 'restore a backup aside, ask it, and compare it with what the database was',
  description: [
    'Restores a backup into memory, asks it, compares what its index finds with what a scan finds, and compares every row with the database as it was at the last write of the backup, where the history still reaches back to that. Then all of it is thrown away; the database is not changed, but for the audit log, where the outcome is noted.',
    'Without a FILE it takes a backup of the catalog, with all that it needs, from the paths that were noted when they were made. A backup that nobody restored is a file: do this by a timer.',
    'It takes as much memory as the database besides.',
  ],
  args: [
    NAME,
    {
      name: 'FILE',
      text: 'The archives of one backup, in any order. Left out: one of the catalog.',
      optional: true,
      many: true,
      complete: 'file',
    },
  ],
  options: {
    ...DATABASE_OPTIONS,
    backup: {
      value: 'WHICH',
      text: 'Which backup of the catalog: random, latest, or the id of an archive. Default random.',
    },
    queries: { value: 'N', text: 'Queries for each collection, 0 to 10000. Default 32.' },
    recall: {
      value: 'SHARE',
      text: 'The share of the 10 nearest that the index has to find, of those that a scan finds, 0 to 1. Default 0.95.',
    },
    ...KEY_OPTIONS,
  },
  examples: [
    ['lodestore drill notes', 'any of the backups'],
    ['lodestore drill notes --backup latest --json', 'the newest, for a program'],
    ['lodestore drill notes sunday.lode monday.lode', 'from files that were fetched from elsewhere'],
  ],
  failure:
    'the backup does not restore, is not what the database was, or is found in too little; or there is none',
  run: async (call) => {
    const [, ...files] = call.args;
    const which = call.options.text('backup');
    if (files.length > 0 && which !== undefined)
      throw new UsageError('--backup is of the catalog: leave it out, or the files');
    const recall = shareOf(call, 'recall');
    const queries = call.options.integer('queries', 0, 10_000);
    const encrypt = await encryptionOf(call);
    const { signal } = call;
    const asked: DrillOptions = {
      signal,
      ...(encrypt && { encrypt }),
      ...(recall !== undefined && { recall }),
      ...(queries !== undefined && { queries }),
    };
    return withArchives(call, files, async (archives) => {
      const chain =
        archives.length === 0 || files[0] === '-'
          ? undefined
          : await inMemory(call, (db) => chainOf(db, archives, { encrypt, signal, whole: true }));
      const sources = (chain?.map(({ file }) => file) ?? archives).map((file) => file.source());
      const backup: DrillOptions =
        sources.length > 0 ? { backup: sources } : { backup: which ?? 'random', fetch: fetchKnown };
      return withDatabase(call, argument(call.args, 0), {}, async (db) => {
        const bar = call.io.bar();
        const report = await db
          .drill({ ...asked, ...backup, onProgress: bar.on })
          .catch((error: unknown) => {
            throw advised(error);
          })
          .finally(() => bar.end());
        return { ok: report.ok, result: report, lines: drillLines(report) };
      });
    });
  },
};

function shareOf({ options }: Call, name: string): number | undefined {
  const text = options.text(name);
  if (text === undefined) return undefined;
  const share = /^(?:0|1|0?\.[0-9]+|1\.0+|0\.0)$/.test(text) ? Number(text) : NaN;
  if (share >= 0 && share <= 1) return share;
  throw new UsageError(`--${name} must be a number from 0 to 1, not "${text}"`);
}

function drillLines(report: DrillReport): string[] {
  const { archives, seq, time, rows, differences, different, queries, recall, ms, problems, ok } = report;
  const compared =
    differences === undefined
      ? 'not compared: the history does not reach back to it'
      : `${count(differences, 'difference')} from what the database was then`;
  return [
    `${count(rows, 'row')} up to write ${seq} (${timeText(time.getTime())}), of ${archives.join(', ')}`,
    ...columns(
      [
        ['content', durationText(ms.content)],
        ['index', durationText(ms.index)],
        ['asked', `${queries} times, recall ${recall.toFixed(3)}`],
        ['rows', `${compared} (${durationText(ms.compare)})`],
      ],
      '  ',
    ),
    ...different.map(({ collection, id, what }) => `  ${collection} ${JSON.stringify(id)}: ${what}`),
    ...problems.map((problem) => `problem: ${problem}`),
    ok ? 'ok: this backup restores' : 'FAILED',
  ];
}
