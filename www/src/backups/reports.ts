/** What a verification and a drill found. */

import type { DrillReport, VerifyReport } from 'lodestore';
import { h } from '../dom.js';
import { bytes, count, ms, plural } from '../format.js';
import { type Figure, figures, when } from './words.js';

const LEVELS: Record<number, string> = {
  1: 'header and manifest',
  2: 'every checksum and the digest',
  3: 'rows, vectors, graph and writes',
  4: 'restored into memory and asked',
};

export function verifyReport(report: VerifyReport): HTMLElement {
  const rows: Figure[] = report.levels.map(({ level, ms: took }): Figure => [
    `Level ${level}`,
    ms(took),
    LEVELS[level],
  ]); // prettier-ignore
  const { rows: held, blocks, frames, bytes: read, sha256, restored } = report;
  const what = `${plural(held, 'row')}, ${plural(blocks, 'block')}, ${plural(frames, 'frame')}`;
  rows.push(['Read', bytes(read), what]);
  if (restored !== undefined) {
    const { rows: back, queries, recall } = restored;
    rows.push([
      'Restored',
      plural(back, 'row'),
      `recall ${recall.toFixed(3)} of ${plural(queries, 'question')}`,
    ]);
  }
  if (sha256 !== undefined) rows.push(['SHA-256', `${sha256.slice(0, 16)}…`]);
  return h(
    'div',
    { className: 'report', attributes: { 'data-report': 'verify' } },
    h('p', { className: 'good', textContent: 'It verifies.' }),
    figures('Verification', rows),
  );
}

export function drillReport(report: DrillReport): HTMLElement {
  const { ok, problems, rows, seq, time, differences, different, queries, recall } = report;
  const table = figures('Drill', [
    ['Restored', plural(rows, 'row'), `write no. ${count(seq)}, ${when(time)}`],
    ['Recall', recall.toFixed(3), `of ${plural(queries, 'question')}, beside an exact search`],
    [
      'Differences',
      differences === undefined ? 'not compared' : count(differences),
      differences === undefined
        ? 'the history does not go back that far'
        : 'rows that are not what they were at that write',
    ],
    ['Content', ms(report.ms.content)],
    ['Index', ms(report.ms.index)],
    ['Asking', ms(report.ms.compare), 'and comparing'],
  ]);
  const list = different.map(({ collection, id, what }) =>
    h('li', { textContent: `${collection} / ${id}: ${what}` }),
  );
  return h(
    'div',
    { className: 'report', attributes: { 'data-report': 'drill' } },
    ok
      ? h('p', { className: 'good', textContent: 'It restores, and answers as it should.' })
      : h('p', { className: 'wrong', attributes: { role: 'alert' }, textContent: `${problems.join('; ')}.` }),
    table,
    list.length > 0 && h('ul', { className: 'plain' }, ...list),
  );
}
