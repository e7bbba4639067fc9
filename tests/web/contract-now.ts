/** The part of the contract about reading without waiting, on the adapters that can. */

import type { StorageObject } from '../../pkg-templates/npm/src/types.js';
import { equal, type Failure, pattern, pieces, rejects, sameBytes, assert } from './check.js';
import type { Body, Test } from './contract.js';

const MIB = 1 << 20;

/** Which adapters can. One that loses the ability, or gains it unnoticed, is a failure. */
const ABLE: Readonly<Record<string, boolean>> = { memory: true, files: true, opfs: true, indexeddb: false };

/** Which adapters append without waiting, while nothing else is under way. */
const APPENDS: Readonly<Record<string, boolean>> = {
  memory: false,
  files: false,
  opfs: true,
  indexeddb: false,
};

/** Appending without waiting. It is for the store and not for users, so it is asked of the adapters themselves. */
export function appendingNow(test: Test): void {
  const now = (s: StorageObject, at: number, bytes: Uint8Array): boolean =>
    (s as unknown as { appendNow(name: string, at: number, bytes: Uint8Array): boolean }).appendNow(
      'f',
      at,
      bytes,
    );
  test('now: what is appended is there at once, or not at all', async (s, session) => {
    await s.create('f', pieces(pattern(100, 1)));
    const able = APPENDS[s.kind ?? ''];
    equal(now(s, 100, pattern(50, 2)), able, 'done');
    equal((await s.list())[0]?.length, able ? 150 : 100, 'length');
    if (!able) return;
    sameBytes(
      await s.read('f', 90, 150),
      Uint8Array.of(...pattern(100, 1).slice(90), ...pattern(50, 2)),
      'bytes',
    );
    await refused('Conflict', () => now(s, 100, pattern(1, 3)), 'not at the end');
    const waited = s.append('f', 150, pattern(10, 3));
    equal(now(s, 160, pattern(10, 4)), false, 'behind one that is under way');
    await waited;
    equal(now(s, 160, pattern(10, 4)), true, 'after it');
    await session.reopen();
    sameBytes(
      await session.storage.read('f', 150, 170),
      Uint8Array.of(...pattern(10, 3), ...pattern(10, 4)),
      'kept',
    );
    const { storage } = session;
    await storage.close?.();
    await refused('Closed', () => now(storage, 170, pattern(1, 5)), 'after close');
  });
}

export function readingNow(test: Test): void {
  test('whether it reads without waiting is as documented', async (s) => {
    equal(typeof s.readInto === 'function', ABLE[s.kind ?? ''], 'readInto');
  });
  const able = (name: string, body: Body): void =>
    test(`now: ${name}`, async (s, session) => {
      if (s.readInto !== undefined) await body(s, session);
    });
  able('the target is filled, and nothing beside it', async (s) => {
    const bytes = pattern(5000, 1);
    await s.create('f', pieces(bytes.subarray(0, 1000), bytes.subarray(1000)));
    for (const [at, length] of [
      [0, 5000],
      [0, 1],
      [999, 2],
      [4999, 1],
      [1700, 1536],
    ] as [number, number][]) {
      const memory = new Uint8Array(6000).fill(77);
      const target = memory.subarray(500, 500 + length);
      equal(now(s, 'f', at, target), length, `count at ${at}`);
      sameBytes(target, bytes.slice(at, at + length), `${length} at ${at}`);
      assert(
        memory.subarray(0, 500).every((byte) => byte === 77),
        'before it',
      );
      assert(
        memory.subarray(500 + length).every((byte) => byte === 77),
        'behind it',
      );
    }
    for (const at of [0, 5000]) equal(now(s, 'f', at, new Uint8Array()), 0, `nothing at ${at}`);
  });
  able('it reads into the memory of WebAssembly, also after that has grown', async (s) => {
    const bytes = pattern(70_000, 2);
    await s.create('f', pieces(bytes));
    const memory = new WebAssembly.Memory({ initial: 2 });
    for (let round = 0; round < 3; round += 1) {
      const view = new Uint8Array(memory.buffer, 65_000, 1500);
      now(s, 'f', round * 20_000, view);
      sameBytes(view, bytes.slice(round * 20_000, round * 20_000 + 1500), `round ${round}`);
      memory.grow(1);
    }
  });
  able('an absent file is Invalid, with expected and got', async (s) => {
    const failure = await refused('Invalid', () => now(s, 'nothing', 0, new Uint8Array(1)), 'absent');
    assert(failure.message.includes('nothing'), 'the file is named');
    assert(failure.expected !== undefined && failure.got !== undefined, 'the pair is there');
    await refused('Invalid', () => now(s, 'nothing', 0, new Uint8Array()), 'even of no bytes');
  });
  able('a short read is Invalid, with the length', async (s) => {
    await s.create('f', pieces(pattern(10, 1)));
    const failure = await refused('Invalid', () => now(s, 'f', 5, new Uint8Array(6)), 'over the end');
    assert(failure.got?.includes('10') === true, `got names the length: ${failure.got}`);
    await refused('Invalid', () => now(s, 'f', 11, new Uint8Array()), 'beyond, empty');
    await refused('Invalid', () => now(s, 'f', 1000, new Uint8Array(10)), 'far beyond');
    await s.create('empty', pieces());
    await refused('Invalid', () => now(s, 'empty', 0, new Uint8Array(1)), 'of an empty file');
  });
  able('what is not a place or not bytes is Invalid', async (s) => {
    await s.create('f', pieces(pattern(10, 1)));
    for (const at of [-1, 0.5, NaN, Infinity, '0', undefined] as number[])
      await refused('Invalid', () => now(s, 'f', at, new Uint8Array(1)), `at ${at}`);
    for (const target of [undefined, null, [1], new ArrayBuffer(4)] as unknown as Uint8Array[])
      await refused('Invalid', () => now(s, 'f', 0, target), String(target));
    for (const name of ['', '..', 'A', 'a/b', undefined] as string[])
      await refused('Invalid', () => now(s, name, 0, new Uint8Array(1)), String(name));
  });
  able('it sees what was just created and appended', async (s, session) => {
    await s.create('log', pieces());
    for (let i = 0; i < 20; i += 1) {
      await s.append('log', i * 100, pattern(100, i));
      const target = new Uint8Array(100);
      now(s, 'log', i * 100, target);
      sameBytes(target, pattern(100, i), `append ${i}`);
      now(s, 'log', 0, target);
      sameBytes(target, pattern(100, 0), `the first, after append ${i}`);
    }
    await session.reopen();
    const target = new Uint8Array(100);
    now(session.storage, 'log', 1900, target);
    sameBytes(target, pattern(100, 19), 'after reopening');
  });
  able('it works while another file is being created', async (s) => {
    await s.create('f', pieces(pattern(1000, 1)));
    const target = new Uint8Array(10);
    await s.create(
      'g',
      (async function* () {
        for (let i = 0; i < 5; i += 1) {
          yield pattern(MIB, i);
          now(s, 'f', i * 100, target);
          sameBytes(target, pattern(1000, 1).slice(i * 100, i * 100 + 10), `piece ${i}`);
          await refused('Invalid', () => now(s, 'g', 0, target), 'not complete');
        }
      })(),
    );
    now(s, 'g', 4 * MIB, target);
    sameBytes(target, pattern(10, 4), 'the new file');
  });
  able('a removed file is gone, and one of its name is another', async (s) => {
    const target = new Uint8Array(10);
    for (let seed = 0; seed < 5; seed += 1) {
      await s.create('f', pieces(pattern(1000 + seed, seed)));
      now(s, 'f', 990, target);
      sameBytes(target, pattern(1000 + seed, seed).slice(990, 1000), `file ${seed}`);
      await s.remove('f');
      await refused('Invalid', () => now(s, 'f', 0, target), 'removed');
    }
  });
  able('a hundred files are read in turn', async (s) => {
    for (let i = 0; i < 100; i += 1) await s.create(`f-${i}`, pieces(pattern(64, i)));
    const target = new Uint8Array(32);
    for (let round = 0; round < 2; round += 1) {
      for (let i = 0; i < 100; i += 1) {
        now(s, `f-${i}`, 16, target);
        sameBytes(target, pattern(64, i).slice(16, 48), `file ${i}`);
      }
    }
    for (let i = 0; i < 100; i += 1) await s.remove(`f-${i}`);
    equal((await s.list()).length, 0, 'files');
  });
  able('after close it is Closed', async (s) => {
    await s.create('f', pieces(pattern(10, 1)));
    const target = new Uint8Array(1);
    now(s, 'f', 0, target);
    const closing = s.close?.();
    await refused('Closed', () => now(s, 'f', 0, target), 'while it closes');
    await closing;
    await refused('Closed', () => now(s, 'f', 0, target), 'afterwards');
  });
}

function now(s: StorageObject, name: string, at: number, target: Uint8Array): number {
  // As the store calls it: as a method.
  return (s as Required<StorageObject>).readInto(name, at, target);
}

function refused(code: string, read: () => unknown, what: string): Promise<Failure> {
  return rejects(code, (async () => read())(), what);
}
