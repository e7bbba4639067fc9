/** `lodestore verify`. */

import type { CollectionInfo, Database } from '../../index.node.js';
import { checkOf } from '../checking.js';
import type { Call, Command } from '../command.js';
import { argument } from '../options.js';
import { inMemory } from '../place.js';
import { withSource } from '../source.js';
import { bytesText, count, durationText } from '../text.js';

/** Rows in memory at a time. */
const PAGE = 500;

export const verify: Command = {
  name: 'verify',
  summary: 'restore an archive into memory and check it',
  description: [
    'Imports the archive into memory, which verifies every byte of it, checks the database that comes of it as check does, reads every row back, and compares the number of rows that came, that the collections tell, and that were read. Nothing is written.',
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
        const counted = collections.reduce((sum, one) => sum + one.rows, 0);
        const read = await readBack(call, db, collections);
        const agree = rows === counted && rows === read;
        const ok = check.ok && agree;
        const ms = Math.round(performance.now() - started);
        const names = collections.map((one) => `${one.name} ${one.rows}`).join(', ');
        const what = `${count(rows, 'row')} in ${count(collections.length, 'collection')}`;
        const lines = [
          ...check.problems.map(({ code, where, what }) => `${code} in ${where}: ${what}`),
          ...(agree
            ? []
            : [`The numbers of rows differ: ${rows} came, ${counted} are told, ${read} were read.`]),
          `${file}: ${ok ? 'ok' : 'not ok'}: ${what}${names === '' ? '' : ` (${names})`}, ${bytesText(bytes)}, ${durationText(ms)}`,
        ];
        const counts = { imported: rows, told: counted, read };
        return { ok, result: { file, bytes, rows, counts, collections, check, ms }, lines };
      }),
    );
  },
};

/** How many rows there are when each is asked for. */
async function readBack(call: Call, db: Database, collections: readonly CollectionInfo[]): Promise<number> {
  let read = 0;
  for (const { name } of collections) {
    const collection = await db.collection(name);
    let cursor: string | undefined;
    do {
      call.signal.throwIfAborted();
      const page = await collection.list({ limit: PAGE, returnVectors: true, cursor });
      read += page.rows.length;
      cursor = page.cursor;
    } while (cursor !== undefined);
  }
  return read;
}
