// The process of one system in Node.
import { open, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parts } from '../parts.mjs';
import { server } from '../server.mjs';
import { portable } from '../systems/table.mjs';

const systems = {
  ...portable,
  usearch: () => import('../systems/usearch.mjs'),
  'hnswlib-node': () => import('../systems/hnswlib-node.mjs'),
};

class NodeHost {
  name = 'node';
  /** What `start` was told. */
  given;
  #parts;

  /** Where this system may keep files. */
  get folder() {
    return this.given.folder;
  }

  async #floats(first, count) {
    const file = await open(this.given.data);
    const bytes = new Uint8Array(count * 4);
    await file.read(bytes, 0, bytes.length, first * 4);
    await file.close();
    return new Float32Array(bytes.buffer);
  }

  queries() {
    return this.#floats(0, this.given.queries * this.given.dimension);
  }

  rows() {
    const { heldOut, n, dimension } = this.given;
    return this.#floats(heldOut * dimension, n * dimension);
  }

  parts() {
    return (this.#parts ??= parts(this.given.n));
  }

  forget() {
    globalThis.gc();
  }

  async settle() {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }

  /** Seconds of processor time so far. */
  cpu() {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  }

  /** Bytes that the process holds. What V8 keeps empty of its own heap, some 15 MB at times, is nobody's. */
  async memory() {
    await this.settle();
    const { rss, heapTotal, heapUsed } = process.memoryUsage();
    return rss - heapTotal + heapUsed;
  }

  kernel() {
    return readFile(process.env.LODESTORE_KERNEL);
  }

  instantDistance() {
    return readFile(process.env.LODESTORE_INSTANT_DISTANCE);
  }

  lodestore() {
    return import(pathToFileURL(process.env.LODESTORE_ENTRY));
  }

  storage() {
    return { storage: 'files', directory: this.folder };
  }

  async #files() {
    const names = await readdir(this.folder, { recursive: true });
    const paths = names.map((name) => join(this.folder, name));
    const infos = await Promise.all(paths.map(async (path) => ({ path, info: await stat(path) })));
    return infos.filter(({ info }) => info.isFile()).map(({ path, info }) => ({ path, size: info.size }));
  }

  async storedBytes() {
    return (await this.#files()).reduce((sum, { size }) => sum + size, 0);
  }

  /** Milliseconds to read all that is stored into fresh buffers. */
  async rawRead() {
    const files = await this.#files();
    const start = performance.now();
    for (const { path, size } of files) {
      const handle = await open(path);
      await handle.read(new Uint8Array(size), 0, size, 0);
      await handle.close();
    }
    return performance.now() - start;
  }

  /** What wasm-bindgen's loaders take. */
  async wasm(path) {
    return { module_or_path: await readFile(new URL(`../../node_modules/${path}`, import.meta.url)) };
  }

  /** What Emscripten's loaders take. */
  async emscripten(path) {
    return { wasmBinary: await readFile(new URL(`../../node_modules/${path}`, import.meta.url)) };
  }

  /** Its package is for bundlers that link wasm as a module; this is what they would do. */
  async voy() {
    const folder = new URL('../../node_modules/voy-search/', import.meta.url);
    const glue = await import(new URL('voy_search_bg.js', folder));
    const bytes = await readFile(new URL('voy_search_bg.wasm', folder));
    const { instance } = await WebAssembly.instantiate(bytes, { './voy_search_bg.js': glue });
    glue.__wbg_set_wasm(instance.exports);
    return glue;
  }
}

const handle = server(new NodeHost(), systems);
process.on('message', async (request) => {
  try {
    process.send({ value: await handle(request) });
  } catch (error) {
    // Some libraries throw plain objects.
    process.send({ failure: error instanceof Error ? error.stack : JSON.stringify(error) });
  }
});
// Whoever asked is gone.
process.on('disconnect', () => process.exit());
