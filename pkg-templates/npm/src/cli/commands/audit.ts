/** `lodestore audit`. */

import type { AuditEntry } from '../../index.node.js';
import { type Command, DATABASE_OPTIONS, NAME } from '../command.js';
import { argument } from '../options.js';
import { withDatabase } from '../place.js';

export const audit: Command = {
  name: 'audit',
  summary: 'what was done to look after a database, and how it went',
  description: [
    'Lists what was noted of backups, verifications, restores, drills and pruning, oldest first. Nothing is ever taken out of this log. What of it is damaged is told; the rest is listed all the same.',
  ],
  args: [NAME],
  options: {
    ...DATABASE_OPTIONS,
    last: { value: 'N', text: 'At most so many entries, the newest. Default 100.' },
    kind: {
      value: 'KIND',
      text: 'Only entries of this kind: backup, verify, restore, drill, prune, forget, retention, or one of the application.',
    },
  },
  examples: [
    ['lodestore audit notes', 'the last hundred entries'],
    ['lodestore audit notes --kind drill --last 1 --json', 'when was the last drill, and did it pass'],
  ],
  failure: 'a part of the log is damaged, or the database is not there, damaged, or open elsewhere',
  run: (call) => {
    const [last, kind] = [call.options.integer('last', 1, 100_000), call.options.text('kind')];
    return withDatabase(call, argument(call.args, 0), {}, async (db) => {
      const result = await db.audit({
        ...(last !== undefined && { last }),
        ...(kind !== undefined && { kind }),
      });
      const lines = [
        ...result.entries.map(line),
        ...result.damage.map(({ file, what }) => `damaged: ${file}: ${what}`),
      ];
      if (lines.length === 0) lines.push('nothing was noted');
      return { ok: result.damage.length === 0, result, lines };
    });
  },
};

function line({ time, kind, details }: AuditEntry): string {
  const { ok, ...rest } = details;
  const outcome = ok === true ? ' ok' : ok === false ? ' FAILED' : '';
  return `${time.toISOString()} ${kind}${outcome} ${JSON.stringify(rest)}`;
}
