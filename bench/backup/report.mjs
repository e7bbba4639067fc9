// Long rows for programs, and a table for people.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What was asked for: setting, metric, bound. */
const BOUNDS = [
  ['files', 'backup_throughput_ratio', 0.5, 'at least'],
  ['files', 'content_throughput_ratio', 0.4, 'at least'],
  ['files', 'serviceable_ratio', 1.5],
  ['without the graph', 'index_eta_error', 0.25],
  ['differential, clustered', 'changed_rows_ratio', 3],
  ['incremental', 'frames_ratio', 1.1],
];

function verdict({ setting, metric, value }) {
  const found = BOUNDS.find(([of, name]) => of === setting && name === metric);
  if (found === undefined) return '';
  const [, , limit, least] = found;
  return `${least ? '>=' : '<='} ${limit} ${(least ? value >= limit : value <= limit) ? 'met' : 'MISSED'}`;
}

export async function report(folder, rows, write) {
  const cells = rows.map((row) => [row.setting, row.metric, `${row.value} ${row.unit}`, verdict(row)]);
  for (const [setting, metric, value, bound] of cells) {
    console.log(`${setting.padEnd(32)}${metric.padEnd(28)}${value.padStart(16)}  ${bound}`.trimEnd());
  }
  if (!write) return;
  const text = [
    '# Backups',
    '',
    `${rows[0].n.toLocaleString('en')} rows of 384 floats with the metadata of a dictionary entry and a graph, in files, by ${rows[0].host}. \`copy_ms\` is`,
    'the same archive copied from file to file by streams and synced, in the same run; `floor_ms` what a restore that believes',
    'nothing has to do at the least, by functions of Node alone: digest each chunk, write, sync, read all of it back and compare',
    'its checksum, without decoding anything; `serviceable_ms` is from planning a restore to the switch. Medians of',
    'interleaved rounds; `the quickest` are the least of them, when the disk holds nobody up. Made by `cargo xtask bench backup`.',
    '',
    '| setting | metric | value | bound |',
    '| --- | --- | ---: | --- |',
    ...cells.map((cell) => `| ${cell.join(' | ')} |`),
    '',
  ].join('\n');
  await writeFile(join(folder, 'backup.md'), text);
  await writeFile(join(folder, 'backup.json'), `${JSON.stringify(rows, undefined, 1)}\n`);
}
