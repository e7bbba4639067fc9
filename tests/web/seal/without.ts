/** Hosts that have none of it, and packages whose module cannot be had. */

import { choose } from '../../../pkg-templates/npm/src/seal/choose.js';
import * as hostCrypto from '../../../pkg-templates/npm/src/seal/host-crypto.js';
import * as hostDeflate from '../../../pkg-templates/npm/src/seal/host-deflate.js';
import { WasmSeal } from '../../../pkg-templates/npm/src/seal/wasm-seal.js';
import { assert, type Case, type Context, equal, isBrowser, pattern, rejects, sameBytes } from '../check.js';
import { compiled, hex, moduleOf, text } from './module.js';

const KEY = pattern(32, 1);
const NONCE = pattern(12, 2);
const AAD = text('place');

/** As a page over plain http in an old browser: `work` finds none of it. */
async function without(work: () => Promise<void>): Promise<void> {
  const hide = (object: object, name: string): (() => void) => {
    const own = Object.getOwnPropertyDescriptor(object, name);
    Object.defineProperty(object, name, { value: undefined, configurable: true, writable: true });
    return () => {
      if (own === undefined) Reflect.deleteProperty(object, name);
      else Object.defineProperty(object, name, own);
    };
  };
  const restore = [
    hide(globalThis, 'CompressionStream'),
    hide(globalThis, 'DecompressionStream'),
    hide(globalThis.crypto, 'subtle'),
  ];
  try {
    assert(
      !hostDeflate.canDeflate() && !(await hostDeflate.canInflate()) && !hostCrypto.hasSubtle(),
      'hidden',
    );
    await work();
  } finally {
    for (const back of restore) back();
  }
}

async function byModule(context: Context): Promise<void> {
  const raw = text('over and over '.repeat(1000));
  const seal = choose(moduleOf(context));
  const fromHost = await seal.encrypt(KEY, NONCE, AAD, await seal.deflate(raw));
  const expected = hex(await seal.subkey(KEY, AAD, AAD));
  let fromModule = new Uint8Array();
  await without(async () => {
    fromModule = await seal.encrypt(KEY, NONCE, AAD, await seal.deflate(raw));
    const stored = await seal.decrypt(KEY, NONCE, AAD, fromHost);
    sameBytes(await seal.inflate(stored, raw.length), raw, 'what the host sealed, without it');
    equal(hex(await seal.subkey(KEY, AAD, AAD)), expected, 'subkey');
    await rejects('Corrupt', seal.decrypt(KEY, NONCE, text(''), fromHost), 'another place');
    await rejects('Corrupt', seal.inflate(stored, 100), 'another length');
  });
  const stored = await seal.decrypt(KEY, NONCE, AAD, fromModule);
  sameBytes(await seal.inflate(stored, raw.length), raw, 'what the module sealed, by the host');
}

/** Browsers have all but what passphrases need, so the module is not loaded for anything else. */
async function notLoaded(context: Context): Promise<void> {
  let asked = 0;
  const failing = choose(
    new WasmSeal(() => {
      asked += 1;
      return asked > 1 ? compiled(context) : Promise.reject(new Error('there is no network'));
    }),
  );
  const sealed = await failing.encrypt(KEY, NONCE, AAD, await failing.deflate(text('words')));
  const stored = await failing.decrypt(KEY, NONCE, AAD, sealed);
  await failing.subkey(KEY, AAD, AAD);
  if (isBrowser(context)) {
    equal(new TextDecoder().decode(await failing.inflate(stored, 5)), 'words', 'words');
  }
  equal(asked, 0, 'how often the module was asked for');
  const salt = pattern(16, 3);
  const failed = await failing.derive(AAD, salt, 8192, 1, 1).catch((error: Error) => error.message);
  equal(failed, 'there is no network', 'a passphrase needs it');
  // It can be tried again, and is loaded once.
  equal((await failing.derive(AAD, salt, 8192, 1, 1)).length, 32, 'key');
}

async function another(): Promise<void> {
  const empty = new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
  const seal = new WasmSeal(() => Promise.resolve(empty));
  await rejects('Unavailable', seal.derive(AAD, pattern(16, 3), 8192, 1, 1), 'a module of something else');
}

/** What is large is carried out, and its memory is not kept: what follows begins anew. */
async function large(context: Context): Promise<void> {
  const module = moduleOf(context);
  const raw = new Uint8Array(24 << 20).fill(7);
  raw.set(pattern(1 << 20, 4), 5 << 20);
  const together = await Promise.all([
    module.deflate(raw),
    module.deflate(raw.subarray(0, 100)),
    module.deflate(raw),
  ]);
  sameBytes(together[0], together[2], 'the same twice');
  sameBytes(await module.inflate(together[1], 100), raw.subarray(0, 100), 'short');
  sameBytes(await module.inflate(together[0], raw.length), raw, 'long');
  const sealed = await module.encrypt(KEY, NONCE, AAD, raw);
  sameBytes(await module.decrypt(KEY, NONCE, AAD, sealed), raw, 'encrypted');
}

export function withoutCases(context: Context): Case[] {
  return [
    { name: 'a host without any of it agrees with the others', run: () => byModule(context) },
    { name: 'the module is loaded for passphrases, and can be tried again', run: () => notLoaded(context) },
    // Isolates refuse to compile one.
    ...(context === 'edge' ? [] : [{ name: 'another module is refused', run: another }]),
    { name: 'long data, several at once', run: () => large(context) },
  ];
}
