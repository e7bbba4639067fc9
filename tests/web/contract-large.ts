/** The part of the contract about much data, about closing, and about owning. */

import { pattern, pieces, random, rejects, same, sameBytes, slow } from './check.js';
import type { Test } from './contract.js';

const MIB = 1 << 20;
const EMPTY = new Uint8Array();

export function large(test: Test): void {
  test('40 MiB in pieces of 1 MiB, read across borders', async (s, session) => {
    const bytes = pattern(40 * MIB, 7);
    await s.create('big', slow(bytes, MIB));
    await session.reopen();
    const next = random(3);
    for (let i = 0; i < 60; i += 1) {
      const start = i < 20 ? (i + 1) * MIB - next(1000) : next(bytes.length);
      const end = Math.min(bytes.length, start + next(i % 10 === 0 ? 6 * MIB : 5000));
      sameBytes(await session.storage.read('big', start, end), bytes.slice(start, end), `${start}..${end}`);
    }
    sameBytes(await session.storage.read('big', 0, bytes.length), bytes, 'all');
  });
  test('an append of 5 MiB in one call', async (s) => {
    const bytes = pattern(5 * MIB + 13, 8);
    await s.create('f', pieces(pattern(7, 0)));
    await s.append('f', 7, bytes);
    sameBytes(await s.read('f', 7, 7 + bytes.length), bytes, 'all of it');
    sameBytes(await s.read('f', MIB, 3 * MIB), bytes.slice(MIB - 7, 3 * MIB - 7), 'the middle');
  });
  test('2,000 small appends, read at random between', async (s, session) => {
    const next = random(5);
    const model = new Uint8Array(2000 * 40);
    let length = 0;
    await s.create('f', pieces());
    for (let i = 0; i < 2000; i += 1) {
      const bytes = pattern(1 + next(40), i);
      await s.append('f', length, bytes);
      model.set(bytes, length);
      length += bytes.length;
      if (i % 20 !== 0) continue;
      const start = next(length);
      const end = start + next(length - start + 1);
      sameBytes(await s.read('f', start, end), model.slice(start, end), `${start}..${end}`);
    }
    await session.reopen();
    sameBytes(await session.storage.read('f', 0, length), model.slice(0, length), 'after reopening');
  });
}

export function owning(test: Test): void {
  test('after close every verb says Closed', async (s) => {
    await s.create('f', pieces(pattern(5, 1)));
    await s.close?.();
    await rejects('Closed', s.list(), 'list');
    await rejects('Closed', s.read('f', 0, 1), 'read');
    await rejects('Closed', s.create('g', pieces()), 'create');
    await rejects('Closed', s.append('f', 5, EMPTY), 'append');
    await rejects('Closed', s.remove('f'), 'remove');
    await s.close?.();
  });
  test('what was called before close is done, and kept', async (s, session) => {
    await s.create('f', pieces());
    const calls = [0, 1, 2].map((i) => s.append('f', i * 10, pattern(10, i)));
    await s.close?.();
    await Promise.all(calls);
    await session.reopen();
    sameBytes(await session.storage.read('f', 20, 30), pattern(10, 2), 'the last');
  });
  test('a create that is cut off by close leaves nothing', async (s, session) => {
    let go = (): void => undefined;
    const gate = new Promise<void>((resolve) => (go = resolve));
    const source = (async function* () {
      yield pattern(5 * MIB, 1);
      await gate;
      yield pattern(10, 2);
    })();
    const create = rejects('Closed', s.create('f', source), 'create');
    await s.close?.();
    go();
    await create;
    await session.reopen();
    same(await session.storage.list(), [], 'list');
  });
  test('a second opener gets Conflict, until the first closes', async (s, session) => {
    await s.create('f', pieces(pattern(5, 1)));
    await rejects('Conflict', session.openAgain(), 'the second');
    await s.append('f', 5, pattern(5, 2));
    await s.close?.();
    const second = await session.openAgain();
    sameBytes(await second.read('f', 5, 10), pattern(5, 2), 'what the first wrote');
    await second.close?.();
  });
}
