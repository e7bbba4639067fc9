/** The module as the packed package has it, and bytes to seal. */

import type { Bytes } from '../../../pkg-templates/npm/src/seal/seal.js';
import { WasmSeal } from '../../../pkg-templates/npm/src/seal/wasm-seal.js';
import { type Context, pattern } from '../check.js';

/** What Node's cases need of the process that drives them, and an isolate of the Worker in it. */
interface Host {
  fs: { readFile(path: string): Promise<Uint8Array<ArrayBuffer>> };
  packed: string;
  seal: WebAssembly.Module;
}

const FILE = 'dist/wasm/lodestore_seal_bg.wasm';

export async function compiled(context: Context): Promise<WebAssembly.Module> {
  const { testHost } = globalThis as unknown as { testHost: Host };
  // Isolates take modules that were compiled before, and no others.
  if (context === 'edge') return testHost.seal;
  const bytes =
    context === 'node'
      ? await testHost.fs.readFile(`${testHost.packed}/${FILE}`)
      : await (await fetch(`/package/${FILE}`)).arrayBuffer();
  return WebAssembly.compile(bytes);
}

export function moduleOf(context: Context): WasmSeal {
  return new WasmSeal(() => compiled(context));
}

export function text(text: string): Bytes {
  return new TextEncoder().encode(text);
}

export function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function unhex(hex: string): Bytes {
  return Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
}

/** With the bit flipped. */
export function flipped(bytes: Bytes, bit: number): Bytes {
  const other = bytes.slice();
  other[bit >> 3]! ^= 1 << (bit & 7);
  return other;
}

/** Nothing, little, what repeats, what does not, and what is as long as a block of vectors. */
export function samples(): Bytes[] {
  const mixed = new Uint8Array(1 << 20);
  mixed.set(pattern(300_000, 7), 200_000);
  return [
    new Uint8Array(),
    Uint8Array.of(0),
    text('Deflate late'),
    text('it was the best of times, it was the worst of times, '.repeat(400)),
    pattern(100_000, 3),
    mixed,
  ];
}
