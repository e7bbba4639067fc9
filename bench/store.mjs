// What storing costs beside the bare API of the host, and searching beside the bare kernel.
// Run by `cargo xtask bench store`, which packs first and names the tarball, the kernel and the browser.
import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { install } from '../tests/packaging/project.mjs';
import { startChromium } from './store/chromium.mjs';
import { measureExact } from './store/exact.mjs';
import { measureStore } from './store/measure.mjs';
import { measureSingle } from './store/single.mjs';
import { options, USAGE } from './store/options.mjs';
import { rawFiles } from './store/raw-files.mjs';
import { longRow, printTable, writeResults } from './store/report.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { CHROMIUM, LODESTORE_KERNEL, LODESTORE_REPLAY, LODESTORE_TARBALL } = process.env;

async function main(chosen) {
  if (chosen.help) return console.log(USAGE);
  for (const [name, value] of Object.entries({
    CHROMIUM,
    LODESTORE_KERNEL,
    LODESTORE_REPLAY,
    LODESTORE_TARBALL,
  })) {
    if (!value) throw new Error(`${name} is not set: run \`cargo xtask bench store\``);
  }
  // In the repository and not in the folder for temporary files, which may lie in memory.
  const scratch = join(root, 'target/bench');
  await rm(scratch, { recursive: true, force: true });
  await mkdir(scratch, { recursive: true });
  const project = await install(join(scratch, 'project'), LODESTORE_TARBALL);
  const rows = [];
  const add = (host, setting, metrics) =>
    rows.push(...metrics.map((metric) => longRow({ host, n: chosen.n, setting }, metric)));
  if (wanted(chosen, 'node', 'files')) await replay(add);
  if (wanted(chosen, 'node', 'files')) await node(chosen, { project, scratch }, add);
  if (wanted(chosen, 'chromium', 'indexeddb', 'opfs')) await chromium(chosen, { project, scratch }, add);
  if (rows.length === 0) throw new Error('that host has no such storage');
  printTable(rows);
  if (chosen.full) await writeResults(join(root, 'bench/results'), rows);
  await rm(scratch, { recursive: true, force: true });
}

function wanted({ host, storage }, name, ...storages) {
  return (host ?? name) === name && (storage === undefined || storages.includes(storage));
}

/** Exact queries are short: more of them make a steadier middle. */
const often = (repeats) => Math.max(50, repeats * 10);

async function node({ n, repeats, storage, single, singles }, { project, scratch }, add) {
  setFlagsFromString('--expose-gc');
  globalThis.gc = runInNewContext('gc');
  const host = `node ${process.versions.node}`;
  await writeFile(join(project, 'package-entry.mjs'), "export * from 'lodestore';\n");
  const lodestore = await import(pathToFileURL(join(project, 'package-entry.mjs')));
  const raw = rawFiles(join(scratch, 'raw'));
  const given = { storage: 'files', directory: join(scratch, 'files') };
  if (!single) add(host, 'files', await measureStore({ lodestore, raw, options: given, n, repeats }));
  add(host, 'files', await measureSingle({ lodestore, raw, options: given, singles }));
  if (single) return;
  if (storage !== undefined) return;
  const kernel = await readFile(LODESTORE_KERNEL);
  add(host, 'exact', await measureExact({ lodestore, kernel, n, repeats: often(repeats) }));
}

/** A log of 100,000 frames, one row each. */
async function replay(add) {
  const { stdout } = await promisify(execFile)(LODESTORE_REPLAY, ['100000', '5']);
  for (const line of stdout.trim().split('\n')) {
    const { frames, quantization, ms, rowsPerSecond } = JSON.parse(line);
    const about = (metric, value, unit) => ({ part: `${frames} frames`, metric, value, unit });
    add('native', `replay, ${quantization}`, [
      about('replay_ms', ms, 'ms'),
      about('replay_rows_per_second', rowsPerSecond, 'rows/s'),
    ]);
  }
}

async function chromium({ n, repeats, storage, single, singles }, { project, scratch }, add) {
  const modules = join(root, 'bench/store');
  const place = { project, scratch, modules, kernel: LODESTORE_KERNEL, executablePath: CHROMIUM };
  const browser = await startChromium(place);
  try {
    const runs = [
      { setting: 'indexeddb in a window', storage: 'indexeddb', worker: false },
      { setting: 'indexeddb in a worker', storage: 'indexeddb', worker: true },
      { setting: 'opfs in a worker', storage: 'opfs', worker: true },
      { setting: 'exact', worker: false },
      { setting: 'opfs from a window', storage: 'opfs', worker: false, only: 'single' },
    ].filter((run) => storage === undefined || run.storage === storage);
    for (const { setting, only, ...run } of runs) {
      const times = run.storage === undefined ? often(repeats) : repeats;
      if (!single && only === undefined)
        add(browser.host, setting, await browser.bench({ ...run, n, repeats: times }));
      if (run.storage !== undefined) add(browser.host, setting, await browser.bench({ ...run, singles }));
    }
  } finally {
    await browser.close();
  }
}

function fail(message) {
  console.error(message);
  process.exit(1);
}

let chosen;
try {
  chosen = options(process.argv.slice(2));
} catch (error) {
  fail(`${error.message}\n\n${USAGE}`);
}
await main(chosen).catch((error) => fail(error?.stack ?? String(error)));
