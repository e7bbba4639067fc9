// Serves the page with the packed package, and hears what the host has to tell.

import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const packed = join(here, '../web/node_modules/lodestore');

function entry(condition) {
  const manifest = join(packed, 'package.json');
  if (!existsSync(manifest)) throw new Error(`there is no ${manifest}: run \`cargo xtask pack\``);
  return JSON.parse(readFileSync(manifest, 'utf8')).exports['.'][condition].replace(/^\.\//, '');
}

/** What Node imports. */
export const nodeEntry = () => pathToFileURL(join(packed, entry('node'))).href;

const html = () => `<!doctype html><meta charset="utf-8"><title>crash</title><link rel="icon" href="data:,">
<script type="module">
import * as lodestore from '/package/${entry('browser')}';
import { work } from '/workload.mjs';
const url = location.href;
const tell = async (message) => (await fetch(url + '/tell', { method: 'POST', body: JSON.stringify(message) })).json();
await work(lodestore, await tell({ type: 'start' }), tell);
</script>`;

/** `heard(run, message)` returns the answer; each start of the host is another run, with a URL of its own. */
export async function serve(heard) {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    const run = /^\/run\/(\d+)(\/tell)?$/.exec(pathname);
    if (run?.[2] !== undefined) return listen(Number(run[1]), request, response, heard);
    if (run !== null) return response.setHeader('Content-Type', 'text/html').end(html());
    const type = { '.js': 'text/javascript', '.mjs': 'text/javascript', '.wasm': 'application/wasm' };
    try {
      const inPackage = pathname.startsWith('/package/');
      const file = inPackage ? join(packed, pathname.slice('/package/'.length)) : join(here, pathname);
      const body = await readFile(file);
      response.setHeader('Content-Type', type[extname(pathname)] ?? 'text/plain').end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  server.keepAliveTimeout = 60_000;
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${server.address().port}`;
  return {
    url: (run) => `${origin}/run/${run}`,
    /** Resolves when whoever was connected is gone and everything that they said is heard. */
    async drained() {
      const count = () => new Promise((resolve) => server.getConnections((_, open) => resolve(open)));
      while ((await count()) > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function listen(run, request, response, heard) {
  const parts = [];
  try {
    for await (const part of request) parts.push(part);
  } catch {
    return; // Whoever told it was killed in the middle of it: it is not told.
  }
  const answer = await heard(run, JSON.parse(Buffer.concat(parts).toString()));
  // Whom nobody answers waits, as long as it lives.
  if (answer !== undefined)
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify(answer));
}
