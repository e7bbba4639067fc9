/** `lodestore optimize`. */

import type { CollectionInfo } from '../../index.node.js';
import { collectionLines } from '../collection-lines.js';
import { collectionOf } from '../collection-of.js';
import { type Command, DATABASE_OPTIONS, NAME } from '../command.js';
import { argument } from '../options.js';
import { withDatabase } from '../place.js';

export const optimize: Command = {
  name: 'optimize',
  summary: 'finish the graphs now, and save them',
  description: [
    'Puts every row into the graph, takes out what was deleted, makes sure that every row can be reached, and writes a snapshot, so that the next opening is quick. All of this also happens in the background of a program that has the database open. Worth it after a large import.',
    'Where the index is flat only the snapshot is written.',
  ],
  args: [NAME, { name: 'COLLECTION', text: 'Name of the collection. Default all.', optional: true }],
  options: DATABASE_OPTIONS,
  examples: [['lodestore optimize notes', 'after an import']],
  failure: 'the database does not open, or there is no room for the snapshot (Quota)',
  run: (call) => {
    const [, of] = call.args;
    return withDatabase(call, argument(call.args, 0), {}, async (db) => {
      const names = of === undefined ? (await db.collections()).map((one) => one.name) : [of];
      const bar = call.io.bar();
      const options = { signal: call.signal, onProgress: bar.on };
      const collections: CollectionInfo[] = [];
      try {
        for (const one of names) collections.push(await (await collectionOf(db, one)).optimize(options));
        const checkpoint = await db.checkpoint(options);
        return { ok: true, result: { collections, checkpoint }, lines: collectionLines(collections) };
      } finally {
        bar.end();
      }
    });
  },
};
