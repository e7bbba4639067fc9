// Search beside every peer: building, latency at recall, filters, memory, saving and opening.
// Run by `cargo xtask bench search`, which packs first and names the tarball, the modules and the browser.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { install } from '../tests/packaging/project.mjs';
import { chromiumHost } from './search/chromium/chromium.mjs';
import { dataset, QUERIES } from './search/data/datasets.mjs';
import { truth } from './search/data/truth.mjs';
import { measure } from './search/measure.mjs';
import { nodeHost } from './search/node/node.mjs';
import { options, USAGE } from './search/options.mjs';
import { Results } from './search/results.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const HOSTS = { node: nodeHost, chromium: chromiumHost };
const NEEDED = ['CHROMIUM', 'LODESTORE_INSTANT_DISTANCE', 'LODESTORE_KERNEL', 'LODESTORE_TARBALL'];
const begun = performance.now();

function say(line) {
  const seconds = ((performance.now() - begun) / 1000).toFixed(0);
  console.log(`[search ${seconds.padStart(5)} s] ${line}`);
}

async function main(chosen) {
  if (chosen.help) return console.log(USAGE);
  const results = await Results.read(join(root, 'bench/results'));
  if (chosen.report) return results.write();
  for (const name of NEEDED) {
    if (!process.env[name]) throw new Error(`${name} is not set: run \`cargo xtask bench search\``);
  }
  // In the repository and not in the folder for temporary files, which may lie in memory.
  const scratch = join(root, 'target/bench-search');
  await rm(scratch, { recursive: true, force: true });
  await mkdir(scratch, { recursive: true });
  const project = await install(join(scratch, 'project'), process.env.LODESTORE_TARBALL);
  process.env.LODESTORE_ENTRY = join(project, 'package-entry.mjs');
  await writeFile(process.env.LODESTORE_ENTRY, "export * from 'lodestore';\n");
  const sets = [];
  for (const name of chosen.datasets) sets.push(await dataset(name, say));
  for (const name of chosen.hosts) {
    const place = await HOSTS[name]({ scratch, project, sets });
    try {
      const entries = chosen.entries.filter(({ hosts }) => hosts.includes(name));
      for (const data of sets) {
        for (const n of chosen.sizes) {
          say(`${place.host}, ${data.name}, ${n} rows`);
          await oneGroup(place, { data, n, ...chosen }, entries, results);
        }
      }
    } finally {
      await place.close();
    }
  }
  await rm(scratch, { recursive: true, force: true });
}

async function oneGroup(place, { data, n, queries, rounds, budget, jobs }, entries, results) {
  const right = await truth(data, n, say);
  const group = { data, n, queries, rounds, budget, jobs, right, heldOut: QUERIES };
  for (const { entry, rows } of await measure(place, group, entries, say)) {
    results.put({ host: place.host, dataset: data.name, n, ...entry }, rows);
  }
  // After each group, so that what a long run has measured is kept when it is cut off.
  await results.write();
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
