/** `lodestore backup`. */

import { resolve } from 'node:path';
import {
  type ArchiveSource,
  type BackupOptions,
  type BackupResult,
  type BackupType,
  type Database,
  type Encryption,
  LodestoreError,
} from '../../index.node.js';
import { archiveFile } from '../archive-files.js';
import { rangeText } from '../archive-lines.js';
import { headsOf, unlocked } from '../chain.js';
import { type Call, type Command, DATABASE_OPTIONS, NAME, type Outcome } from '../command.js';
import { encryptionOf, KEY_OPTIONS } from '../key-options.js';
import { fileOf, newest } from '../known-archives.js';
import { argument } from '../options.js';
import { inMemory, withDatabase } from '../place.js';
import { withSink } from '../sink.js';
import { bytesText, count, durationText } from '../text.js';
import { UsageError } from '../usage-error.js';

export const backup: Command = {
  name: 'backup',
  summary: 'write the whole database, or what is new in it, to one archive file',
  description: [
    'Writes one archive of all collections as they are now, with a checksum for every part and a digest of the whole. It goes to a temporary file beside FILE, is forced to the disk, and gets its name at the end: FILE is a whole archive or is not there. Memory holds the database and at most 4 MiB of the archive.',
    'A full archive has everything: rows, vectors, metadata, configuration, and the graphs that are saved. A differential one has what changed since a full one, an incremental one the writes since any other; each follows one archive, without which it does not restore. What no archive has: the history, files that salvage kept aside, what is not in the database.',
    'Where the archive went, by its whole path, and what it follows are noted in the audit log, from which catalog, drill and --since latest know it. One that is written to stdout has no path there. The catalog forgets an archive that --force replaces.',
    'Encryption is AES-256-GCM, by a key or by what Argon2id makes of a passphrase. Who loses it has lost the archive.',
  ],
  args: [
    NAME,
    { name: 'FILE', text: 'The archive to write, by custom ending in .lode; - is stdout.', complete: 'file' },
  ],
  options: {
    ...DATABASE_OPTIONS,
    type: {
      value: 'TYPE',
      words: ['full', 'differential', 'incremental'],
      text: 'Which kind. Default full, and incremental with --since.',
    },
    since: {
      value: 'FILE',
      text: 'The archive that this one follows: a file, or latest: the newest of the catalog that fits. Default latest, where --type is not full. The key or passphrase is for both.',
    },
    compress: { text: 'Deflate what gets smaller by it: rows do, vectors hardly.' },
    ...KEY_OPTIONS,
    'no-index': { text: 'Leave out saved graphs: smaller, and restoring has to build them.' },
    vectors: {
      value: 'HOW',
      words: ['exact', 'int8'],
      text: 'int8 keeps 8 bits of each number: a quarter of the size, and not what was stored. Default exact.',
    },
    force: { short: 'f', text: 'Replace FILE if it is there. It stays until the new one is whole.' },
  },
  examples: [
    ['lodestore backup notes notes.lode', 'everything, to a file'],
    ['lodestore backup notes monday.lode --type incremental', 'what was written since the last backup'],
    ['lodestore backup notes notes.lode --compress --passphrase-file secret', 'smaller, and encrypted'],
    ['lodestore backup notes - | ssh host "cat > notes.lode"', 'to another machine'],
  ],
  failure:
    'the database does not open or is damaged, its log does not go back to --since, FILE is there already, or it cannot be written',
  run: async (call) => {
    const [name, file] = [argument(call.args, 0), argument(call.args, 1)];
    if (file === '-' && call.io.outIsTerminal)
      throw new UsageError('an archive is no text for a terminal: name a file, or send stdout to one');
    const { options } = call;
    const since = options.text('since');
    const type = (options.text('type') ?? (since === undefined ? 'full' : 'incremental')) as BackupType;
    if (type === 'full' && since !== undefined)
      throw new UsageError('a full backup follows nothing: leave out --since');
    const encrypt = await encryptionOf(call);
    return withDatabase(call, name, {}, async (db) => {
      const follows =
        type === 'full' ? undefined : await followed(call, db, type, since ?? 'latest', encrypt, file);
      return made(call, db, file, {
        type,
        compress: options.flag('compress'),
        ...(follows && { since: follows }),
        ...(encrypt && { encrypt }),
        ...(options.flag('no-index') && { index: false }),
        ...(options.text('vectors') === 'int8' && { vectors: 'int8' }),
      });
    });
  },
};

/** The archive that this one follows, of which only the beginning is read. */
async function followed(
  call: Call,
  db: Database,
  type: 'differential' | 'incremental',
  since: string,
  encrypt: Encryption | undefined,
  to: string,
): Promise<ArchiveSource> {
  const file = since === 'latest' ? await fileOf(newest(await db.catalog(), type)) : await archiveFile(since);
  if (to !== '-' && resolve(file.label) === resolve(to)) {
    const message = `${to} is what this archive would follow: replaced by it, neither restores`;
    throw new LodestoreError('Invalid', message, { expected: 'another FILE', got: to });
  }
  const { signal } = call;
  for (const link of await inMemory(call, (aside) => headsOf(aside, [file], { encrypt, signal }))) {
    unlocked(link);
    if (link.head.version >= 4) continue;
    const message = `${file.label}: nothing can follow an archive of format ${link.head.version}`;
    throw new LodestoreError('Invalid', message, { expected: 'one of format 4: make a full backup first' });
  }
  return file.source();
}

async function made(call: Call, db: Database, file: string, options: BackupOptions): Promise<Outcome> {
  const started = performance.now();
  const bar = call.io.bar();
  const path = file === '-' ? undefined : resolve(file);
  let done: BackupResult | undefined;
  try {
    const { signal } = call;
    await withSink(call, file, call.options.flag('force'), async (sink) => {
      const stream = await db.backup({ ...options, signal, onProgress: bar.on, ...(path && { name: path }) });
      for await (const chunk of stream) await sink.write(chunk);
      done = await stream.done;
      bar.end();
    });
  } catch (error) {
    // It was made and has no name: the catalog must not tell of it.
    if (done !== undefined) await db.forget(done.archive).catch(() => undefined);
    throw error;
  } finally {
    bar.end();
  }
  if (done === undefined) throw new Error('the backup ended without a result');
  await forgetReplaced(db, path, done.archive);
  const { archive, manifest, bytes, sha256 } = done;
  const ms = Math.round(performance.now() - started);
  const { type, base, rows, frames } = manifest;
  const result = { file, archive, type, ...(base && { base }), bytes, sha256, rows, manifest, ms };
  const size = `${bytesText(bytes)}, ${durationText(ms)}`;
  const what = frames > 0 ? count(frames, 'write') : count(rows, 'row');
  const lines = [
    `${file}: ${type} archive, ${what}, ${rangeText(manifest)}, ${size}`,
    `  archive ${archive}${base === undefined ? '' : `, which follows ${base}`}`,
  ];
  return { ok: true, result, lines: file === '-' ? [] : lines };
}

/** An archive that was at this path is gone. */
async function forgetReplaced(db: Database, path: string | undefined, archive: string): Promise<void> {
  if (path === undefined) return;
  const { archives } = await db.catalog();
  for (const one of archives) if (one.name === path && one.archive !== archive) await db.forget(one.archive);
}
