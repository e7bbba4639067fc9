// Serves the built page, the modules and the data, in pieces where that is asked for.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';

const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.wasm': 'application/wasm' };
/** Precise clocks and the count of memory are for isolated pages only. */
const HEADERS = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/** `files` maps a path to a file that lies elsewhere; everything else is in `folder`. */
export async function serve(folder, files) {
  const site = createServer((request, response) => {
    answer(folder, files, request, response).catch(() => response.writeHead(404, HEADERS).end());
  });
  await new Promise((resolve) => site.listen(0, '127.0.0.1', resolve));
  return { port: site.address().port, close: () => new Promise((resolve) => site.close(resolve)) };
}

async function answer(folder, files, request, response) {
  const path = normalize(decodeURIComponent(new URL(request.url, 'http://localhost').pathname));
  const file = files[path] ?? join(folder, path === '/' ? 'index.html' : path);
  const { size } = await stat(file);
  const type = TYPES[extname(file)] ?? 'application/octet-stream';
  const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
  if (range === null) {
    response.writeHead(200, { ...HEADERS, 'Content-Type': type, 'Content-Length': size });
    createReadStream(file).pipe(response);
    return;
  }
  const [start, end] = [Number(range[1]), Math.min(Number(range[2]), size - 1)];
  const about = { 'Content-Range': `bytes ${start}-${end}/${size}`, 'Content-Length': end - start + 1 };
  response.writeHead(206, { ...HEADERS, ...about, 'Content-Type': type });
  createReadStream(file, { start, end }).pipe(response);
}
