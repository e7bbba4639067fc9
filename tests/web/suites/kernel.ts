/** The kernel's own self-test, in the engines that will run it, for both builds; and which build the package takes. */

import { open } from 'lodestore';
import { assert, type Case, type Context, equal, freshName, type Suite } from '../check.js';

/** What Node's cases need of the process that drives them. */
interface Host {
  fs: { readFile(path: string): Promise<Uint8Array<ArrayBuffer>> };
  kernels: string;
}

interface Exports {
  memory: WebAssembly.Memory;
  self_test(seed: number): number;
  names(): void;
  text(): number;
  text_length(): number;
}

const KERNELS: Record<string, string> = {
  simd128: 'scalar simd128 chosen scalar simd128',
  'relaxed-simd': 'scalar relaxed-simd chosen scalar simd128 relaxed-simd',
};

async function kernel(build: string, context: Context): Promise<Exports> {
  const file = `${build}.wasm`;
  const { testHost } = globalThis as unknown as { testHost: Host };
  const bytes =
    context === 'node'
      ? await testHost.fs.readFile(`${testHost.kernels}/${file}`)
      : await (await fetch(`/kernels/${file}`)).arrayBuffer();
  return (await WebAssembly.instantiate(bytes, {})).instance.exports as unknown as Exports;
}

function text(exports: Exports): string {
  return new TextDecoder().decode(
    new Uint8Array(exports.memory.buffer, exports.text(), exports.text_length()),
  );
}

async function selfTest(build: string, context: Context): Promise<void> {
  const exports = await kernel(build, context);
  exports.names();
  equal(text(exports), KERNELS[build], 'implementations');
  for (const seed of [1, 2]) {
    const compared = exports.self_test(seed);
    assert(
      compared > 150_000,
      `seed ${seed}: ${compared === 0 ? text(exports) : `only ${compared} results`}`,
    );
  }
}

async function loaded(worker: boolean): Promise<void> {
  const db = await open(freshName('build'), { storage: worker ? 'indexeddb' : 'memory', worker });
  try {
    equal((await db.stats()).build, 'relaxed-simd', 'build');
  } finally {
    await db.close();
  }
}

const suite: Suite = {
  contexts: ['node', 'window', 'worker'],
  cases(context): Case[] {
    // Node takes either, by its version: tests/packaging has that.
    const builds = context === 'node' ? ['simd128'] : Object.keys(KERNELS);
    const cases = builds.map((build) => ({
      name: `the ${build} kernel agrees with the oracle`,
      run: () => selfTest(build, context),
    }));
    if (context === 'node') return cases;
    return [
      ...cases,
      { name: 'relaxed SIMD is taken', run: () => loaded(false) },
      ...(context === 'window'
        ? [{ name: 'relaxed SIMD is taken in a worker', run: () => loaded(true) }]
        : []),
    ];
  },
};
export default suite;
