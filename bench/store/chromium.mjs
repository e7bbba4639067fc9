// Chromium: the modules of this folder and the package, built by Vite, on a page and in a dedicated worker.
import { chromium } from 'playwright-core';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build, preview } from 'vite';

/** Precise clocks are for isolated pages only. */
const HEADERS = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/** Starts Chromium with a profile of its own on the disk: a private window keeps its IndexedDB in memory. */
export async function startChromium({ project, scratch, modules, kernel, executablePath }) {
  await cp(modules, join(project, 'bench'), { recursive: true });
  await mkdir(join(project, 'public'), { recursive: true });
  await cp(kernel, join(project, 'public/kernel.wasm'));
  await writeFile(join(project, 'index.html'), '<script type="module" src="/bench/page.mjs"></script>');
  const config = { root: project, configFile: false, logLevel: 'warn', worker: { format: 'es' } };
  await build(config);
  const site = await preview({ ...config, preview: { port: 0, host: '127.0.0.1', headers: HEADERS } });
  const context = await chromium.launchPersistentContext(join(scratch, 'profile'), {
    executablePath,
    headless: true,
    chromiumSandbox: false,
    args: ['--disable-gpu', '--no-first-run', '--disable-background-networking', '--js-flags=--expose-gc'],
  });
  const page = await context.newPage();
  page.on('pageerror', (error) => console.error(String(error)));
  page.on('console', (line) => line.type() === 'error' && console.error(line.text()));
  await page.route('**/favicon.ico', (route) => route.fulfill({ status: 204 }));
  await page.goto(`http://127.0.0.1:${site.httpServer.address().port}/`);
  await page.waitForFunction(() => 'bench' in window && crossOriginIsolated);
  return {
    host: `chromium ${context.browser()?.version() ?? (await version(page))}`,
    bench: (request) => page.evaluate((given) => window.bench(given), request),
    async close() {
      await context.close();
      await site.close();
    },
  };
}

const version = (page) => page.evaluate(() => /Chrome\/(\d+)/.exec(navigator.userAgent)?.[1]);
