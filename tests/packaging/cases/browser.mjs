// Chromium, through a production build by Vite: on the page, in a worker, and after a reload.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const PAGE = `
import { open } from 'lodestore';
window.check = async (options) => {
  const db = await open('app-' + JSON.stringify(options).replace(/[^a-z]/g, ''), options);
  const notes = await db.collection('notes', { dimension: 2 });
  const before = await notes.count();
  await notes.upsert([{ id: 'a', vector: [1, 0], metadata: { n: 1 } }, { id: 'b', vector: [0, 1] }]);
  const { matches } = await notes.query(Float32Array.of(1, 0.1), { topK: 1, returnVectors: true });
  const bytes = (await new Response(db.export()).arrayBuffer()).byteLength;
  const code = await notes.query([1]).catch((error) => error.code);
  const mismatch = await db.collection('notes', { dimension: 3 }).catch((error) => error.code);
  await db.close();
  const closed = await notes.count().catch((error) => error.code);
  return { before, id: matches[0].id, vector: [...matches[0].vector], exported: bytes > 0, code, mismatch, closed };
};
`;
const ANSWER = {
  id: 'a',
  vector: [1, 0],
  exported: true,
  code: 'Invalid',
  mismatch: 'Mismatch',
  closed: 'Closed',
};
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.wasm': 'application/wasm' };

async function build({ root, project }) {
  await mkdir(join(project, 'src'), { recursive: true });
  await writeFile(join(project, 'index.html'), '<script type="module" src="/src/page.js"></script>');
  await writeFile(join(project, 'src/page.js'), PAGE);
  const vite = await import(pathToFileURL(join(root, 'node_modules/vite/dist/node/index.js')));
  await vite.build({ root: project, configFile: false, logLevel: 'warn' });
  return join(project, 'dist');
}

async function serve(folder) {
  const server = createServer(async (request, response) => {
    const path = new URL(request.url, 'http://localhost').pathname;
    const file = join(folder, path === '/' ? 'index.html' : path);
    if (!file.startsWith(folder) || !existsSync(file)) return response.writeHead(404).end();
    response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' });
    response.end(await readFile(file));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://localhost:${server.address().port}/`, close: () => server.close() };
}

function chromium() {
  const known = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/google-chrome'];
  const found = known.find((path) => path && existsSync(path));
  if (!found) throw new Error('no Chromium found: install it, or name it in CHROMIUM');
  return found;
}

async function inPage(context, work) {
  const site = await serve(await build(context));
  const { chromium: driver } = await import('playwright-core');
  const browser = await driver.launch({ executablePath: chromium(), args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage();
    const problems = [];
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    await page.route('**/favicon.ico', (route) => route.fulfill({ status: 204 }));
    await page.goto(site.url);
    await work(page);
    assert.deepEqual(problems, []);
  } finally {
    await browser.close();
    site.close();
  }
}

const check = async (page, options) => {
  await page.waitForFunction(() => 'check' in window);
  return page.evaluate((given) => window.check(given), options);
};

function twice(options) {
  return (context) =>
    inPage(context, async (page) => {
      assert.deepEqual(await check(page, options), { before: 0, ...ANSWER });
      await page.reload();
      assert.deepEqual(await check(page, options), { before: 2, ...ANSWER });
    });
}

export const browserCases = {
  'chromium by vite: on the page, reloaded': twice({}),
  'chromium by vite: in a worker, reloaded': twice({ worker: true }),
  'chromium by vite: OPFS takes a worker by itself, reloaded': twice({ storage: 'opfs' }),
};
