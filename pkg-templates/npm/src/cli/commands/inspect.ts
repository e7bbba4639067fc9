/** `lodestore inspect`. */

import type { CollectionInfo, Database, OpenReport } from '../../index.node.js';
import { collectionLines } from '../collection-lines.js';
import { type Command, DATABASE_OPTIONS, type Outcome } from '../command.js';
import { argument } from '../options.js';
import { inMemory, withDatabase } from '../place.js';
import { withSource } from '../source.js';
import { bytesText, columns, count, durationText } from '../text.js';

export const inspect: Command = {
  name: 'inspect',
  summary: 'show what is in a database or in an archive',
  description: [
    'Shows the collections with their configuration and number of rows, the snapshots, the bytes in storage by kind of file, the files that were kept aside by salvage or repair, and what opening the database found.',
    'A NAME that ends in .lode is taken for an archive file: it is imported into memory, which verifies every byte of it, and shown in the same way. That takes as much memory as the database would.',
    'Opening finishes what a crash left unfinished: a torn tail of the log is cut, and reported here. Nothing else is changed.',
  ],
  args: [
    {
      name: 'NAME',
      text: 'Name of the database, or path of an archive that ends in .lode.',
      complete: 'file',
    },
  ],
  options: DATABASE_OPTIONS,
  examples: [
    ['lodestore inspect notes', 'the database in ./.lodestore'],
    ['lodestore inspect notes.lode --json', 'an archive, for a program'],
  ],
  failure: 'there is no such database, or it (or the archive) is damaged',
  run: async (call) => {
    const name = argument(call.args, 0);
    if (!name.endsWith('.lode')) return withDatabase(call, name, {}, (db) => show(db));
    return withSource(call, name, ({ chunks, size }) =>
      inMemory(call, async (db) => {
        await db.import(chunks, { signal: call.signal });
        return showArchive(name, size ?? 0, await db.collections());
      }),
    );
  },
};

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

function showArchive(file: string, bytes: number, collections: CollectionInfo[]): Outcome {
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
