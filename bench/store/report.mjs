// Long rows for programs, and a table for people.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What was promised: metric, the part it is about, the bound. */
const BOUNDS = [
  ['write_bytes_bound_ratio', 'upserts', 1],
  ['reopen_ratio', undefined, 2],
  ['exact_ratio', undefined, 1.5],
  ['single_ratio', undefined, 1.3],
  ['group_commit_ratio', undefined, 10, 'at least'],
  ['replay_rows_per_second', undefined, 200_000, 'at least'],
];

/** A row of the results, from what a host measured. */
export function longRow({ host, n, setting }, { metric, value, unit, system = 'lodestore', part }) {
  return {
    suite: 'store',
    host,
    dataset: 'dictionary-384',
    n,
    system,
    setting: part === undefined ? setting : `${setting}, ${part}`,
    metric,
    value: Number(value.toPrecision(6)),
    unit,
  };
}

function bound({ setting, metric }) {
  return BOUNDS.find(([name, part]) => name === metric && (!part || setting.endsWith(`, ${part}`)));
}

function shown({ value, unit }) {
  if (unit === 'bytes') return value.toLocaleString('en', { maximumFractionDigits: 1 });
  return `${value.toFixed(value < 10 ? 3 : 1)} ${unit}`;
}

function verdict(row) {
  const [, , limit, least] = bound(row) ?? [];
  if (limit === undefined) return '';
  const met = least ? row.value >= limit : row.value <= limit;
  return `${least ? '>=' : '<='} ${limit} ${met ? 'met' : 'MISSED'}`;
}

/** Host, setting, metric, value, bound: as rows of text. */
function cells(rows) {
  const head = ['host', 'setting', 'metric', 'value', 'bound'];
  return [head, ...rows.map((row) => [row.host, row.setting, row.metric, shown(row), verdict(row)])];
}

export function printTable(rows) {
  const lines = cells(rows);
  const widths = lines[0].map((_, i) => Math.max(...lines.map((line) => line[i].length)));
  for (const line of lines) {
    console.log(
      line
        .map((cell, i) => (i === 3 ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
        .join('  ')
        .trimEnd(),
    );
  }
}

function markdown(rows) {
  const [head, ...body] = cells(rows);
  const line = (row) => `| ${row.join(' | ')} |`;
  return [
    '# Store',
    '',
    `${rows[0].n.toLocaleString('en')} rows of 384 floats with the metadata of a dictionary entry, upserted in batches of 1,000`,
    'with strict durability, checkpointed, reopened, queried. `raw_*` and `scan_ms` are the bare host API and the bare kernel, given the',
    'same bytes in the same run; a ratio is a median over the median of those. `single_*` is one row at a time, strictly durable, and the bare',
    'write of the same bytes after it; `writers_64_*` as many upserts at once. Made by `cargo xtask bench store`.',
    '',
    line(head),
    '| --- | --- | --- | ---: | --- |',
    ...body.map(line),
    '',
  ].join('\n');
}

export async function writeResults(folder, rows) {
  await mkdir(folder, { recursive: true });
  const lines = rows.map((row) => `  ${JSON.stringify(row)}`);
  await writeFile(join(folder, 'store.json'), `[\n${lines.join(',\n')}\n]\n`);
  await writeFile(join(folder, 'store.md'), markdown(rows));
}
