/** `lodestore prune`. */

import { type Command, DATABASE_OPTIONS, NAME } from '../command.js';
import { argument } from '../options.js';
import { withDatabase } from '../place.js';
import { bytesText, count } from '../text.js';

export const prune: Command = {
  name: 'prune',
  summary: 'free room: remove older snapshots and their logs',
  description: [
    'Removes older snapshots, once the newest has verified, with the logs that only they need. Rows are not touched. It writes nothing, so it works on a full disk.',
    'An older snapshot is what a damaged newest one is made up for with: prune when room is short, not by habit.',
  ],
  args: [NAME],
  options: { ...DATABASE_OPTIONS, keep: { value: 'N', text: 'Snapshots that stay, 1 or 2. Default 1.' } },
  examples: [['lodestore prune notes --keep 1', 'keep the newest snapshot']],
  failure: 'the newest snapshot does not verify (Corrupt); nothing was removed then',
  run: (call) => {
    const keep = call.options.integer('keep', 1, 2) === 2 ? 2 : 1;
    return withDatabase(call, argument(call.args, 0), {}, async (db) => {
      const result = await db.prune({ keep });
      const lines = [`${count(result.snapshots, 'snapshot')} removed, ${bytesText(result.bytes)} freed`];
      return { ok: true, result, lines };
    });
  },
};
