/** Random verbs on a storage and on a Map; after each the two must agree. */

import type { StorageObject } from '../../pkg-templates/npm/src/types.js';
import { equal, pattern, pieces, random, rejects, same, sameBytes } from './check.js';
import type { Session } from './contract.js';

const STEPS = 300;

export async function modelCase(session: Session, seed: number): Promise<void> {
  const next = random(seed);
  const model = new Map<string, Uint8Array>();
  for (let step = 0; step < STEPS; step += 1) {
    const name = `file-${next(8)}`;
    const have = model.get(name);
    const bytes = pattern(next(4) === 0 ? next(20_000) : next(100), step);
    const what = `seed ${seed}, step ${step}, ${name}`;
    const s: StorageObject = session.storage;
    switch (next(8)) {
      case 0:
        await session.reopen();
        break;
      case 1:
        await s.remove(name);
        model.delete(name);
        break;
      case 2:
      case 3: {
        const cut = next(bytes.length + 1);
        const source = pieces(bytes.subarray(0, cut), bytes.subarray(cut));
        if (have !== undefined) await rejects('Conflict', s.create(name, source), what);
        else (await s.create(name, source), model.set(name, bytes));
        break;
      }
      case 4:
        if (have !== undefined) await rejects('Conflict', s.append(name, have.length + 1, bytes), what);
        else await rejects('Conflict', s.append(name, 0, bytes), what);
        break;
      default:
        if (have === undefined) break;
        await s.append(name, have.length, bytes);
        model.set(name, joined(have, bytes));
    }
    const now = model.get(name);
    if (now !== undefined) {
      const start = next(now.length + 1);
      const end = start + next(now.length - start + 1);
      sameBytes(await session.storage.read(name, start, end), now.slice(start, end), what);
      if (session.storage.readInto !== undefined) {
        const target = new Uint8Array(end - start);
        session.storage.readInto(name, start, target);
        sameBytes(target, now.slice(start, end), `${what}, without waiting`);
      }
    }
    if (step % 25 === 24) await agree(session.storage, model, what);
  }
}

async function agree(storage: StorageObject, model: Map<string, Uint8Array>, what: string): Promise<void> {
  const list = (await storage.list()).sort((a, b) => (a.name < b.name ? -1 : 1));
  const expected = Array.from(model, ([name, bytes]) => ({ name, length: bytes.length }));
  same(
    list,
    expected.sort((a, b) => (a.name < b.name ? -1 : 1)),
    `${what}: list`,
  );
  for (const [name, bytes] of model)
    sameBytes(await storage.read(name, 0, bytes.length), bytes, `${what}: ${name}`);
  equal(list.length, model.size, what);
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
