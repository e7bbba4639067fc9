/** Serves the built demo on the loopback interface, and can be taken away. */

import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { extname, join, normalize, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const TYPES = {
  '.css': 'text/css',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.mjs': 'text/javascript',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
};

/** @param {URL} folder @param {Record<string, string>} headers beside the usual ones */
export async function serve(folder, headers = {}) {
  const root = normalize(fileURLToPath(folder));
  const requests = [];
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    requests.push(pathname);
    const path = normalize(
      join(root, decodeURIComponent(pathname.endsWith('/') ? `${pathname}index.html` : pathname)),
    );
    const info = path.startsWith(root.endsWith(sep) ? root : root + sep)
      ? await stat(path).catch(() => undefined)
      : undefined;
    if (!info?.isFile()) {
      response.writeHead(404, { 'Content-Type': 'text/plain' }).end('not found');
      return;
    }
    response.writeHead(200, {
      ...headers,
      'Content-Type': TYPES[extname(path)] ?? 'application/octet-stream',
      'Content-Length': info.size,
      'Cache-Control': 'no-cache',
    });
    createReadStream(path).pipe(response);
  });
  let port = 0;
  const listen = () =>
    new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => {
        server.removeListener('error', reject);
        resolve(undefined);
      });
    });
  await listen();
  port = server.address().port;
  return {
    url: `http://127.0.0.1:${port}/`,
    /** Paths that were asked for, in order. */
    requests,
    /** Comes back at the same address. */
    start: listen,
    stop: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  };
}

/** What `cargo xtask demo` runs. */
export async function preview() {
  const folder = fileURLToPath(new URL('../../www/', import.meta.url));
  const vite = join(folder, 'node_modules/.bin/vite');
  const probe = createServer();
  await new Promise((resolve) => probe.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  const options = ['preview', '--host', '127.0.0.1', '--strictPort', '--port', String(port)];
  const server = spawn(process.execPath, [vite, ...options], { cwd: folder, stdio: 'ignore' });
  const url = `http://127.0.0.1:${port}/`;
  while (!(await fetch(url).catch(() => undefined))) {
    if (server.exitCode !== null) throw new Error(`vite preview ended with ${server.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { url, stop: async () => void server.kill() };
}
