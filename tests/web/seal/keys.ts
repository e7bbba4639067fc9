/** Keys from passphrases and from keys. */

import { choose } from '../../../pkg-templates/npm/src/seal/choose.js';
import * as host from '../../../pkg-templates/npm/src/seal/host-crypto.js';
import { assert, type Case, type Context, equal, pattern, rejects } from '../check.js';
import { hex, moduleOf, text } from './module.js';

const SALT = Uint8Array.from({ length: 16 }, (_, i) => i);
const PASSPHRASE = text('correct horse battery staple, größer');

/** By the reference implementation of Argon2, as in the native tests. */
const BY_REFERENCE: [memory: number, passes: number, lanes: number, key: string][] = [
  [8192, 1, 1, '9bd9b23adf12419379b88085cbbffe57d1209e63db65ba4725f0e6f9f977107c'],
  [19456, 2, 1, '54ce5a9c072345d3d049e6ab9438206c94bbb052f4b00bd10dab07d1c8792a61'],
  [65539, 3, 4, '28bd1d00f09bcaa3ffb289782c365fe63d5e4629330f8da56e1a662e89e80385'],
];

async function reference(context: Context): Promise<void> {
  const seal = choose(moduleOf(context));
  for (const [memory, passes, lanes, expected] of BY_REFERENCE) {
    equal(hex(await seal.derive(PASSPHRASE, SALT, memory, passes, lanes)), expected, `${memory} KiB`);
  }
  const other = hex(await seal.derive(PASSPHRASE.slice(1), SALT, 8192, 1, 1));
  assert(other !== BY_REFERENCE[0]![3], 'another passphrase has another key');
}

async function bounds(context: Context): Promise<void> {
  const seal = choose(moduleOf(context));
  const most = 2 ** 32;
  const refused = [
    [8191, 1, 1],
    [262_145, 1, 1],
    [most + 8192, 1, 1],
    [8192.5, 1, 1],
    [-8192, 1, 1],
    [8192, 0, 1],
    [8192, 17, 1],
    [8192, most + 1, 1],
    [8192, 1, 0],
    [8192, 1, 5],
    [8192, 1, Number.NaN],
  ] as const;
  for (const [memory, passes, lanes] of refused) {
    const work = seal.derive(PASSPHRASE, SALT, memory, passes, lanes);
    await rejects('Invalid', work, `${memory} KiB, ${passes} passes, ${lanes} lanes`);
  }
  await rejects('Invalid', seal.derive(PASSPHRASE, SALT.slice(1), 8192, 1, 1), 'a short salt');
}

async function subkeys(context: Context): Promise<void> {
  const module = moduleOf(context);
  const all = { host, module, chosen: choose(module) };
  const key = pattern(32, 1);
  for (const salt of [text(''), text('salt'), pattern(200, 2)])
    for (const info of [text(''), text('chunks'), text('manifest'), pattern(500, 3)]) {
      const expected = hex(await host.subkey(key, salt, info));
      equal(expected.length, 64, 'length');
      for (const [name, one] of Object.entries(all)) {
        equal(hex(await one.subkey(key, salt, info)), expected, `${name}: ${salt.length}, ${info.length}`);
      }
    }
  await rejects('Invalid', all.chosen.subkey(key.slice(1), text(''), text('')), 'a short key');
}

export function keyCases(context: Context): Case[] {
  return [
    { name: 'keys: a passphrase gives the key of the reference', run: () => reference(context) },
    { name: 'keys: costs beyond the bounds are refused', run: () => bounds(context) },
    { name: 'keys: subkeys are the same by the host and by the module', run: () => subkeys(context) },
  ];
}
