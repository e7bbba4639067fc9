/** `lodestore history`. */

import { type Command, DATABASE_OPTIONS, NAME } from '../command.js';
import { historyLines, isAlone } from '../moment.js';
import { argument } from '../options.js';
import { withDatabase } from '../place.js';
import { bytesText } from '../text.js';

export const history: Command = {
  name: 'history',
  summary: 'what is kept of the past, and what going back reads',
  description: [
    'Lists the points from which the past is read: the kept snapshots, and the beginning of the database as long as every write since then is in the log. Every write behind the first of them can be gone back to, unless a retention policy keeps snapshots without what followed them: then these very points. diff shows what has changed since, restore --to brings it back.',
  ],
  args: [NAME],
  options: DATABASE_OPTIONS,
  examples: [['lodestore history notes', 'how far back it reaches']],
  failure: 'the database is not there, damaged, or open elsewhere',
  run: (call) =>
    withDatabase(call, argument(call.args, 0), {}, async (db) => {
      const result = await db.history();
      const from = result.points.find((_, at) => !isAlone(result, at))?.seq ?? result.seq;
      const lines = [
        `writes ${from} to ${result.seq} can be gone back to`,
        ...historyLines(result, bytesText),
      ];
      return { ok: true, result, lines };
    }),
};
