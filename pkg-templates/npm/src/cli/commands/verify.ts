/** `lodestore verify`. */

import { checkOf } from '../checking.js';
import type { Command } from '../command.js';
import { argument } from '../options.js';
import { inMemory } from '../place.js';
import { withSource } from '../source.js';
import { bytesText, count, durationText } from '../text.js';

export const verify: Command = {
  name: 'verify',
  summary: 'restore an archive into memory and check it',
  description: [
    'Imports the archive into memory, which verifies every byte of it, checks the database that comes of it as check does, and compares the number of rows that came, that there are, and that were checked. Nothing is written.',
    'That takes as much memory as the database would. An archive that verifies is one that restores.',
  ],
  args: [{ name: 'FILE', text: 'The archive; - is stdin.', complete: 'file' }],
  options: {},
  examples: [['lodestore verify notes.lode', 'does the backup restore?']],
  failure: 'the archive is damaged or truncated (Corrupt), of a newer version (Version), or does not check',
  run: (call) => {
    const file = argument(call.args, 0);
    const started = performance.now();
    return withSource(call, file, ({ chunks }) =>
      inMemory(call, async (db) => {
        const { rows, bytes } = await db.import(chunks, { signal: call.signal });
        const check = await checkOf(call, db, false);
        const collections = await db.collections();
        const there = collections.reduce((sum, one) => sum + one.rows, 0);
        const ok = check.ok && rows === there && rows === check.rows;
        const ms = Math.round(performance.now() - started);
        const names = collections.map((one) => `${one.name} ${one.rows}`).join(', ');
        const lines = [
          ...check.problems.map(({ code, where, what }) => `${code} in ${where}: ${what}`),
          ...(rows === there && rows === check.rows
            ? []
            : [`The numbers of rows differ: ${rows} came, ${there} are there, ${check.rows} were checked.`]),
          `${file}: ${ok ? 'ok' : 'not ok'}: ${count(rows, 'row')} in ${count(collections.length, 'collection')}${names === '' ? '' : ` (${names})`}, ${bytesText(bytes)}, ${durationText(ms)}`,
        ];
        const counts = { imported: rows, present: there, checked: check.rows };
        return { ok, result: { file, bytes, rows, counts, collections, check, ms }, lines };
      }),
    );
  },
};
