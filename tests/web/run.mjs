// Runs the suites of tests/web/suites in their real hosts: Node, a window of Chromium, a dedicated worker; with
// --browser=firefox in those of Firefox, without the cases that only Chromium can be driven to; with --runtime=deno or
// bun the cases for Node there, and with --runtime=workerd those for edge isolates.
// Usage: node tests/web/run.mjs [suite ...] [--browser=firefox | --runtime=name] [--only=text]; CHROMIUM and FIREFOX name
// the browsers. Exit code 0 only when all pass.

import { build } from 'esbuild';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { runtime } from '../runtimes/programs.mjs';
import { browserNames, start } from '../tabs/browsers.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const packed = join(here, 'node_modules/lodestore');
const kernels = join(here, '../../target/xtask/kernels');
const args = process.argv.slice(2);
const named = (option) => args.find((arg) => arg.startsWith(`--${option}=`))?.slice(option.length + 3);
const only = named('only');
const wanted = args.filter((arg) => !arg.startsWith('--'));
const known = (await readdir(join(here, 'suites'))).map((file) => file.replace(/\.ts$/, ''));
for (const name of wanted)
  if (!known.includes(name)) fail(`there is no suite ${name}; there are ${known.join(', ')}`);
const suites = known.filter((name) => wanted.length === 0 || wanted.includes(name));

const browserName = named('browser') ?? 'chromium';
if (!browserNames.includes(browserName)) fail(`there is no browser ${browserName}`);
const runtimeName = named('runtime');
if (!['node', 'deno', 'bun', 'workerd', undefined].includes(runtimeName)) fail(`there is no ${runtimeName}`);

const scratch = await mkdtemp(join(tmpdir(), 'lodestore-tests-'));
let passed = 0;
let failed = 0;
try {
  await bundle();
  const contexts = Object.fromEntries(await Promise.all(suites.map(contextsOf)));
  const having = (context) => suites.filter((name) => contexts[name].includes(context));
  if (runtimeName === 'workerd') await runInWorkerd(having('edge'));
  else if (runtimeName !== undefined || browserName === 'chromium') {
    for (const name of having('node')) await runInProcess(runtimeName ?? 'node', name);
  }
  if (runtimeName === undefined) {
    for (const name of suites) {
      for (const context of contexts[name].filter((one) => ['window', 'worker'].includes(one)))
        await runInBrowser(name, context);
    }
  }
} finally {
  await rm(scratch, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
// A suite that reports nothing is broken, not green.
process.exit(failed === 0 && passed > 0 ? 0 : 1);

function fail(message) {
  console.error(message);
  process.exit(1);
}

/** Once for Node and once for browsers: the package is not bundled in, but loaded as each of them would load it. */
async function bundle() {
  const entries = ['harness', ...suites.map((name) => `suites/${name}`)];
  const packages = {
    node: (entry) => pathToFileURL(join(packed, entry)).href,
    web: (entry) => `/package/${entry}`,
  };
  for (const [host, urlOf] of Object.entries(packages)) {
    const condition = host === 'node' ? 'node' : 'browser';
    await build({
      entryPoints: entries.map((name) => ({ in: join(here, `${name}.ts`), out: name })),
      outdir: join(scratch, host),
      bundle: true,
      format: 'esm',
      target: 'es2022',
      sourcemap: 'inline',
      logLevel: 'warning',
      plugins: [
        {
          name: 'packed package',
          setup: ({ onResolve }) =>
            onResolve({ filter: /^lodestore(\/|$)/ }, ({ path }) => ({
              path: urlOf(packageEntry(path.replace('lodestore', '.'), condition)),
              external: true,
            })),
        },
      ],
    });
  }
}

/** Of a part of the package, `.` or `./targets`: the file that a host takes. */
function packageEntry(part, condition) {
  const manifest = join(packed, 'package.json');
  if (!existsSync(manifest)) fail(`there is no ${manifest}: run \`cargo xtask pack\``);
  const files = JSON.parse(readFileSync(manifest, 'utf8')).exports[part];
  return (files[condition] ?? files.default).replace(/^\.\//, '');
}

function report(where, { name, error }) {
  if (error === undefined) passed += 1;
  else failed += 1;
  console.log(
    `${error === undefined ? 'ok  ' : 'FAIL'} ${where} ${name}${error === undefined ? '' : `\n     ${error}`}`,
  );
}

/** Where a suite has cases. */
async function contextsOf(name) {
  const { default: suite } = await import(pathToFileURL(join(scratch, 'node/suites', `${name}.js`)).href);
  return [name, suite.contexts];
}

/** The cases for Node, in a process of Node or of a runtime that is like it. */
async function runInProcess(host, name) {
  const where = `${host} ${name}`;
  const [program, ...words] = runtime(host);
  const told = JSON.stringify({ scratch, suites: [name], only, kernels, packed });
  const script = join(here, '../runtimes/cases.mjs');
  const child = spawn(program, [...words, script, told], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
  for await (const line of createInterface({ input: child.stdout })) {
    // What a case itself prints is passed on.
    if (line.startsWith('{"suite":')) report(where, JSON.parse(line));
    else console.log(`     ${line}`);
  }
  const code = await ended;
  if (code !== 0) report(where, { name: 'the suite as a whole', error: `the process ended with ${code}` });
}

async function runInWorkerd(suites) {
  try {
    // Loaded by whoever needs it: it brings workerd along.
    const { runAtTheEdge } = await import('../runtimes/edge.mjs');
    await runAtTheEdge({ web: here, suites, only }, (name, result) => report(`workerd ${name}`, result));
  } catch (error) {
    report('workerd', { name: 'the suites as a whole', error: error?.stack ?? String(error) });
  }
}

async function runInBrowser(name, context) {
  const server = await serve();
  const origin = `http://127.0.0.1:${server.address().port}`;
  const profile = await mkdtemp(join(scratch, 'profile-'));
  const browser = await start(browserName, profile);
  try {
    const page = await browser.newPage();
    const cdp = await browser.debug(page);
    const where = browserName === 'chromium' ? `${context} ${name}` : `${browserName} ${context} ${name}`;
    page.on('console', (line) => line.type() === 'error' && console.log(`     console: ${line.text()}`));
    page.on('pageerror', (error) => report(where, { name: 'uncaught error', error: String(error) }));
    await page.exposeFunction('report', (result) => report(where, result));
    await page.exposeFunction('drive', (command, argument) =>
      drive({ browser, cdp, origin }, command, argument),
    );
    await page.goto(origin);
    const run = [name, context, only];
    await page.evaluate(([suite, where, text]) => globalThis.runSuite(suite, where, text), run);
  } catch (error) {
    report(`${context} ${name}`, { name: 'the suite as a whole', error: String(error) });
  } finally {
    await browser.close();
    server.close();
  }
}

/** What a suite cannot do from inside the browser. */
async function drive({ browser, cdp, origin }, command, argument) {
  switch (command) {
    case 'quota':
      return void (await cdp.send('Storage.overrideQuotaForOrigin', {
        origin,
        ...(argument && { quotaSize: argument }),
      }));
    case 'clear':
      return void (await cdp.send('Storage.clearDataForOrigin', { origin, storageTypes: argument }));
    case 'force-close': {
      // What Chromium offers to its developers: every connection to IndexedDB is lost at once, nothing is deleted.
      const page = await browser.newPage();
      await page.goto('chrome://indexeddb-internals');
      const buttons = page.locator('.force-close');
      await buttons.first().waitFor();
      for (const button of await buttons.all()) await button.click();
      return void (await page.close());
    }
    case 'persist':
      return void (await (argument
        ? cdp.send('Browser.grantPermissions', { origin, permissions: ['durableStorage'] })
        : cdp.send('Browser.resetPermissions')));
    case 'navigate': {
      // Opens the page, lets it run `argument.before`, leaves it, comes back, and returns what `argument.after` says.
      const page = await browser.newPage();
      await page.goto(origin);
      await page.evaluate(argument.before);
      await page.goto(`${origin}/away`);
      const meanwhile = argument.meanwhile && (await page.evaluate(argument.meanwhile));
      // A page that comes out of the back/forward cache is not loaded again.
      await page.goBack({ waitUntil: 'commit' });
      const after = await page.evaluate(argument.after);
      await page.close();
      return { meanwhile, after };
    }
    default:
      throw new Error(`unknown command ${command}`);
  }
}

async function serve() {
  const html =
    '<!doctype html><meta charset="utf-8"><title>tests</title><link rel="icon" href="data:,"><script type="module" src="/harness.js"></script>';
  const server = createServer(async (request, response) => {
    response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
    response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
    const path = new URL(request.url, 'http://localhost').pathname;
    const type = { '.js': 'text/javascript', '.wasm': 'application/wasm' }[extname(path)];
    if (type === undefined) return response.setHeader('Content-Type', 'text/html').end(html);
    const file = path.startsWith('/package/')
      ? join(packed, path.slice('/package/'.length))
      : path.startsWith('/kernels/')
        ? join(kernels, path.slice('/kernels/'.length))
        : join(scratch, 'web', path);
    try {
      const body = await readFile(file);
      response.setHeader('Content-Type', type).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
