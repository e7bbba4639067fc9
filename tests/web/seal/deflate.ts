/** Raw deflate. */

import { choose } from '../../../pkg-templates/npm/src/seal/choose.js';
import { concat } from '../../../pkg-templates/npm/src/seal/concat.js';
import * as host from '../../../pkg-templates/npm/src/seal/host-deflate.js';
import type { Bytes, Seal } from '../../../pkg-templates/npm/src/seal/seal.js';
import { assert, type Case, type Context, equal, isBrowser, rejects, sameBytes } from '../check.js';
import { moduleOf, samples, unhex } from './module.js';

type Deflate = Pick<Seal, 'deflate' | 'inflate'>;

/** By name: the host where it can, the module, and what chooses among them. */
async function all(context: Context): Promise<[string, Deflate][]> {
  const module = moduleOf(context);
  const others: [string, Deflate][] = [
    ['module', module],
    ['chosen', choose(module)],
  ];
  const isExact = await host.canInflate();
  assert(isExact || !isBrowser(context), 'browsers do as the standard says');
  return isExact ? [['host', host], ...others] : others;
}

async function agree(context: Context): Promise<void> {
  const some = await all(context);
  for (const raw of samples())
    for (const [by, writer] of some) {
      const stored = await writer.deflate(raw);
      assert(
        stored.length <= raw.length + raw.length / 1000 + 20,
        `${by}: ${stored.length} of ${raw.length}`,
      );
      for (const [reader, one] of some) {
        sameBytes(await one.inflate(stored, raw.length), raw, `${by} to ${reader}`);
      }
    }
}

async function others(context: Context): Promise<void> {
  for (const [name, one] of await all(context))
    for (const stored of ['73494dcb492c4955001100', '010c00f3ff4465666c617465206c617465'])
      equal(new TextDecoder().decode(await one.inflate(unhex(stored), 12)), 'Deflate late', name);
}

async function refused(context: Context): Promise<void> {
  const some = await all(context);
  for (const raw of samples()) {
    const stored = await moduleOf(context).deflate(raw);
    const cut = [0, 1, stored.length >> 1, stored.length - 1].filter((length) => length < stored.length);
    const longer: Bytes[] = [[0], [255], [3, 0], [...stored.subarray(0, 100)]].map((tail) =>
      Uint8Array.from(tail),
    );
    for (const [name, one] of some) {
      const refuses = (bytes: Bytes, length: number, what: string): Promise<unknown> =>
        rejects('Corrupt', one.inflate(bytes, length), `${name}: ${what}`);
      for (const length of cut) await refuses(stored.slice(0, length), raw.length, `${length} bytes of it`);
      for (const tail of longer) await refuses(concat([stored, tail]), raw.length, 'with others behind it');
      for (const length of [raw.length + 1, raw.length + 1000, 2 ** 31 - 1, 2 ** 40, raw.length - 1]) {
        if (length >= 0) await refuses(stored, length, `${length} bytes for ${raw.length}`);
      }
    }
  }
}

async function damage(context: Context): Promise<void> {
  const raw = concat([samples()[4]!.slice(0, 200), samples()[3]!.slice(0, 500)]);
  const stored = await moduleOf(context).deflate(raw);
  for (const [name, one] of await all(context)) {
    let count = 0;
    for (let bit = 0; bit < 8 * stored.length; bit += 7) {
      const other = stored.slice();
      other[bit >> 3]! ^= 1 << (bit & 7);
      const got = await one.inflate(other, raw.length).catch((error: { code?: string }) => {
        equal(error.code, 'Corrupt', `${name}: bit ${bit}`);
        return undefined;
      });
      if (got === undefined) count += 1;
      else equal(got.length, raw.length, `${name}: bit ${bit}`);
    }
    assert(count > 50, `${name}: ${count} refused`);
  }
}

/** How many bytes were handed to the host's streams while `work` went on. */
async function counting(work: () => Promise<unknown>): Promise<number> {
  const { prototype } = WritableStreamDefaultWriter;
  const own = prototype.write;
  let bytes = 0;
  prototype.write = function (this: WritableStreamDefaultWriter, piece: Bytes) {
    bytes += piece.length;
    return own.call(this, piece);
  };
  try {
    await work();
    return bytes;
  } finally {
    prototype.write = own;
  }
}

async function bomb(context: Context): Promise<void> {
  const stored = await moduleOf(context).deflate(new Uint8Array(64 << 20));
  assert(stored.length < 100_000, `${stored.length} bytes`);
  for (const [name, one] of await all(context))
    for (const length of [0, 1, 1000, 1 << 20]) {
      const refuse = () => rejects('Corrupt', one.inflate(stored, length), `${name}: ${length} bytes`);
      if (name !== 'host') {
        await refuse();
        continue;
      }
      // Some hosts inflate all of what they were handed before anybody can stop them: that must not be much.
      const handed = await counting(refuse);
      const needed = Math.ceil(length / host.RATIO_MAX);
      assert(handed > 0 && handed <= needed + 32_768, `${handed} bytes were handed over, for ${length}`);
    }
}

export function deflateCases(context: Context): Case[] {
  const test = (name: string, run: (context: Context) => Promise<void>): Case => ({
    name: `deflate: ${name}`,
    run: () => run(context),
  });
  return [
    test('what one compressed the other reads', agree),
    test('what other programs compressed can be read', others),
    test('another length, a cut and a tail are refused', refused),
    test('damage is refused or gives as many bytes', damage),
    test('a bomb is refused before it has grown', bomb),
  ];
}
