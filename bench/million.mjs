// A million rows of 384 numbers of which only codes stay in memory, on Node files and on OPFS in Chromium: build, open,
// answer; time and memory with the peak. Run by `cargo xtask bench million`, which packs first.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { install } from '../tests/packaging/project.mjs';
import * as chromium from './million/chromium.mjs';
import * as node from './million/node.mjs';
import { options, USAGE } from './million/options.mjs';
import { writeReport } from './million/report.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

async function main(chosen) {
  if (chosen.help) return console.log(USAGE);
  const scratch = join(root, 'target/bench-million');
  await rm(scratch, { recursive: true, force: true });
  await mkdir(scratch, { recursive: true });
  const project = await install(join(scratch, 'project'), process.env.LODESTORE_TARBALL);
  const entry = join(project, 'package-entry.mjs');
  await writeFile(entry, "export * from 'lodestore';\n");
  const config = { dimension: 384, index: chosen.index, quantization: 'int8', memory: 'codes' };
  for (const one of [node, chromium].filter(({ host }) => host.startsWith(chosen.host))) {
    const say = (text) => console.log(`[${one.host} ${(performance.now() / 1000) | 0} s] ${text}`);
    const rows = [];
    const add = (metric, value, unit) => {
      rows.push({ metric, value, unit });
      say(`${metric}: ${value.toPrecision(4)} ${unit}`);
    };
    const host = (await one.measure({ entry, scratch, n: chosen.n, config, say }, add)) ?? one.host;
    await writeReport(join(root, 'bench/results'), chosen, host, rows);
  }
  await rm(scratch, { recursive: true, force: true });
}

await main(options(process.argv.slice(2)));
