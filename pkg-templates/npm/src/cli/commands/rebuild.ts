/** `lodestore rebuild`. */

import { collectionLines } from '../collection-lines.js';
import { collectionOf } from '../collection-of.js';
import { type Command, DATABASE_OPTIONS, NAME } from '../command.js';
import { CONFIG_OPTIONS, configOf } from '../config-options.js';
import { argument } from '../options.js';
import { withDatabase } from '../place.js';
import { UsageError } from '../usage-error.js';

export const rebuild: Command = {
  name: 'rebuild',
  summary: 'change the configuration of a collection in place',
  description: [
    'Changes metric, index, quantization, memory or the parameters of the graph; what is not named stays. Then the graph is finished and saved, so that the next program to open the database need not build it.',
    'Another dimension or another model needs new vectors, which a command cannot make: see rebuild in the API of the package.',
  ],
  args: [NAME, { name: 'COLLECTION', text: 'Name of the collection.' }],
  options: { ...DATABASE_OPTIONS, ...CONFIG_OPTIONS },
  examples: [
    ['lodestore rebuild notes words --index hnsw --quantization int8', 'a graph over bytes'],
    ['lodestore rebuild notes words --index hnsw --m 24 --ef-construction 300', 'a denser graph'],
  ],
  failure: 'the configuration is refused; the collection stays as it was then',
  run: (call) => {
    const [name, of] = [argument(call.args, 0), argument(call.args, 1)];
    const config = configOf(call.options);
    if (Object.keys(config).length === 0)
      throw new UsageError(`nothing to change: give one of --${Object.keys(CONFIG_OPTIONS).join(', --')}`);
    return withDatabase(call, name, {}, async (db) => {
      const collection = await collectionOf(db, of);
      const bar = call.io.bar();
      const options = { signal: call.signal, onProgress: bar.on };
      try {
        await collection.rebuild({ config, ...options });
        await collection.optimize(options);
        await db.checkpoint(options);
      } finally {
        bar.end();
      }
      const info = await collection.stats();
      return { ok: true, result: info, lines: collectionLines([info]) };
    });
  },
};
