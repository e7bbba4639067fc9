/** `lodestore catalog`. */

import type { CatalogEntry } from '../../index.node.js';
import { type Command, DATABASE_OPTIONS, NAME } from '../command.js';
import { argument } from '../options.js';
import { withDatabase } from '../place.js';
import { bytesText, count } from '../text.js';

export const catalog: Command = {
  name: 'catalog',
  summary: 'the archives that were made of a database, and which need which',
  description: [
    'Lists the archives that the audit log of the database knows: what each holds, where it was put, what else restoring it takes, and when it was last verified and drilled.',
    'The catalog is about files that are elsewhere. With --forget it is told that one was removed.',
  ],
  args: [NAME],
  options: {
    ...DATABASE_OPTIONS,
    forget: {
      value: 'ARCHIVE',
      text: 'Take this archive (its id) out of the catalog, as its file is gone. The file is not touched.',
    },
  },
  examples: [['lodestore catalog notes', 'which backups there are']],
  failure:
    'an archive lacks what restoring it takes, or the database is not there, damaged, or open elsewhere',
  run: (call) => {
    const gone = call.options.text('forget');
    return withDatabase(call, argument(call.args, 0), {}, async (db) => {
      if (gone !== undefined) await db.forget(gone);
      const result = await db.catalog();
      const lines = [
        ...result.archives.flatMap(linesOf),
        ...result.damage.map(({ file, what }) => `damaged: ${file}: ${what}`),
      ];
      if (lines.length === 0) lines.push('no archive is known');
      const ok = result.damage.length === 0 && result.archives.every((one) => one.missing.length === 0);
      return { ok, result, lines };
    });
  },
};

function linesOf(one: CatalogEntry): string[] {
  const { verified, drilled } = one;
  const checks = [
    verified === undefined
      ? 'never verified'
      : `verified ${verified.time.toISOString()}${verified.ok ? '' : ': FAILED'}`,
    drilled === undefined
      ? 'never drilled'
      : `drilled ${drilled.time.toISOString()}${drilled.ok ? '' : ': FAILED'}`,
  ];
  return [
    `${one.archive} ${one.type}, writes ${one.fromSeq} to ${one.toSeq}, ${one.to.toISOString()}: ${count(one.rows, 'row')}, ${bytesText(one.bytes)}`,
    ...(one.name === undefined ? [] : [`  at ${one.name}`]),
    ...(one.chain.length > 1 ? [`  needs ${one.chain.slice(0, -1).join(', ')}`] : []),
    ...(one.missing.length > 0 ? [`  MISSING: ${one.missing.join(', ')}`] : []),
    `  ${checks.join(', ')}`,
  ];
}
