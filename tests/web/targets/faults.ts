/** A repository over a store that fails: cut off at every call, damaged, slow, given up. */

import { backupTo, memoryStore, objectStore } from 'lodestore/targets';
import { assert, type Case, equal, rejects, same } from '../check.js';
import { columns } from '../database/rows.js';
import { Cut, faulty, filled, pieces, read, ROWS } from './base.js';

const ENCRYPTED = { encrypt: { key: new Uint8Array(32).fill(7) } };

export function faultCases(): Case[] {
  return [
    {
      name: 'repository: cut off at every call, the next upload sends only what is missing',
      run: cutAtEveryCall,
    },
    { name: 'repository: failures that may pass are tried again, others are not', run: retried },
    { name: 'repository: every object that is damaged, swapped or gone is found', run: damaged },
    { name: 'repository: a damaged piece is sent again after a repair', run: repaired },
    { name: 'repository: uploads and collect keep out of each other\u2019s way', run: apart },
    { name: 'repository: who stood still for too long does not go on', run: standing },
    { name: 'repository: collect deletes nothing when a list cannot be read', run: careful },
    { name: 'repository: a backup that is given up is noted as such, and leaves no archive', run: givenUp },
  ];
}

async function cutAtEveryCall(): Promise<void> {
  await filled(async (db) => {
    const options = { ...ENCRYPTED, retries: 0, parallel: 1 };
    const whole = faulty();
    const all = await pieces(db, objectStore(whole, options));
    let cuts = 0;
    for (let at = 1; at <= whole.calls.length; at += 1) {
      const store = faulty();
      store.before = (_, number) => {
        if (number >= at) throw new Cut('cut off');
      };
      const target = objectStore(store, options);
      const failed = await backupTo(db, target).then(
        () => false,
        (error: { code?: string }) => error.code === 'Unavailable',
      );
      // Only the last call of all, which ends the lease, may fail unheard.
      equal(failed, at < whole.calls.length, `cut at call ${at}, ${whole.calls[at - 1]}`);
      store.before = () => undefined;
      const there = store.count('pieces/');
      equal(
        (await objectStore(store, options).list()).length,
        failed ? 0 : 1,
        `archives after a cut at ${at}`,
      );
      if (!failed) continue;
      cuts += 1;
      store.calls.length = 0;
      const { archive, sent } = await pieces(db, objectStore(store, options));
      // The manifest of an archive comes first, and is another one the next time.
      equal(sent, all.sent - Math.max(0, there - 1), `pieces sent after a cut at ${at}, ${there} were there`);
      equal(store.calls.filter((call) => call.startsWith('put pieces/')).length, sent, 'puts');
      equal((await db.verify(objectStore(store, options).read(archive), { level: 2 })).rows, ROWS, 'rows');
    }
    assert(cuts > all.sent, `${cuts} cuts`);
    const noted = (await db.audit({ kind: 'backup', last: 1000 })).entries;
    equal(noted.filter(({ details }) => details['ok'] === false).length, cuts, 'failures that were noted');
    equal((await db.catalog()).archives.length, cuts + 2, 'the catalog has what is there, and nothing else');
  });
}

async function retried(): Promise<void> {
  await filled(async (db) => {
    const store = faulty();
    // Each call fails twice before it goes well.
    const tries = new Map<string, number>();
    store.before = (call) => {
      const times = (tries.get(call) ?? 0) + 1;
      tries.set(call, times);
      if (times % 3 !== 0)
        throw Object.assign(new Error('try again'), { status: times % 3 === 1 ? 503 : 429 });
    };
    const target = objectStore(store, { retries: 2, retryAfterMs: 1 });
    const { archive } = await backupTo(db, target);
    equal((await db.verify(target.read(archive))).rows, 50, 'rows');
    store.before = () => {
      throw new Error('never');
    };
    store.calls.length = 0;
    await rejects('Unavailable', target.list(), 'more often than that');
    equal(store.calls.length, 3, 'calls');
    for (const [error, code] of [
      [Object.assign(new Error('forbidden'), { status: 403 }), 'Unavailable'],
      [new DOMException('full', 'QuotaExceededError'), 'Quota'],
    ] as const) {
      store.before = () => {
        throw error;
      };
      store.calls.length = 0;
      await rejects(code, target.list(), error.message);
      equal(store.calls.length, 1, `calls, ${error.message}`);
    }
  }, 50);
}

async function damaged(): Promise<void> {
  await filled(async (db) => {
    for (const options of [{}, ENCRYPTED]) {
      const memory = memoryStore();
      const { archive } = await backupTo(db, objectStore(memory, options));
      // A second one, so that lists of pieces can be swapped.
      const second = await backupTo(db, objectStore(memory, options));
      const keys = [...memory.objects.keys()].filter((key) => key !== `archives/${second.archive}`);
      const refuses = async (what: string): Promise<void> => {
        // Nothing is remembered of a repository that was whole.
        const target = objectStore(memory, { ...options, retries: 0 });
        const failed = await read(target.read(archive)).then(
          () => undefined,
          (error: { code: string; name: string }) => `${error.name} ${error.code}`,
        );
        assert(
          /^LodestoreError (Corrupt|Mismatch|Version|Invalid)$/.test(failed ?? ''),
          `${what}: ${failed}`,
        );
      };
      const named = new Set<string>();
      const watched = { ...memory, get: async (key: string) => (named.add(key), memory.get(key)) };
      await read(objectStore(watched, options).read(archive));
      for (const key of keys.filter((one) => named.has(one))) {
        const whole = memory.objects.get(key) as { bytes: Uint8Array; modified: Date };
        const put = (bytes: Uint8Array): void => void memory.objects.set(key, { ...whole, bytes });
        const step = Math.max(1, Math.floor(whole.bytes.length / 40));
        for (let at = 0; at < whole.bytes.length; at += step) {
          const bytes = whole.bytes.slice();
          bytes[at] = (bytes[at] as number) ^ (1 << (at % 8));
          put(bytes);
          await refuses(`bit ${at % 8} of byte ${at} of ${key}`);
        }
        for (const length of [0, 1, 27, 28, 40, whole.bytes.length - 1]) {
          put(whole.bytes.slice(0, length));
          await refuses(`${key} cut to ${length}`);
        }
        put(new Uint8Array([...whole.bytes, 0]));
        await refuses(`${key} with a byte more`);
        for (const other of memory.objects.keys()) {
          if (other === key) continue;
          put((memory.objects.get(other) as { bytes: Uint8Array }).bytes);
          await refuses(`${other} in the place of ${key}`);
        }
        memory.objects.delete(key);
        await refuses(`${key} is gone`);
        memory.objects.set(key, whole);
      }
      assert(named.size > 4, `${named.size} objects`);
      equal((await db.verify(objectStore(memory, options).read(archive))).rows, 50, 'put back as it was');
    }
  }, 50);
}

async function repaired(): Promise<void> {
  await filled(async (db) => {
    const memory = memoryStore();
    const target = objectStore(memory);
    const first = await backupTo(db, target);
    const second = await backupTo(db, target);
    const key = [...memory.objects.keys()].filter((one) => one.startsWith('pieces/')).at(2) as string;
    const piece = memory.objects.get(key) as { bytes: Uint8Array };
    piece.bytes[50] = (piece.bytes[50] as number) ^ 1;
    const broken = [first, second].map(({ archive }) => archive).sort();
    const before = await target.check();
    same(
      [before.ok, before.broken.map(({ archive }) => archive).sort(), before.deleted],
      [false, broken, 0],
      'found',
    );
    equal((await target.check({ repair: true })).deleted, 1, 'deleted');
    const again = await pieces(db, target);
    equal(again.sent, 2, 'its manifest, and what was damaged');
    equal((await target.check()).ok, true, 'all three can be read again');
  }, 300);
}

async function apart(): Promise<void> {
  await filled(async (db) => {
    const store = faulty();
    const target = objectStore(store, { retries: 0 });
    const stream = await db.backup();
    const sink = await target.begin({ manifest: stream.manifest });
    await rejects('Conflict', target.collect(), 'beside an upload');
    // Another upload may go on.
    await backupTo(db, target);
    await stream.cancel();
    await sink.abort();
    await target.collect();
    let refused: unknown;
    store.before = async (call) => {
      if (call !== 'list pieces/') return;
      refused = await backupTo(db, objectStore(store.memory)).catch((error: unknown) => error);
    };
    await target.collect();
    equal((refused as { code: string } | undefined)?.code, 'Conflict', 'an upload beside collect');
    store.before = () => undefined;
    // One that is gone since an hour holds nobody up, whatever its own clock said.
    const hour = new Date(Date.now() - 3_600_000);
    store.memory.objects.set(`leases/upload-00-${Date.now() + 1e9}`, {
      bytes: new Uint8Array(0),
      modified: hour,
    });
    await target.collect();
    await backupTo(db, target);
  }, 50);
}

/** With the clock of this context so far ahead. */
async function later<T>(ms: number, work: () => Promise<T>): Promise<T> {
  const { now } = Date;
  Date.now = () => now() + ms;
  try {
    return await work();
  } finally {
    Date.now = now;
  }
}

async function standing(): Promise<void> {
  await filled(async (db) => {
    const minute = 60_000;
    const store = faulty();
    const leases = () => [...store.memory.objects.keys()].filter((key) => key.startsWith('leases/'));
    const stream = await db.backup();
    const sink = await objectStore(store, { parallel: 1 }).begin({ manifest: stream.manifest });
    const [first] = leases();
    const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
    // Chunk by chunk, so that each has to be put.
    const magic = new TextEncoder().encode('LCHK');
    const begins = (at: number): boolean => magic.every((byte, i) => bytes[at + i] === byte);
    let at = 0;
    const write = async (): Promise<void> => {
      const start = at;
      do at += 1;
      while (at < bytes.length && !begins(at));
      await sink.write(bytes.slice(start, at));
    };
    await write();
    await later(4 * minute, write);
    const [second, ...others] = leases();
    same([first === second, others], [false, []], 'renewed');
    await rejects('Conflict', later(20 * minute, write), 'it stood still for too long');
    await sink.abort();
    same([leases(), store.count('archives/')], [[], 0], 'nothing is left');
    // The same of collect, in the middle.
    const { archive } = await backupTo(db, objectStore(store));
    await objectStore(store).remove(archive);
    const before = store.count('pieces/');
    const { now } = Date;
    store.before = (call) => {
      if (call.startsWith('delete pieces/')) Date.now = () => now() + 20 * minute;
    };
    try {
      await rejects('Conflict', objectStore(store).collect({ graceMs: 0 }), 'collect stood still');
    } finally {
      Date.now = now;
    }
    equal(store.count('pieces/'), before - 1, 'no more than one was deleted');
  }, 50);
}

async function careful(): Promise<void> {
  await filled(async (db) => {
    const memory = memoryStore();
    const target = objectStore(memory);
    const { archive } = await backupTo(db, target);
    await (await db.collection('notes')).upsert(columns(50, 8, 3));
    await backupTo(db, target);
    const list = memory.objects.get(`archives/${archive}`) as { bytes: Uint8Array };
    list.bytes[60] = (list.bytes[60] as number) ^ 1;
    const before = memory.objects.size;
    await rejects('Corrupt', target.collect({ graceMs: 0 }), 'a list that cannot be read');
    equal(memory.objects.size, before, 'objects');
    const { broken } = await target.check();
    same(
      broken.map((one) => one.archive),
      [archive],
      'check says which',
    );
    await target.remove(archive);
    assert((await target.collect({ graceMs: 0 })).deleted > 0, 'given up, its pieces go');
    equal((await target.check()).ok, true, 'the other one is whole');
  }, 50);
}

async function givenUp(): Promise<void> {
  await filled(async (db) => {
    const reason = new Error('enough');
    const whole = faulty();
    await backupTo(db, objectStore(whole, { parallel: 1 }));
    for (let at = 1; at < whole.calls.length; at += 2) {
      const controller = new AbortController();
      const store = faulty();
      store.before = (_, number) => {
        if (number === at) controller.abort(reason);
      };
      const target = objectStore(store, { parallel: 1 });
      const got = await backupTo(db, target, { signal: controller.signal }).then(
        () => 'no error',
        (error: unknown) => error,
      );
      assert(got === reason, `given up at call ${at}: ${String(got)}`);
      equal(
        (await db.audit({ kind: 'backup', last: 1 })).entries[0]?.details['ok'],
        false,
        `noted, call ${at}`,
      );
      equal(store.count('leases/'), 0, `leases after ${whole.calls[at - 1]}`);
    }
    equal((await db.catalog()).archives.length, 1, 'the catalog');
    const early = backupTo(db, objectStore(whole), { signal: AbortSignal.abort(reason) });
    equal(await early.catch((error: unknown) => error), reason, 'before it begins');
  }, 300);
}
