/** Archives, for people. */

import type { ArchivedCollection, ArchiveManifest, VerifyReport } from '../index.node.js';
import { bytesText, columns, count } from './text.js';

/** A time as it is shown. */
export function timeText(ms: number): string {
  return new Date(ms).toISOString();
}

/** Which writes an archive holds. */
export function rangeText({ type, fromSeq, toSeq, toMs }: ArchiveManifest): string {
  const at = `(${timeText(toMs)})`;
  if (type === 'full') return `up to write ${toSeq} ${at}`;
  if (toSeq === fromSeq) return `no writes since ${fromSeq} ${at}`;
  return toSeq === fromSeq + 1 ? `write ${toSeq} ${at}` : `writes ${fromSeq + 1} to ${toSeq} ${at}`;
}

/** One line. */
export function archiveText({ version, encrypted, manifest, rows, collections }: VerifyReport): string {
  if (manifest === undefined)
    return encrypted
      ? 'an encrypted archive'
      : `an archive of format ${version}, ${count(rows, 'row')} in ${count(collections, 'collection')}`;
  const what = `${count(manifest.rows, 'row')} in ${count(manifest.collections.length, 'collection')}`;
  return `${manifest.type} archive ${manifest.archive}, ${rangeText(manifest)}, ${what}`;
}

/** Everything that an archive says of itself. */
export function archiveLines(file: string, report: VerifyReport, base: string | undefined): string[] {
  const { manifest, encrypted, passphrase, compressed } = report;
  const locked = passphrase ? 'with a passphrase' : 'with a key';
  const facts: (readonly [string, string])[] = [
    ['archive', file],
    ['format', String(report.version)],
    ['bytes', bytesText(report.bytes)],
    ['database', report.database],
    ['encrypted', encrypted ? locked : 'no'],
    ['compressed', compressed ? 'yes' : 'no'],
    ...(report.sha256 === undefined ? [] : [['sha256', report.sha256] as const]),
  ];
  if (manifest === undefined)
    return [
      ...columns([...facts, ['covers', `up to write ${report.seq} (${timeText(report.timeMs)})`]]),
      ...(encrypted ? ['What is in it can be read with what it was encrypted with.'] : []),
    ];
  const follows =
    manifest.base === undefined
      ? []
      : [['follows', `archive ${manifest.base}${base === undefined ? '' : ` (${base})`}`] as const];
  facts.splice(1, 0, ['id', manifest.archive], ['type', manifest.type], ...follows);
  return [
    ...columns([
      ...facts,
      ['covers', rangeText(manifest)],
      [
        'content',
        `${bytesText(manifest.contentBytes)}${manifest.frames > 0 ? `, ${count(manifest.frames, 'write')}` : ''}`,
      ],
      ['rows', `${manifest.rows}${manifest.lossy ? ', their vectors with 8 bits a number' : ''}`],
    ]),
    count(manifest.collections.length, 'collection') + (manifest.collections.length > 0 ? ':' : ''),
    ...archivedLines(manifest.collections),
  ];
}

/** Collections, one a line. */
export function archivedLines(collections: readonly ArchivedCollection[]): string[] {
  return columns(
    collections.map(({ name, rows, nodes, dimension, model }) => {
      const tag = model === undefined ? '' : `, ${model.id}@${model.version}`;
      const graph = nodes > 0 ? `, a graph of ${count(nodes, 'node')}` : '';
      return [name, `${count(rows, 'row')} of ${dimension} numbers${tag}${graph}`] as const;
    }),
    '  ',
  );
}
