// The worker of one system in Chromium.
import { parts } from '../parts.mjs';
import { server } from '../server.mjs';
import { portable } from '../systems/table.mjs';
import { wasmBytes } from './wasm-memory.mjs';

class ChromiumHost {
  name = 'chromium';
  /** What `start` was told. */
  given;
  #parts;

  async #floats(first, count) {
    const headers = { Range: `bytes=${first * 4}-${(first + count) * 4 - 1}` };
    const response = await fetch(`/data/${this.given.dataset}.f32`, { headers, cache: 'no-store' });
    return new Float32Array(await response.arrayBuffer());
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

  /** Not told to pages; the browser is asked for it from outside. */
  cpu() {
    return undefined;
  }

  kernel() {
    return this.#bytes('/kernel.wasm');
  }

  instantDistance() {
    return this.#bytes('/instant-distance.wasm');
  }

  async #bytes(path) {
    return (await fetch(path)).arrayBuffer();
  }

  lodestore() {
    return import('lodestore-under-test');
  }

  storage() {
    return { storage: 'opfs' };
  }

  async storedBytes() {
    const files = await filesBelow(await navigator.storage.getDirectory());
    const sizes = await Promise.all(files.map(async (file) => (await file.getFile()).size));
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  /** Milliseconds to read all that is stored into fresh buffers. */
  async rawRead() {
    const files = await filesBelow(await navigator.storage.getDirectory());
    const start = performance.now();
    for (const file of files) {
      const handle = await file.createSyncAccessHandle();
      handle.read(new Uint8Array(handle.getSize()), { at: 0 });
      handle.close();
    }
    return performance.now() - start;
  }

  async idbBytes() {
    const { usage, usageDetails } = await navigator.storage.estimate();
    return usageDetails?.indexedDB ?? usage;
  }

  /** Loaders find their module beside them, where Vite has put it. */
  async wasm() {}

  /** What Emscripten's loaders take. */
  async emscripten(path) {
    return { wasmBinary: await this.#bytes(`/modules/${path}`) };
  }

  voy() {
    return import('voy-search');
  }
}

async function filesBelow(folder) {
  const files = [];
  for await (const entry of folder.values()) {
    if (entry.kind === 'file') files.push(entry);
    else files.push(...(await filesBelow(entry)));
  }
  return files;
}

const host = new ChromiumHost();
const handle = server(host, portable);
self.onmessage = async ({ data }) => {
  try {
    if (data.command === 'wasm memory') {
      await host.settle();
      return postMessage({ value: wasmBytes() });
    }
    postMessage({ value: await handle(data) });
  } catch (error) {
    postMessage({ failure: error instanceof Error ? error.stack : JSON.stringify(error) });
  }
};
