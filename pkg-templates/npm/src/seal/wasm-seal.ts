/**
 * The same by a WebAssembly module of its own (the crate `seal`): Argon2id, which no host has, and all the rest where this
 * one has none of it: pages over plain http, older engines.
 */

import { unavailable } from '../fault.js';
import { damaged, noMemory, tampered, tooCostly } from './faults.js';
import type { Bytes, Seal } from './seal.js';

/** What the module exports: what goes in and what comes out stands in one place of its memory. */
interface Exports {
  readonly memory: WebAssembly.Memory;
  /** Makes room for so many bytes, there; 0 when there is none. */
  room(length: number): number;
  /** Where the result is. */
  place(): number;
  /** All of them give the length of the result, or below 0 what went wrong. */
  deflate(): number;
  inflate(rawLength: number): number;
  encrypt(aad: number): number;
  decrypt(aad: number): number;
  derive(memoryKib: number, passes: number, lanes: number): number;
  subkey(salt: number): number;
}

const NAMES = ['room', 'place', 'deflate', 'inflate', 'encrypt', 'decrypt', 'derive', 'subkey'] as const;

/** An instance with more memory than this is not kept: memory that has grown does not shrink. */
const KEPT_BYTES = 16 << 20;

/** What the module can be told: it has numbers of 32 bits. */
const LENGTH_MAX = 0x7fff_ffff;

/** All of it by the module that `load` gives. */
export class WasmSeal implements Seal {
  readonly #load: () => Promise<WebAssembly.Module>;
  #kept: Exports | undefined;

  constructor(load: () => Promise<WebAssembly.Module>) {
    this.#load = load;
  }

  deflate(raw: Bytes): Promise<Bytes> {
    return this.#run([raw], (exports) => exports.deflate());
  }

  async inflate(stored: Bytes, rawLength: number): Promise<Bytes> {
    if (rawLength > LENGTH_MAX) throw damaged();
    return this.#run([stored], (exports) => exports.inflate(rawLength));
  }

  encrypt(key: Bytes, nonce: Bytes, aad: Bytes, data: Bytes): Promise<Bytes> {
    return this.#run([key, nonce, aad, data], (exports) => exports.encrypt(aad.length));
  }

  decrypt(key: Bytes, nonce: Bytes, aad: Bytes, data: Bytes): Promise<Bytes> {
    return this.#run([key, nonce, aad, data], (exports) => exports.decrypt(aad.length));
  }

  async derive(
    passphrase: Bytes,
    salt: Bytes,
    memoryKib: number,
    passes: number,
    lanes: number,
  ): Promise<Bytes> {
    // The module would take the lowest 32 bits of them.
    if (![memoryKib, passes, lanes].every((cost) => Number.isInteger(cost) && cost <= LENGTH_MAX)) {
      throw tooCostly();
    }
    return this.#run([salt, passphrase], (exports) => exports.derive(memoryKib, passes, lanes));
  }

  subkey(key: Bytes, salt: Bytes, info: Bytes): Promise<Bytes> {
    return this.#run([key, salt, info], (exports) => exports.subkey(salt.length));
  }

  async #run(parts: Bytes[], work: (exports: Exports) => number): Promise<Bytes> {
    const exports = (this.#kept ??= await instantiate(await this.#load()));
    // From here on nobody comes between: the place is one for all.
    try {
      return carryOut(exports, parts, work);
    } catch (error) {
      if (!(error instanceof WebAssembly.RuntimeError)) throw error;
      // It ends so where it got no memory in a place where that cannot be refused.
      this.#kept = undefined;
      throw noMemory();
    } finally {
      if (exports.memory.buffer.byteLength > KEPT_BYTES) this.#kept = undefined;
    }
  }
}

async function instantiate(module: WebAssembly.Module): Promise<Exports> {
  const { exports } = await WebAssembly.instantiate(module);
  const missing = NAMES.filter((name) => typeof exports[name] !== 'function');
  if (missing.length > 0 || !(exports['memory'] instanceof WebAssembly.Memory)) {
    throw unavailable(
      'the module given as "seal" is another one: it has to be "lodestore/lodestore-seal.wasm"',
    );
  }
  return exports as unknown as Exports;
}

function carryOut(exports: Exports, parts: Bytes[], work: (exports: Exports) => number): Bytes {
  const total = parts.reduce((sum, part) => sum + part.length, 0);
  // Addresses come as signed numbers.
  let at = exports.room(total) >>> 0;
  if (at === 0) throw noMemory();
  const memory = new Uint8Array(exports.memory.buffer);
  for (const part of parts) {
    memory.set(part, at);
    at += part.length;
  }
  const length = work(exports);
  if (length < 0) throw failure(length);
  return new Uint8Array(exports.memory.buffer, exports.place() >>> 0, length).slice();
}

/** As `seal/src/wasm.rs` numbers them. */
function failure(code: number): Error {
  if (code === -2) return damaged();
  if (code === -3) return tampered();
  if (code === -4) return noMemory();
  return tooCostly();
}
