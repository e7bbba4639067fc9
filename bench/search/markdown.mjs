// The table for people, made of the rows alone.
import { FIELD, K, M, EF_CONSTRUCTION, PERMILLES } from './constants.mjs';
import { boundsTable } from './bounds.mjs';
import { losses } from './losses.mjs';
import { NOTES } from './notes.mjs';
import { fileName } from './plot.mjs';
import { SETTINGS } from './systems/settings.mjs';
import { groups, lookup, named } from './view.mjs';

const BESIDE = { system: 'hnswlib-wasm', setting: 'hnsw' };

export function markdown(rows) {
  const parts = [...head(), ...boundsTable(rows)];
  for (const group of groups(rows)) parts.push(...section(group));
  parts.push('## How each was asked', '');
  for (const [system, note] of Object.entries(NOTES)) parts.push(`- \`${system}\`: ${note}`);
  parts.push('');
  return parts.join('\n');
}

function head() {
  return [
    '# Search',
    '',
    `Made by \`cargo xtask bench search\` from \`search.json\`. The ${K} rows nearest by the cosine, one thread; graphs have`,
    `M = ${M} and efConstruction = ${EF_CONSTRUCTION}. Queries are rows that were held out. Each breadth of search (ef) of a fixed ladder gets its recall`,
    'and its latency; "at 0.95" is the fastest one whose recall@10 is at least 0.95. Latencies are the middle of rounds that go over',
    'all systems in turn. Building is in seconds of the processor. "x" is how many times faster than hnswlib-wasm a system is, measured',
    'beside it. Memory is what a process (Node: its resident memory) or page (heap, buffers, WebAssembly) has grown by once the index',
    'stands and the input is gone; a heap that a library reserves beforehand hides a small index, and what an engine keeps of compiling',
    'is in it. What was promised of memory is about what the store holds (`held_mb`, its WebAssembly memory, whole). Opening',
    `includes the first query. A filter is \`${FIELD} < bound\` over numbers that chance gave the rows; its`,
    'queries are as broad as it takes to find 0.95 of the right rows, if the system gets there.',
    '',
  ];
}

function section(group) {
  const value = lookup(group.rows);
  const entries = SETTINGS.filter(({ system, setting }) =>
    group.rows.some(
      (row) => row.system === system && (row.setting === setting || row.setting.startsWith(`${setting},`)),
    ),
  );
  const systems = entries.filter(({ system }) => system !== 'floor');
  return [
    `## ${group.dataset}, ${group.n.toLocaleString('en')} rows, ${group.host}`,
    '',
    `![Recall against latency](${fileName(group)})`,
    '',
    ...floors(value),
    ...mainTable(systems, value),
    ...filterTable(systems, value),
    ...failures(group.rows),
    ...losses(group, value, systems),
  ];
}

function floors(value) {
  const [read, scan] = ['read', 'scan'].map((setting) => value('floor', setting, 'floor_ms'));
  if (read === undefined || scan === undefined) return [];
  return [`Reading all rows takes ${shown(read)} ms, the kernel alone ${shown(scan)} ms.`, ''];
}

const COLUMNS = [
  ['build, s', 'build_s'],
  ['x', 'build_s', 'ratio'],
  ['p50 at 0.95, ms', 'p50_ms@0.95'],
  ['p95', 'p95_ms@0.95'],
  ['x', 'p50_ms@0.95', 'ratio'],
  ['p50 at 0.99, ms', 'p50_ms@0.99'],
  ['p95', 'p95_ms@0.99'],
  ['x', 'p50_ms@0.99', 'ratio'],
  ['exact, ms', 'exact_p50_ms'],
  ['memory, MB', 'memory_mb'],
  ['saved, MB', 'saved_mb'],
  ['save, ms', 'save_ms'],
  ['open, ms', 'open_ms'],
];

function mainTable(entries, value) {
  const lines = entries.map(({ system, setting }) => {
    const cells = COLUMNS.map(([, metric, kind]) => {
      const own = value(system, setting, metric);
      if (kind !== 'ratio') return shown(own);
      const beside = value(BESIDE.system, BESIDE.setting, metric);
      return own === undefined || beside === undefined ? '' : shown(beside / own);
    });
    return [named(system, setting), ...cells];
  });
  return table(['system', ...COLUMNS.map(([title]) => title)], lines);
}

function filterTable(entries, value) {
  const parts = PERMILLES.map((permille) => `${permille / 10} %`);
  const lines = entries
    .filter(({ system, setting }) => value(system, `${setting}, ${parts[0]}`, 'filter_p50_ms') !== undefined)
    .map(({ system, setting }) => [
      named(system, setting),
      ...parts.flatMap((part) => {
        const of = (metric) => value(system, `${setting}, ${part}`, metric);
        return [shown(of('filter_p50_ms')), shown(of('filter_recall')), percent(of('filter_full'))];
      }),
      ...parts.map((part) => shown(value(system, `${setting}, ${part}`, 'filter_exact_p50_ms'))),
    ]);
  if (lines.length === 0) return [];
  const titles = parts.flatMap((part) => [`${part}: p50, ms`, 'recall', 'full']);
  return [
    'Filters by how much they let through; "full" is how many answers held as many rows as there were to find, up to ten.',
    '',
    ...table(['system', ...titles, ...parts.map((part) => `exact ${part}, ms`)], lines),
  ];
}

function failures(rows) {
  const lines = rows
    .filter(({ metric }) => metric === 'failed' || metric === 'gave_up_s')
    .map(({ system, setting, metric, value }) => {
      const what = metric === 'failed' ? 'failed' : `gave up after ${value} s`;
      return `- \`${system}\` (${setting}): ${what}`;
    });
  return lines.length === 0 ? [] : ['Not measured:', '', ...lines, ''];
}

/** Markdown lines of a table, numbers to the right. */
export function table(head, lines) {
  const row = (cells) => `| ${cells.join(' | ')} |`;
  return [row(head), row(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...lines.map(row), ''];
}

export function shown(value) {
  if (value === undefined) return '';
  if (value >= 100) return Math.round(value).toLocaleString('en');
  if (Number.isInteger(value)) return String(value);
  return String(Number(value.toPrecision(3)));
}

const percent = (share) => (share === undefined ? '' : `${Math.round(share * 1000) / 10} %`);
