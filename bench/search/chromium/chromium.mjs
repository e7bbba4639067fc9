// Chromium: each system is a page on an origin of its own, so that it has a process and a storage of its own.
import { chromium } from 'playwright-core';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { serve } from './site.mjs';

/** Vite does not see that its loader wants this file. */
const SQLITE = '/modules/sqlite-vec-wasm-demo/sqlite3.wasm';
const here = fileURLToPath(new URL('.', import.meta.url));

export async function chromiumHost({ scratch, sets }) {
  const folder = join(scratch, 'site');
  await build({
    root: here,
    configFile: false,
    logLevel: 'error',
    worker: { format: 'es' },
    build: { outDir: folder, emptyOutDir: true, target: 'esnext', minify: false },
    resolve: {
      alias: {
        'lodestore-under-test': process.env.LODESTORE_ENTRY,
        '@xenova/transformers': join(here, 'no-model.mjs'),
      },
    },
  });
  const site = await serve(folder, {
    '/kernel.wasm': process.env.LODESTORE_KERNEL,
    [SQLITE]: join(here, '../../node_modules', SQLITE.slice('/modules/'.length)),
    '/instant-distance.wasm': process.env.LODESTORE_INSTANT_DISTANCE,
    ...Object.fromEntries(sets.map(({ name, path }) => [`/data/${name}.f32`, path])),
  });
  const context = await chromium.launchPersistentContext(join(scratch, 'profile'), {
    executablePath: process.env.CHROMIUM,
    headless: true,
    chromiumSandbox: false,
    args: [
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
      '--js-flags=--expose-gc,--max-old-space-size=8192',
      // Else memory is counted at the next collection of garbage, which may be a minute away.
      '--enable-blink-features=ForceEagerMeasureMemory',
    ],
  });
  const version = /Chrome\/([\d.]+)/.exec(await context.pages()[0].evaluate(() => navigator.userAgent))?.[1];
  let count = 0;
  return {
    host: `chromium ${context.browser()?.version() ?? version}`,
    async spawn() {
      count += 1;
      return open(await context.newPage(), `http://s${count}.localhost:${site.port}/`);
    },
    async close() {
      await context.close();
      await site.close();
    },
  };
}

async function open(page, address) {
  await page.route('**/favicon.ico', (route) => route.fulfill({ status: 204 }));
  await page.goto(address);
  await page.waitForFunction(() => 'call' in window && crossOriginIsolated);
  const protocol = await page.context().newCDPSession(page);
  await protocol.send('Performance.enable');
  const cpu = async () => {
    const { metrics } = await protocol.send('Performance.getMetrics');
    return metrics.find(({ name }) => name === 'ProcessTime')?.value;
  };
  return {
    async call(request) {
      const before = request.command === 'build' ? await cpu() : undefined;
      const value = await page.evaluate((given) => window.call(given), request);
      if (before !== undefined) value.cpu = (await cpu()) - before;
      return value;
    },
    end: () => page.close(),
  };
}
