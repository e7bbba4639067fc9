// Chromium, through a production build by Vite: on the page, in a worker, and after a reload.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const PAGE = `
import { load, open } from 'lodestore';
import baseline from 'lodestore/lodestore.wasm?url';
window.check = async (options) => {
  const db = await open('app-' + JSON.stringify(options).replace(/[^a-z]/g, ''), options);
  const notes = await db.collection('notes', { dimension: 2 });
  const before = await notes.count();
  await notes.upsert([{ id: 'a', vector: [1, 0], metadata: { n: 1 } }, { id: 'b', vector: [0, 1] }]);
  const { matches } = await notes.query(Float32Array.of(1, 0.1), { topK: 1, returnVectors: true });
  const bytes = (await new Response(db.export()).arrayBuffer()).byteLength;
  const { build } = await db.stats();
  const code = await notes.query([1]).catch((error) => error.code);
  const mismatch = await db.collection('notes', { dimension: 3 }).catch((error) => error.code);
  await db.close();
  const closed = await notes.count().catch((error) => error.code);
  return { before, id: matches[0].id, vector: [...matches[0].vector], exported: bytes > 0, build, code, mismatch, closed };
};
// Whether the second part of the module could be loaded, or why not.
window.verify = async () => {
  window.verified ??= await open('verify', { storage: 'memory' });
  return window.verified.check().then(({ ok }) => ok, (error) => error.code);
};
// What encrypted archives need: from the package, or why not.
window.seal = () => load(undefined, { seal: true }).then(() => true, (error) => error.code);
// Eighths: their products and sums are exact in f32, fused or not, so the answers have to be the same to the last bit.
window.search = async (wanted) => {
  if (wanted === 'simd128') await load(new URL(baseline, location.href));
  const db = await open('search', { storage: 'memory' });
  let seed = 1;
  const numbers = (n) => Float32Array.from({ length: n }, () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor(seed / 2 ** 28) / 8 - 1;
  });
  const answers = [];
  for (const metric of ['cosine', 'dot', 'euclidean']) {
    const rows = await db.collection(metric, { dimension: 100, metric });
    const ids = Array.from({ length: 1500 }, (_, i) => 'row ' + i);
    await rows.upsert({ ids, vectors: numbers(1500 * 100) });
    for (let i = 0; i < 10; i += 1) {
      const { matches } = await rows.query(numbers(100), { topK: 20 });
      answers.push(matches.map(({ id, score }) => ({ id, score })));
    }
  }
  const { build } = await db.stats();
  await db.close();
  return { build, answers };
};
`;
const ANSWER = {
  id: 'a',
  vector: [1, 0],
  exported: true,
  build: 'relaxed-simd',
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

async function inPage(context, work, expected = /^$/) {
  const folder = await build(context);
  const site = await serve(folder);
  const { chromium: driver } = await import('playwright-core');
  const browser = await driver.launch({ executablePath: chromium(), args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage();
    const problems = [];
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    await page.route('**/favicon.ico', (route) => route.fulfill({ status: 204 }));
    await page.goto(site.url);
    await work(page, folder);
    assert.deepEqual(
      problems.filter((problem) => !expected.test(problem)),
      [],
    );
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

const search = async (page, build) => {
  await page.waitForFunction(() => 'search' in window);
  return page.evaluate((wanted) => window.search(wanted), build);
};

export const browserCases = {
  'chromium by vite: both builds are deployed, relaxed SIMD runs, and both give the same results': (
    context,
  ) =>
    inPage(context, async (page, folder) => {
      const assets = await readdir(join(folder, 'assets'));
      for (const pattern of [/^lodestore(_more)?_bg-.*\.wasm$/, /^lodestore_relaxed(_more)?_bg-.*\.wasm$/])
        assert.equal(assets.filter((name) => pattern.test(name)).length, 2, `${pattern} in ${assets}`);
      const relaxed = await search(page, 'relaxed-simd');
      assert.equal(relaxed.build, 'relaxed-simd');
      await page.reload();
      const baseline = await search(page, 'simd128');
      assert.equal(baseline.build, 'simd128');
      assert.equal(relaxed.answers.length, 30);
      assert.deepEqual(relaxed.answers, baseline.answers);
    }),
  'chromium by vite: without the file for relaxed SIMD the other one serves': (context) =>
    inPage(
      context,
      async (page) => {
        await page.route('**/lodestore_relaxed_bg*', (route) => route.fulfill({ status: 404 }));
        assert.deepEqual(await check(page, {}), { before: 0, ...ANSWER, build: 'simd128' });
        assert.deepEqual(await check(page, { worker: true }), { before: 0, ...ANSWER, build: 'simd128' });
      },
      /404/,
    ),
  'chromium by vite: without the second part the rest works, and it can be tried again': (context) =>
    inPage(
      context,
      async (page) => {
        await page.waitForFunction(() => 'verify' in window);
        const loaded = [];
        page.on('request', (request) => /more_bg/.test(request.url()) && loaded.push(request.url()));
        await page.route('**/*_more_bg*', (route) => route.fulfill({ status: 404 }));
        assert.equal(await page.evaluate(() => window.verify()), 'Unavailable');
        assert.ok(loaded.length > 0);
        await page.unroute('**/*_more_bg*');
        assert.equal(await page.evaluate(() => window.verify()), true);
      },
      /404/,
    ),
  'chromium by vite: what encrypted archives need is loaded when it is asked for, and can be tried again': (
    context,
  ) =>
    inPage(
      context,
      async (page) => {
        const loaded = [];
        page.on('request', (request) => /seal_bg/.test(request.url()) && loaded.push(request.url()));
        assert.deepEqual(await check(page, {}), { before: 0, ...ANSWER });
        assert.deepEqual(loaded, []);
        await page.route('**/*_seal_bg*', (route) => route.fulfill({ status: 404 }));
        assert.equal(await page.evaluate(() => window.seal()), 'Unavailable');
        await page.unroute('**/*_seal_bg*');
        assert.equal(await page.evaluate(() => window.seal()), true);
        assert.equal(loaded.length, 2);
      },
      /404/,
    ),
  'chromium by vite: on the page, reloaded': twice({}),
  'chromium by vite: in a worker, reloaded': twice({ worker: true }),
  'chromium by vite: OPFS takes a worker by itself, reloaded': twice({ storage: 'opfs' }),
};
