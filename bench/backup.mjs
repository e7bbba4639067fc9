// What backups, verification and restores cost beside copying the same bytes by streams, and how large archives are.
// Run by `cargo xtask bench backup`, which packs first and names the tarball.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { install } from '../tests/packaging/project.mjs';
import { changes } from './backup/changes.mjs';
import { copied, filled, floored, restored, timesOf, written } from './backup/measure.mjs';
import { report } from './backup/report.mjs';

const USAGE = `cargo xtask bench backup [--n ROWS] [--repeats COUNT]

  --n          rows of 384 numbers, default 100000
  --repeats    times that each is done, default 7; medians are told

Node, files. Results are written to bench/results by a run without options only.`;

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({
  options: { n: { type: 'string' }, repeats: { type: 'string' }, help: { type: 'boolean' } },
});
if (values.help) {
  console.log(USAGE);
  process.exit(0);
}
const n = Number(values.n ?? 100_000);
const repeats = Number(values.repeats ?? 7);
if (!(n >= 1000) || !(repeats >= 1)) {
  console.error(USAGE);
  process.exit(1);
}

// In the repository and not in the folder for temporary files, which may lie in memory.
const scratch = join(root, 'target/bench-backup');
await rm(scratch, { recursive: true, force: true });
await mkdir(scratch, { recursive: true });
const project = await install(join(scratch, 'project'), process.env.LODESTORE_TARBALL);
await writeFile(
  join(project, 'package-entry.mjs'),
  "export * from 'lodestore';\nexport { backupTo, fromFile, toFile } from 'lodestore/targets';\n",
);
const lodestore = await import(pathToFileURL(join(project, 'package-entry.mjs')));
const place = { lodestore, scratch, n };

const say = (text) =>
  console.error(`[backup ${(performance.now() / 1000).toFixed(0).padStart(5)} s] ${text}`);
const rows = [];
const add = (setting, metric, value, unit) => {
  rows.push({
    suite: 'backup',
    host: `node ${process.versions.node}`,
    dataset: 'dictionary-384',
    n,
    system: 'lodestore',
    setting,
    metric,
    value: Number(value.toPrecision(6)),
    unit,
  });
};

const db = await filled(place, say);
const times = { copy: [], floor: [], full: [], content: [], serviceable: [], compressed: [], encrypted: [] };
let full;
for (let round = 0; round < repeats; round += 1) {
  full = await written(lodestore, db, join(scratch, `full-${round}.lode`), {});
  times.full.push(full.ms);
  const copy = await copied(full.path, join(scratch, 'copy'));
  times.copy.push(copy);
  const floor = await floored(full.path, join(scratch, 'copy'));
  times.floor.push(floor);
  say(
    `round ${round + 1}: ${full.bytes} bytes, backup ${full.ms.toFixed(0)} ms, bare copy ${copy.toFixed(0)} ms, ` +
      `verified by Node alone ${floor.toFixed(0)} ms`,
  );
  const one = await restored(place, [full.path], 'with the graph', say);
  times.content.push(one.ms.content);
  times.serviceable.push(one.serviceable);
  if (round + 1 < repeats) await rm(full.path);
}
const mb = full.bytes / 1e6;
const { median } = timesOf;
add('files', 'archive_mb', mb, 'MB');
add('files', 'copy_ms', median(times.copy), 'ms');
add('files', 'backup_ms', median(times.full), 'ms');
add('files', 'backup_throughput_ratio', median(times.copy) / median(times.full), 'x');
add('files', 'content_restore_ms', median(times.content), 'ms');
add('files', 'content_throughput_ratio', median(times.copy) / median(times.content), 'x');
add('files', 'floor_ms', median(times.floor), 'ms');
add('files', 'floor_throughput_ratio', median(times.copy) / median(times.floor), 'x');
add('files', 'content_floor_ratio', median(times.content) / median(times.floor), 'x');
add('files', 'serviceable_ms', median(times.serviceable), 'ms');
add('files', 'serviceable_ratio', median(times.serviceable) / median(times.content), 'x');

// A disk that is shared gives much at first and then less; what the processor takes shows where it does not hold it up.
const least = (name) => Math.min(...times[name]);
for (const name of ['copy', 'floor', 'full', 'content']) {
  add('files, the quickest', `${name === 'full' ? 'backup' : name}_ms`, least(name), 'ms');
}
add('files, the quickest', 'backup_throughput_ratio', least('copy') / least('full'), 'x');
add('files, the quickest', 'content_throughput_ratio', least('copy') / least('content'), 'x');
add('files, the quickest', 'floor_throughput_ratio', least('copy') / least('floor'), 'x');
for (const [setting, options] of [
  ['compressed', { compress: true }],
  ['encrypted', { encrypt: { key: new Uint8Array(32).fill(7) } }],
  ['int8 vectors', { vectors: 'int8' }],
]) {
  const one = await written(lodestore, db, join(scratch, 'variant.lode'), options);
  say(`${setting}: ${one.bytes} bytes, ${one.ms.toFixed(0)} ms`);
  add(setting, 'archive_mb', one.bytes / 1e6, 'MB');
  add(setting, 'backup_ms', one.ms, 'ms');
}
for (const level of [1, 2, 3, 4]) {
  const start = performance.now();
  await db.verify(await timesOf.blob(full.path), { level });
  add(`level ${level}`, 'verify_ms', performance.now() - start, 'ms');
  say(`verified at level ${level}`);
}
const bare = await written(lodestore, db, join(scratch, 'bare.lode'), { index: false });
const without = await restored(place, [bare.path], 'without the graph', say);
add('without the graph', 'index_ms', without.ms.index, 'ms');
add('without the graph', 'index_eta_ms', without.planned.index, 'ms');
add('without the graph', 'index_eta_error', Math.abs(without.planned.index / without.ms.index - 1), 'x');
add('without the graph, a tenth done', 'index_eta_ms', without.indexEtaMs, 'ms');
add(
  'without the graph, a tenth done',
  'index_eta_error',
  Math.abs(without.indexEtaMs / without.ms.index - 1),
  'x',
);
await changes({ ...place, db, full, add, say });
await db.close();
await report(join(root, 'bench/results'), rows, Object.keys(values).length === 0);
await rm(scratch, { recursive: true, force: true });
