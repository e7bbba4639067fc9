// Chromium: the database in OPFS, in a worker of a page. Built and opened in two pages, so that the peaks of their
// processes are those of the one and of the other.
import { chromium } from 'playwright-core';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { serve } from '../search/chromium/site.mjs';
import { dataset } from '../search/data/datasets.mjs';

export const host = 'chromium';

export async function measure({ entry, scratch, n, config, say }, add) {
  const { path, dimension, queries } = await dataset('minilm', say);
  const folder = join(scratch, 'site');
  await build({
    root: fileURLToPath(new URL('./chromium', import.meta.url)),
    configFile: false,
    logLevel: 'error',
    worker: { format: 'es' },
    build: { outDir: folder, emptyOutDir: true, target: 'esnext', minify: false },
    resolve: { alias: { 'lodestore-under-test': entry } },
  });
  const site = await serve(folder, { '/rows.f32': path });
  const context = await chromium.launchPersistentContext(join(scratch, 'profile'), {
    executablePath: process.env.CHROMIUM,
    headless: true,
    chromiumSandbox: false,
    args: ['--disable-gpu', '--no-first-run', '--disable-background-networking'],
  });
  const version = await context.pages()[0].evaluate(() => /Chrome\/([\d.]+)/.exec(navigator.userAgent)?.[1]);
  const address = `http://127.0.0.1:${site.port}/`;
  for (const step of ['built', 'opened']) {
    const page = await context.newPage();
    page.on('pageerror', (error) => console.error(String(error)));
    await page.exposeFunction('say', say);
    await page.exposeFunction('add', add);
    await page.goto(address);
    await page.waitForFunction(() => 'run' in window && crossOriginIsolated);
    const given = { step, n, config, dimension, queries: queries.length / dimension };
    await page.evaluate((request) => window.run(request), given);
    add(step === 'built' ? 'build_peak_mb' : 'opened_peak_mb', await peak(context), 'MB');
    await page.close();
  }
  await context.close();
  await site.close();
  return `chromium ${version}`;
}

/** The largest that the process of the page was, as the kernel has it. */
async function peak(context) {
  const pid = await rendererOf(context);
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return (Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024) / 1e6;
}

/** Its process is the renderer that has used most processor time. */
async function rendererOf(context) {
  const protocol = await context.browser().newBrowserCDPSession();
  const { processInfo } = await protocol.send('SystemInfo.getProcessInfo');
  await protocol.detach();
  const renderers = processInfo.filter(({ type }) => type === 'renderer');
  return renderers.reduce((one, other) => (one.cpuTime > other.cpuTime ? one : other)).id;
}
