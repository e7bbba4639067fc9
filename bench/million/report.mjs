// bench/results/million.json and the table made of it. A run of one host leaves what is there of the other.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const STORAGES = { node: 'Node files', chromium: 'OPFS in a worker' };
const kind = (host) => host.split(' ')[0];

export async function writeReport(folder, { n, index, full }, host, rows) {
  if (!full) return;
  const setting = `${index}/int8, memory codes`;
  const place = join(folder, 'million.json');
  const before = JSON.parse(await readFile(place, 'utf8').catch(() => '[]'));
  const others = before.filter((row) => kind(row.host) !== kind(host) || row.setting !== setting);
  const made = rows.map((row) => ({
    suite: 'million', host, dataset: 'minilm, multiplied', n, system: 'lodestore', setting, ...row,
  })); // prettier-ignore
  const long = kind(host) === 'node' ? [...made, ...others] : [...others, ...made];
  await writeFile(place, `${JSON.stringify(long, null, 1)}\n`);
  await writeFile(
    join(folder, 'million.md'),
    table(
      long.filter((row) => row.setting === setting),
      setting,
      n,
    ),
  );
}

function table(rows, setting, n) {
  const hosts = [...new Set(rows.map(({ host }) => host))];
  const metrics = [...new Set(rows.map(({ metric }) => metric))];
  const cell = (host, metric) => {
    const row = rows.find((one) => one.host === host && one.metric === metric);
    return row === undefined ? '' : row.value.toPrecision(4);
  };
  const lines = metrics.map((metric) => {
    const unit = rows.find((row) => row.metric === metric)?.unit;
    return `| ${metric} | ${hosts.map((host) => cell(host, metric)).join(' | ')} | ${unit} |`;
  });
  return [
    `# A million rows in ${setting}`,
    '',
    `Made by \`cargo xtask bench million\`: ${n} x 384.`,
    '',
    `| what | ${hosts.map((host) => `${host}, ${STORAGES[kind(host)]}`).join(' | ')} | unit |`,
    `|---|${hosts.map(() => '---:').join('|')}|---|`,
    ...lines,
    '',
  ].join('\n');
}
