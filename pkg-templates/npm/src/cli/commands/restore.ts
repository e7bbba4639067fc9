/** `lodestore restore`. */

import { type CollectionInfo, type Database, LodestoreError } from '../../index.node.js';
import { type Call, type Command, DATABASE_OPTIONS, NAME, type Outcome } from '../command.js';
import { DamagedDatabase } from '../damaged-database.js';
import { fromHistory } from '../from-history.js';
import { MOMENT } from '../moment.js';
import { argument } from '../options.js';
import { inMemory, isThere, withDatabase } from '../place.js';
import { type Source, withSource } from '../source.js';
import { SCOPE_OPTIONS } from '../scope.js';
import { bytesText, columns, count, durationText } from '../text.js';
import { UsageError } from '../usage-error.js';

export const restore: Command = {
  name: 'restore',
  summary: 'bring an archive back as a database, or go back within one',
  description: [
    'Imports the archive. The database is made if it is not there; one that has rows is refused unless --replace is given. Nothing changes until the whole archive has verified, and the switch is one step: a damaged archive or a crash leaves what was there.',
    'With --replace, a database that is too damaged to open is replaced, too, once the whole archive has verified in memory; its damaged files are kept aside. That takes a FILE, not stdin.',
    'Where there was no database and the archive is refused, an empty database is left.',
    'With --to and without a FILE, the database goes back to a point of its own history: all of it in one step, after which what was there is a point to go back to; or, with --only, the rows of one collection.',
    'There is no way back from --replace beyond the history that is kept: look with --dry-run first, or back up what is there.',
  ],
  args: [
    NAME,
    { name: 'FILE', text: 'The archive; - is stdin. Left out with --to.', optional: true, complete: 'file' },
  ],
  options: {
    ...DATABASE_OPTIONS,
    replace: { text: 'Replace a database that is not empty.' },
    to: MOMENT,
    only: {
      value: 'COLLECTION',
      text: 'With --to: only rows of this collection. Others, and rows that were added since, stay.',
    },
    ...SCOPE_OPTIONS,
    'dry-run': {
      text: 'Import into memory only, and say what is there, what would come, and whether it would be refused.',
    },
  },
  examples: [
    ['lodestore restore notes notes.lode --dry-run', 'see what would come'],
    ['lodestore restore notes notes.lode --replace', 'go back to the backup'],
    ['lodestore restore notes-as-it-was notes.lode', 'beside what is there'],
    ['lodestore restore notes --to 2026-11-20T15:00 --dry-run', 'what going back would change'],
    ['lodestore restore notes --to 1234 --only words --ids \'["a"]\'', 'one row as it was'],
  ],
  failure:
    'the archive is damaged (Corrupt), the database is not empty (Invalid) or open elsewhere (Conflict)',
  run: (call) => {
    const [name, to] = [argument(call.args, 0), call.options.text('to')];
    if (to !== undefined) {
      if (call.args[1] !== undefined || call.options.flag('replace'))
        throw new UsageError('--to goes back within the database: leave out FILE and --replace');
      return fromHistory(call, name, to);
    }
    if (['only', 'ids', 'filter'].some((option) => call.options.text(option) !== undefined))
      throw new UsageError('--only, --ids and --filter go with --to: an archive is brought back whole');
    const file = call.args[1];
    if (file === undefined)
      throw new UsageError('FILE is missing: the archive, or --to a point in the history');
    const replace = call.options.flag('replace');
    // The archive is opened first: a path that was misspelt must not leave an empty database.
    return withSource(call, file, (source) =>
      call.options.flag('dry-run') ? rehearse(call, name, source) : perform(call, name, source, false),
    ).catch((error: unknown) => {
      if (!(error instanceof DamagedDatabase) || !replace || file === '-') throw error;
      return call.options.flag('dry-run') ? rehearseAlone(call, name, file) : instead(call, name, file);
    });
  },
};

/** What is there does not open. It is touched only when the archive is known to be good, and kept aside then. */
async function instead(call: Call, name: string, file: string): Promise<Outcome> {
  await withSource(call, file, ({ chunks }) => inMemory(call, (db) => taken(call, db, chunks, false)));
  return withSource(call, file, (source) => perform(call, name, source, true));
}

function rehearseAlone(call: Call, name: string, file: string): Promise<Outcome> {
  return withSource(call, file, (source) => rehearse(call, name, source, true));
}

async function perform(
  call: Call,
  name: string,
  { chunks, label }: Source,
  salvage: boolean,
): Promise<Outcome> {
  const started = performance.now();
  return withDatabase(call, name, { make: true, salvage }, async (db) => {
    const { rows, bytes, collections } = await taken(call, db, chunks, call.options.flag('replace'));
    const ms = Math.round(performance.now() - started);
    const what = `${count(rows, 'row')} in ${count(collections.length, 'collection')}`;
    const lines = [`${name}: ${what} from ${label}, ${bytesText(bytes)}, ${durationText(ms)}`];
    const damaged = salvage ? await db.quarantine() : [];
    if (damaged.length > 0)
      lines.push(
        `What was there did not open: ${count(damaged.length, 'damaged file')} kept aside (inspect lists them).`,
      );
    const result = { dryRun: false, database: name, rows, bytes, collections, damaged, ms };
    return { ok: true, result, lines };
  });
}

async function taken(call: Call, db: Database, chunks: AsyncIterable<Uint8Array>, replace: boolean) {
  if (!replace && (await db.collections()).length > 0) {
    const message = `the database "${db.name}" is not empty; --replace replaces all of it, after the archive verified`;
    throw new LodestoreError('Invalid', message, { expected: 'an empty database, or --replace' });
  }
  const bar = call.io.bar();
  const options = { replace, signal: call.signal, onProgress: bar.on };
  const { rows, bytes } = await db.import(chunks, options).finally(() => bar.end());
  return { rows, bytes, collections: await db.collections() };
}

async function rehearse(
  call: Call,
  name: string,
  { chunks, label }: Source,
  damaged = false,
): Promise<Outcome> {
  const there =
    isThere(call, name) && !damaged ? await withDatabase(call, name, {}, (db) => db.collections()) : [];
  const come = await inMemory(call, (db) => taken(call, db, chunks, false));
  const replaces = damaged || there.length > 0;
  const refused = replaces && !call.options.flag('replace');
  const lines = [
    `would come from ${label}: ${count(come.rows, 'row')}, ${bytesText(come.bytes)}`,
    ...rowsOf(come.collections),
    `there now in ${name}: ${damaged ? 'a database that does not open' : replaces ? count(sum(there), 'row') : 'nothing'}`,
    ...rowsOf(there),
    refused
      ? 'It would be refused: the database is not empty, --replace is needed. Nothing was changed.'
      : `It would ${replaces ? 'replace what is there' : 'be taken in'}. Nothing was changed.`,
  ];
  const result = { dryRun: true, database: name, ...come, there, damaged, replaces, refused };
  return { ok: !refused, result, lines };
}

function sum(collections: readonly CollectionInfo[]): number {
  return collections.reduce((rows, one) => rows + one.rows, 0);
}

function rowsOf(collections: readonly CollectionInfo[]): string[] {
  return columns(
    collections.map((one) => [
      one.name,
      `${count(one.rows, 'row')} of ${one.dimension} numbers${one.model === undefined ? '' : `, ${one.model.id}@${one.model.version}`}`,
    ]),
    '  ',
  );
}
