/** `lodestore inspect`. */

import type { CollectionInfo, Database, OpenReport } from '../../index.node.js';
import { archiveFile } from '../archive-files.js';
import { archiveLines } from '../archive-lines.js';
import { findBeside, ofFile } from '../chain.js';
import { collectionLines } from '../collection-lines.js';
import { type Call, type Command, DATABASE_OPTIONS, type Outcome } from '../command.js';
import { encryptionOf, KEY_OPTIONS } from '../key-options.js';
import { argument } from '../options.js';
import { inMemory, withDatabase } from '../place.js';
import { withSource } from '../source.js';
import { bytesText, columns, count, durationText } from '../text.js';

export const inspect: Command = {
  name: 'inspect',
  summary: 'show what is in a database or in an archive',
  description: [
    'Shows the collections with their configuration and number of rows, the snapshots, the bytes in storage by kind of file, the files that were kept aside by salvage or repair, and what opening the database found.',
    'A NAME that ends in .lode is taken for an archive file. Every checksum of it is verified (level 2 of verify), and what it says of itself is shown: its id, what it follows, the writes in it, collections with rows, model tags and graphs. Of an encrypted one that is the case with what it was encrypted with; without, only which database it is of and up to which write. One of format 1 to 3 is imported into memory.',
    'Opening finishes what a crash left unfinished: a torn tail of the log is cut, and reported here. Nothing else is changed.',
  ],
  args: [
    {
      name: 'NAME',
      text: 'Name of the database, or path of an archive that ends in .lode.',
      complete: 'file',
    },
  ],
  options: { ...DATABASE_OPTIONS, ...KEY_OPTIONS },
  examples: [
    ['lodestore inspect notes', 'the database in ./.lodestore'],
    ['lodestore inspect notes.lode --json', 'an archive, for a program'],
  ],
  failure: 'there is no such database, or it (or the archive) is damaged',
  run: async (call) => {
    const name = argument(call.args, 0);
    if (!name.endsWith('.lode')) return withDatabase(call, name, {}, (db) => show(db));
    return inMemory(call, (db) => archive(call, db, name));
  },
};

async function archive(call: Call, db: Database, name: string): Promise<Outcome> {
  const [file, encrypt] = [await archiveFile(name), await encryptionOf(call)];
  const { signal } = call;
  const bar = call.io.bar();
  const options = { level: 2, signal, onProgress: bar.on, ...(encrypt && { encrypt }) } as const;
  const report = await ofFile(file, () => db.verify(file.source(), options)).finally(() => bar.end());
  if (report.version < 4) {
    await ofFile(file, () => withSource(call, name, ({ chunks }) => db.import(chunks, { signal })));
    return showOld(name, report.bytes, await db.collections());
  }
  const base = report.manifest?.base;
  const link = { file, head: report };
  const beside = base === undefined ? undefined : await findBeside(db, base, [link], { encrypt, signal });
  const { rows, bytes, manifest } = report;
  const collections = manifest?.collections;
  const result = { kind: 'archive', file: name, bytes, rows, collections, report, ...(beside && { beside }) };
  return { ok: true, result, lines: archiveLines(name, report, beside) };
}

async function show(db: Database): Promise<Outcome> {
  const { openReport } = db;
  const [stats, quarantine] = [await db.stats(), await db.quarantine()];
  const { bytes, snapshots, collections } = stats;
  const kept = snapshots.map(
    ({ generation, seq, timeMs, bytes }) =>
      [
        `  generation ${generation}`,
        `${new Date(timeMs).toISOString()}, up to write ${seq}, ${bytesText(bytes)}`,
      ] as const,
  );
  const lines = [
    ...columns([
      ['database', stats.name],
      ['writes', String(stats.seq)],
      [
        'bytes',
        `${bytesText(bytes.total)} (log ${bytesText(bytes.log)}, blocks ${bytesText(bytes.blocks)}, snapshots ${bytesText(bytes.snapshots)}, audit log and policy ${bytesText(bytes.upkeep)}, other ${bytesText(bytes.other)})`,
      ],
      ['engine', stats.build],
    ]),
    ...collectionLines(collections),
    count(snapshots.length, 'snapshot') + (kept.length > 0 ? ':' : ''),
    ...columns(kept),
    ...openLines(openReport),
    ...(quarantine.length === 0 ? [] : [`${count(quarantine.length, 'file')} kept aside:`]),
    ...quarantine.map((file) => `  ${file.name}, ${bytesText(file.bytes)}`),
  ];
  return { ok: true, result: { kind: 'database', stats, openReport, quarantine }, lines };
}

/** Of format 1 to 3. */
function showOld(file: string, bytes: number, collections: CollectionInfo[]): Outcome {
  const rows = collections.reduce((sum, one) => sum + one.rows, 0);
  const lines = [
    ...columns([
      ['archive', file],
      ['bytes', bytesText(bytes)],
      ['rows', String(rows)],
    ]),
    ...collectionLines(collections),
  ];
  return { ok: true, result: { kind: 'archive', file, bytes, rows, collections }, lines };
}

function openLines(report: OpenReport): string[] {
  const ms = report.phases.reduce((sum, phase) => sum + phase.ms, 0);
  const found = [
    report.snapshot === null ? 'no snapshot' : `snapshot ${report.snapshot}`,
    `${count(report.framesReplayed, 'frame')} of the log replayed`,
    ...(report.bytesDropped > 0 ? [`${bytesText(report.bytesDropped)} of a torn tail cut`] : []),
    ...(report.nodesRebuilt > 0 ? [`${count(report.nodesRebuilt, 'node')} of graphs are made again`] : []),
    ...report.codesRebuilt.map((name) => `codes of ${name} were damaged and made again`),
    ...report.snapshotsSkipped.map(
      ({ generation, reason }) => `snapshot ${generation} passed over: ${reason}`,
    ),
  ];
  return [`opened in ${durationText(ms)}: ${found.join('; ')}`];
}
