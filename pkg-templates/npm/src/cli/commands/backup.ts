/** `lodestore backup`. */

import { type Command, DATABASE_OPTIONS, NAME } from '../command.js';
import { argument } from '../options.js';
import { withDatabase } from '../place.js';
import { withSink } from '../sink.js';
import { bytesText, count, durationText } from '../text.js';
import { UsageError } from '../usage-error.js';

export const backup: Command = {
  name: 'backup',
  summary: 'write the whole database to one archive file',
  description: [
    'Writes all collections, as they are now, to one archive with a checksum for every block. The archive goes to a temporary file beside FILE, is forced to the disk, and gets its name at the end: FILE is a whole backup or is not there.',
    'Memory holds the database and at most 4 MiB of the archive. What is in the archive: rows, vectors, metadata, configuration, graphs. What is not: older snapshots, the log, files that salvage kept aside.',
  ],
  args: [
    NAME,
    { name: 'FILE', text: 'The archive to write, by custom ending in .lode; - is stdout.', complete: 'file' },
  ],
  options: {
    ...DATABASE_OPTIONS,
    force: { short: 'f', text: 'Replace FILE if it is there. It stays until the new one is whole.' },
  },
  examples: [
    ['lodestore backup notes notes.lode', 'to a file'],
    ['lodestore backup notes - | ssh host "cat > notes.lode"', 'to another machine'],
  ],
  failure: 'the database does not open or is damaged, FILE is there already, or it cannot be written',
  run: async (call) => {
    const [name, file] = [argument(call.args, 0), argument(call.args, 1)];
    if (file === '-' && call.io.outIsTerminal)
      throw new UsageError('an archive is no text for a terminal: name a file, or send stdout to one');
    const started = performance.now();
    return withDatabase(call, name, {}, async (db) => {
      const bar = call.io.bar();
      const { value: rows, bytes } = await withSink(call, file, call.options.flag('force'), async (sink) => {
        const all = (await db.collections()).reduce((sum, one) => sum + one.rows, 0);
        const stream = db.export({ signal: call.signal, onProgress: bar.on });
        for await (const chunk of stream) await sink.write(chunk);
        return all;
      }).finally(() => bar.end());
      const ms = Math.round(performance.now() - started);
      const result = { file, bytes, rows, ms };
      const lines = [`${file}: ${count(rows, 'row')}, ${bytesText(bytes)}, ${durationText(ms)}`];
      return { ok: true, result, lines: file === '-' ? [] : lines };
    });
  },
};
