// A site whose pages load the packed package; any path without an ending is such a page.

import { readFile } from 'node:fs/promises';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const packed = fileURLToPath(new URL('../web/node_modules/lodestore', import.meta.url));

export async function serve() {
  const manifest = join(packed, 'package.json');
  if (!existsSync(manifest)) throw new Error(`there is no ${manifest}: run \`cargo xtask pack\``);
  const entry = JSON.parse(readFileSync(manifest, 'utf8')).exports['.'].browser.replace(/^\.\//, '');
  const html = `<!doctype html><meta charset="utf-8"><title>tabs</title><link rel="icon" href="data:,">
<script type="module">import * as lodestore from '/package/${entry}'; import '/page.js';
globalThis.lodestore = lodestore; globalThis.ready = true;</script>`;
  const server = createServer(async (request, response) => {
    const path = new URL(request.url, 'http://localhost').pathname;
    const type = { '.js': 'text/javascript', '.wasm': 'application/wasm' }[extname(path)];
    if (type === undefined) return response.setHeader('Content-Type', 'text/html').end(html);
    const file = path.startsWith('/package/')
      ? join(packed, path.slice('/package/'.length))
      : fileURLToPath(new URL(`.${path}`, import.meta.url));
    try {
      const body = await readFile(file);
      response.setHeader('Content-Type', type).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { origin: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}
