// bench/results/million.json and the table made of it.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export async function writeReport(folder, { n, index, full }, host, rows) {
  if (!full) return;
  const setting = `${index}/int8, memory codes`;
  const long = rows.map((row) => ({
    suite: 'million', host, dataset: 'minilm, multiplied', n, system: 'lodestore', setting, ...row,
  })); // prettier-ignore
  await writeFile(join(folder, 'million.json'), `${JSON.stringify(long, null, 1)}\n`);
  const lines = rows.map(({ metric, value, unit }) => `| ${metric} | ${value.toPrecision(4)} | ${unit} |`);
  const text = [
    `# A million rows in ${setting}`,
    '',
    `Made by \`cargo xtask bench million\`: ${n} x 384, ${host}, Node files.`,
    '',
    '| what | value | unit |',
    '|---|---:|---|',
    ...lines,
    '',
  ];
  await writeFile(join(folder, 'million.md'), text.join('\n'));
}
