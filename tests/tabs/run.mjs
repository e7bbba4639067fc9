// Several tabs of a real browser on one database.
// Usage: node tests/tabs/run.mjs [--browser=firefox] [--only=text] [--rows=200]; CHROMIUM and FIREFOX name the browsers.
// Exit code 0 only when all pass.

import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { browserNames, start } from './browsers.mjs';
import { serve } from './server.mjs';
import { Site } from './tab.mjs';

const option = (name) => process.argv.find((arg) => arg.startsWith(`--${name}=`))?.slice(`--${name}=`.length);
const only = option('only') ?? '';
const rows = Number(option('rows') ?? 200);
const name = option('browser') ?? 'chromium';
if (!browserNames.includes(name)) {
  console.error(`there is no browser ${name}: name one of ${browserNames.join(', ')}`);
  process.exit(1);
}

const folder = new URL('./cases/', import.meta.url);
const cases = [];
for (const file of (await readdir(folder)).sort())
  cases.push(...(await import(new URL(file, folder))).default);

const scratch = await mkdtemp(join(tmpdir(), 'lodestore-tabs-'));
let passed = 0;
let failed = 0;
const { origin, close } = await serve();
const browser = await start(name, scratch);
try {
  for (const [number, [name, run, needs]] of cases.entries()) {
    if (!name.includes(only)) continue;
    if (needs !== undefined && !browser.can.includes(needs)) {
      console.log(`     this browser cannot ${needs} a page: ${name}`);
      continue;
    }
    const site = new Site(browser, origin, `case-${number}`);
    const started = performance.now();
    try {
      await run(site, rows);
      for (const tab of site.tabs) if (tab.errors.length > 0) throw new Error(`uncaught: ${tab.errors}`);
      passed += 1;
      console.log(`ok   ${name} (${Math.round(performance.now() - started)} ms)`);
    } catch (error) {
      failed += 1;
      console.log(`FAIL ${name}\n     ${error?.stack ?? error}`);
    } finally {
      await site.close();
    }
  }
} finally {
  await browser.close();
  close();
  await rm(scratch, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
// Nothing run is broken, not green.
process.exit(failed === 0 && passed > 0 ? 0 : 1);
