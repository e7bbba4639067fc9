/** AES-256-GCM. */

import { choose } from '../../../pkg-templates/npm/src/seal/choose.js';
import * as host from '../../../pkg-templates/npm/src/seal/host-crypto.js';
import type { Seal } from '../../../pkg-templates/npm/src/seal/seal.js';
import { type Case, type Context, equal, pattern, rejects, sameBytes } from '../check.js';
import { flipped, hex, moduleOf, samples, text, unhex } from './module.js';

type Cipher = Pick<Seal, 'encrypt' | 'decrypt'>;

function all(context: Context): [string, Cipher][] {
  const module = moduleOf(context);
  return [
    ['host', host],
    ['module', module],
    ['chosen', choose(module)],
  ];
}

const KEY = unhex('feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308');
const NONCE = unhex('cafebabefacedbaddecaf888');
const AAD = unhex('feedfacedeadbeeffeedfacedeadbeefabaddad2');

/** Test case 16 of the specification of GCM that was submitted to NIST. */
async function published(context: Context): Promise<void> {
  const data =
    'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72' +
    '1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39';
  const sealed =
    '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa' +
    '8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662' +
    '76fc6ece0f4e1768cddf8853bb2d551b';
  for (const [name, one] of all(context)) {
    equal(hex(await one.encrypt(KEY, NONCE, AAD, unhex(data))), sealed, name);
    equal(hex(await one.decrypt(KEY, NONCE, AAD, unhex(sealed))), data, name);
  }
}

async function agree(context: Context): Promise<void> {
  const some = all(context);
  for (const data of samples())
    for (const aad of [text(''), text('place 7')]) {
      const expected = await host.encrypt(KEY, NONCE, aad, data);
      equal(expected.length, data.length + 16, 'length');
      for (const [name, one] of some) {
        sameBytes(await one.encrypt(KEY, NONCE, aad, data), expected, `${name} encrypts`);
        sameBytes(await one.decrypt(KEY, NONCE, aad, expected), data, `${name} decrypts`);
      }
    }
}

async function refused(context: Context): Promise<void> {
  const data = pattern(1000, 5);
  const sealed = await host.encrypt(KEY, NONCE, AAD, data);
  for (const [name, one] of all(context)) {
    const refuses = (what: string, work: Promise<unknown>) => rejects('Corrupt', work, `${name}: ${what}`);
    for (const bit of [0, 100, 8 * 500 + 3, 8 * 1000, 8 * 1016 - 1]) {
      await refuses(`bit ${bit}`, one.decrypt(KEY, NONCE, AAD, flipped(sealed, bit)));
    }
    await refuses('another key', one.decrypt(flipped(KEY, 255), NONCE, AAD, sealed));
    await refuses('another nonce', one.decrypt(KEY, flipped(NONCE, 95), AAD, sealed));
    await refuses('another place', one.decrypt(KEY, NONCE, flipped(AAD, 0), sealed));
    await refuses('no place', one.decrypt(KEY, NONCE, text(''), sealed));
    for (const length of [0, 1, 15, 16, 1015]) {
      await refuses(`${length} bytes of it`, one.decrypt(KEY, NONCE, AAD, sealed.slice(0, length)));
    }
    sameBytes(await one.decrypt(KEY, NONCE, AAD, sealed), data, `${name}: afterwards`);
  }
}

async function lengths(context: Context): Promise<void> {
  const seal = choose(moduleOf(context));
  const data = pattern(10, 1);
  for (const work of ['encrypt', 'decrypt'] as const) {
    // As long as this the host would take it, for another cipher.
    await rejects('Invalid', seal[work](KEY.slice(0, 16), NONCE, AAD, data), `${work}: short key`);
    await rejects('Invalid', seal[work](KEY, KEY.slice(0, 16), AAD, data), `${work}: long nonce`);
  }
}

export function cipherCases(context: Context): Case[] {
  const test = (name: string, run: (context: Context) => Promise<void>): Case => ({
    name: `cipher: ${name}`,
    run: () => run(context),
  });
  return [
    test('it is the published one', published),
    test('what one encrypts the other decrypts', agree),
    test('wrong keys and changed bytes are refused', refused),
    test('keys and nonces of other lengths are refused', lengths),
  ];
}
