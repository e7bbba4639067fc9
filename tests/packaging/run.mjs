// Installs the packed tarball as a user would, and uses it in each host. Prints "N passed, N failed" at the end.
// Usage: node tests/packaging/run.mjs [tarball]; without one, the newest in target/npm.
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { browserCases } from './cases/browser.mjs';
import { cliCases } from './cases/cli.mjs';
import { cliArchiveCases } from './cases/cli-archives.mjs';
import { cliFormatCases } from './cases/cli-formats.mjs';
import { cliHistoryCases } from './cases/cli-history.mjs';
import { cliParquetCases } from './cases/cli-parquet.mjs';
import { cliStoryCases } from './cases/cli-story.mjs';
import { cliUpkeepCases } from './cases/cli-upkeep.mjs';
import { fileCases } from './cases/files.mjs';
import { memoryCases } from './cases/full.mjs';
import { nodeCases } from './cases/node.mjs';
import { typeCases } from './cases/types.mjs';
import { install } from './project.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

async function newestTarball() {
  const folder = join(root, 'target/npm');
  const names = (await readdir(folder)).filter((name) => /^lodestore-.*\.tgz$/.test(name));
  if (names.length === 0) throw new Error('no tarball in target/npm: run `cargo xtask pack` first');
  const dated = await Promise.all(
    names.map(async (name) => ({ name, at: (await stat(join(folder, name))).mtimeMs })),
  );
  return join(folder, dated.sort((a, b) => b.at - a.at)[0].name);
}

const tarball = process.argv[2] ? resolve(process.argv[2]) : await newestTarball();
const scratch = await mkdtemp(join(tmpdir(), 'lodestore-packaging-'));
let passed = 0;
let failed = 0;
try {
  const project = await install(join(scratch, 'app'), tarball);
  const context = { root, tarball, project, installed: join(project, 'node_modules/lodestore') };
  for (const cases of [
    fileCases,
    nodeCases,
    memoryCases,
    typeCases,
    cliCases,
    cliStoryCases,
    cliArchiveCases,
    cliFormatCases,
    cliHistoryCases,
    cliParquetCases,
    cliUpkeepCases,
    browserCases,
  ]) {
    for (const [name, run] of Object.entries(cases)) {
      try {
        await run(context);
        passed += 1;
        console.log(`ok      ${name}`);
      } catch (error) {
        failed += 1;
        console.log(`FAILED  ${name}\n${error.stack ?? error}`);
      }
    }
  }
} finally {
  await rm(scratch, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
