/** `lodestore verify`. */

import { type Database, LodestoreError, type RestoredReport, type VerifyLevel } from '../../index.node.js';
import { type ArchiveFile, withArchives } from '../archive-files.js';
import { archiveText } from '../archive-lines.js';
import { chainOf, type Link, ofFile } from '../chain.js';
import { type Call, type Command, DATABASE_OPTIONS, type Outcome } from '../command.js';
import { encryptionOf, KEY_OPTIONS } from '../key-options.js';
import { inMemory, withDatabase } from '../place.js';
import { bytesText, columns, count, durationText } from '../text.js';

const WHAT: Record<VerifyLevel, string> = {
  1: 'header, manifest and size',
  2: 'every checksum, and the digest of the whole',
  3: 'rows, vectors, graph and writes, compared with one another',
  4: 'restored into memory, every row read back, and asked',
};

export const verify: Command = {
  name: 'verify',
  summary: 'verify archives in up to four levels, the last of which restores them',
  description: [
    'Level 1 looks at header, manifest and size; level 2 at every checksum and the digest of the whole; level 3 decodes everything and compares rows, vectors, graphs and the numbers of writes; level 4 restores into memory, reads every row back, and compares what the index finds with what a scan finds. Each includes those below it. No database is needed and nothing is written.',
    'Several files are a chain: a full archive, then a differential one, then incremental ones, in any order. A gap, another database or two archives that follow the same one are refused, and the message names the archive that is missing, and its file if that lies beside.',
    'Without --level it is as thorough as can be: 4 where there is a full archive (or one of format 1 to 3), 3 for an incremental or differential one by itself, 2 for an encrypted one without its key. Level 4 takes as much memory as the database would.',
  ],
  args: [{ name: 'FILE', text: 'The archives; - is one on stdin.', complete: 'file', many: true }],
  options: {
    level: { value: 'N', words: ['1', '2', '3', '4'], text: 'How thoroughly.' },
    queries: { value: 'N', text: 'Queries of level 4 for each collection, 0 to 10000. Default 32.' },
    ...KEY_OPTIONS,
    note: {
      value: 'NAME',
      text: 'Note how it went in the audit log of this database, and so in its catalog.',
    },
    ...DATABASE_OPTIONS,
  },
  examples: [
    ['lodestore verify notes.lode', 'does the backup restore?'],
    ['lodestore verify backups/*.lode --note notes', 'a whole chain, noted in the audit log'],
    ['lodestore verify notes.lode --level 2 --json', 'every checksum, without a key, for a program'],
  ],
  failure:
    'an archive is damaged or truncated (Corrupt), of a newer version (Version), encrypted with something else (Mismatch), or one of the chain is missing (Invalid)',
  run: (call) =>
    withArchives(call, call.args, (files) => {
      const note = call.options.text('note');
      const body = (db: Database) => verified(call, db, files);
      return note === undefined ? inMemory(call, body) : withDatabase(call, note, {}, body);
    }),
};

async function verified(call: Call, db: Database, files: ArchiveFile[]): Promise<Outcome> {
  const started = performance.now();
  const { signal } = call;
  const encrypt = await encryptionOf(call);
  const asked = call.options.integer('level', 1, 4) as VerifyLevel | undefined;
  const queries = call.options.integer('queries', 0, 10_000);
  const bar = call.io.bar();
  const options = {
    signal,
    onProgress: bar.on,
    ...(encrypt && { encrypt }),
    ...(queries !== undefined && { queries }),
  };
  // What can be read once is verified in one go.
  const again = files.every(({ size }) => size !== undefined);
  const aside = <T>(body: (db: Database) => Promise<T>) => inMemory(call, body);
  try {
    const whole = asked === 4;
    const links: Link[] = again
      ? await aside((other) => chainOf(other, files, { encrypt, signal, whole }))
      : [];
    const level = asked ?? thorough(links, again);
    const reports = [];
    for (const { file } of links) {
      const part = Math.min(level, 3) as VerifyLevel;
      const report = await ofFile(file, () => db.verify(file.source(), { ...options, level: part }));
      reports.push({ file: file.label, report });
    }
    let restored: RestoredReport | undefined;
    if (level === 4 || !again) {
      const all = again ? links.map(({ file }) => file) : files;
      const [first] = all as [ArchiveFile];
      const sources = all.map((file) => file.source());
      const report = await ofFile(first, () => db.verify(sources, { ...options, level }));
      restored = report.restored;
      const last = reports.at(-1)?.report;
      if (last === undefined) reports.push({ file: first.label, report });
      else last.levels.push(...report.levels.filter((one) => one.level === 4));
      compare(last?.rows, restored);
    }
    const ms = Math.round(performance.now() - started);
    const rows = restored?.rows ?? reports.at(-1)?.report.rows ?? 0;
    const bytes = reports.reduce((sum, { report }) => sum + report.bytes, 0);
    const lines = reports.flatMap(({ file, report }) => [
      `${file}: ${archiveText(report)}${report.bytes > 0 ? `, ${bytesText(report.bytes)}` : ''}`,
      ...columns(
        report.levels.map((one) => [`level ${one.level}`, `${durationText(one.ms)}: ${WHAT[one.level]}`]),
        '  ',
      ),
    ]);
    if (restored !== undefined)
      lines.push(
        `${count(restored.rows, 'row')} read back, ${count(restored.queries, 'query').replace(/ys$/, 'ies')}, recall ${restored.recall.toFixed(3)}`,
      );
    const keyless = reports.some(({ report }) => report.encrypted && report.manifest === undefined);
    lines.push(
      `ok up to level ${level}${keyless && level < 3 ? '; what is in it can be verified with what it was encrypted with' : ''}`,
    );
    const result = { files: reports, level, rows, bytes, ...(restored && { restored }), ms };
    return { ok: true, result, lines };
  } finally {
    bar.end();
  }
}

/** As thorough as what was given allows. */
function thorough(links: readonly Link[], again: boolean): VerifyLevel {
  if (!again) return 4;
  if (links.some(({ head }) => head.encrypted && head.manifest === undefined)) return 2;
  const first = links[0]?.head.manifest;
  return first === undefined || first.type === 'full' ? 4 : 3;
}

/** An older archive does not say at its beginning how many rows it has: level 3 has counted them. */
function compare(counted: number | undefined, restored: RestoredReport | undefined): void {
  if (counted === undefined || restored === undefined || counted === restored.rows) return;
  throw new LodestoreError('Corrupt', 'other rows were read back than are in the archive', {
    expected: String(counted),
    got: String(restored.rows),
  });
}
