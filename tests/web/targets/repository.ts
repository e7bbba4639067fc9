/** A repository in a store of objects: what goes in comes out, and goes in once. */

import { type CatalogEntry, open } from 'lodestore';
import {
  backupTo,
  type BackupProgress,
  memoryStore,
  objectStore,
  type ObjectStoreOptions,
} from 'lodestore/targets';
import { assert, type Case, equal, rejects, same, sameBytes } from '../check.js';
import { contents } from '../database/place.js';
import { columns } from '../database/rows.js';
import { filled, pieces, read, recording, ROWS } from './base.js';

const PREFIX = 'backups/notes/';
const ENCRYPTED = { encrypt: { key: new Uint8Array(32).fill(7) } };

export function repositoryCases(): Case[] {
  return [
    { name: 'repository: the very bytes come back, packed in every way', run: sameBytesBack },
    { name: 'repository: content that is there is not sent again', run: once },
    { name: 'repository: a chain is restored, and the catalog knows where it is kept', run: chain },
    { name: 'repository: a drill finds its archives, and a difference that was planted', run: drilled },
    { name: 'repository: what is encrypted tells nothing, and opens with its key only', run: secret },
    { name: 'repository: a passphrase', run: passphrase },
    { name: 'repository: two that begin one at once can both be read', run: twoFirsts },
    { name: 'repository: wrong options and other archives are refused', run: refused },
  ];
}

async function sameBytesBack(): Promise<void> {
  await filled(async (db) => {
    const all: ObjectStoreOptions[] = [
      {},
      { compress: false },
      ENCRYPTED,
      { ...ENCRYPTED, compress: false, parallel: 1 },
    ];
    for (const options of all) {
      const store = memoryStore();
      const target = objectStore(store, { prefix: PREFIX, ...options });
      const recorded = recording(target);
      const steps: BackupProgress[] = [];
      const done = await backupTo(db, recorded, { onProgress: (step) => steps.push(step) });
      const sent = await recorded.bytes();
      equal(done.bytes, sent.length, 'bytes');
      equal(done.name, `${PREFIX}archives/${done.archive}`, 'name');
      equal(
        done.sent.pieces,
        [...store.objects.keys()].filter((key) => /pieces|archives/.test(key)).length,
        'sent',
      );
      const last = steps.at(-1);
      assert(
        last !== undefined && last.sent.pieces > 0 && last.done === last.total,
        `progress ${JSON.stringify(last)}`,
      );
      for (const key of store.objects.keys()) assert(key.startsWith(PREFIX), key);
      // Through another object of the same repository, which knows nothing of the first.
      const again = objectStore(store, { prefix: PREFIX, ...options });
      sameBytes(await read(again.read(done.archive)), sent, 'read');
      const fetched = await again.fetch({ archive: done.archive });
      equal(fetched.headers.get('content-length'), String(sent.length), 'length');
      sameBytes(await read(fetched), sent, 'fetch');
      const [listed] = await again.list();
      same(
        [listed?.archive, listed?.type, listed?.toSeq, listed?.rows, listed?.bytes],
        [done.archive, 'full', done.manifest.toSeq, ROWS, sent.length],
        'list',
      );
      same(
        await again.check(),
        { ok: true, archives: 1, pieces: listed?.pieces, broken: [], deleted: 0 },
        'check',
      );
      equal((await db.verify(again.read(done.archive), { level: 2 })).sha256, done.sha256, 'verified');
    }
  });
}

async function once(): Promise<void> {
  await filled(async (db) => {
    const store = memoryStore();
    const target = objectStore(store);
    const first = await pieces(db, target);
    assert(first.sent > 6 && first.skipped === 0, `the first: ${JSON.stringify(first)}`);
    // Nothing changed: the manifest of the archive is new, and nothing else.
    const second = await pieces(db, target);
    same([second.sent, second.skipped], [1, first.sent - 1], 'nothing changed');
    // 1 % of the rows, in one row group: its vectors and its rows.
    const notes = await db.collection('notes');
    await notes.upsert(columns(ROWS / 100, 8, 5));
    const third = await pieces(db, target);
    same([third.sent, third.skipped], [3, first.sent - 3], 'one group changed');
    assert(third.bytes < first.bytes / 2, `${third.bytes} of ${first.bytes} bytes`);
    same(
      (await target.list()).map(({ archive }) => archive).sort(),
      [first, second, third].map((one) => one.archive).sort(),
      'list',
    );
    // Without the first two, what only they had goes.
    await target.remove(first.archive);
    await target.remove(second.archive);
    const dry = await target.collect({ dryRun: true, graceMs: 0 });
    const before = store.objects.size;
    same([dry.deleted, dry.named, dry.young], [4, first.sent, 0], 'dry run');
    equal((await target.collect()).young, 4, 'pieces of today stay');
    equal(store.objects.size, before, 'nothing was deleted');
    same(await target.collect({ graceMs: 0 }), dry, 'collect');
    equal(store.objects.size, before - 4, 'deleted');
    same((await target.check()).broken, [], 'what is left can be read');
    same(
      await target.collect({ graceMs: 0 }),
      { ...dry, pieces: dry.named, deleted: 0, deletedBytes: 0 },
      'again',
    );
  });
}

async function chain(): Promise<void> {
  await filled(async (db) => {
    const target = objectStore(memoryStore());
    const notes = await db.collection('notes');
    const full = await backupTo(db, target);
    await notes.upsert(columns(20, 8, 9));
    const differential = await backupTo(db, target, { type: 'differential', since: full });
    await notes.delete(['row1']);
    const last = await backupTo(db, target, {
      type: 'incremental',
      since: target.read(differential.archive),
    });
    const { archives } = await db.catalog();
    same(
      archives.map(({ archive, name }) => [archive, name]),
      [full, differential, last].map(({ archive, name }) => [archive, name]),
      'catalog',
    );
    same(
      archives.at(-1)?.chain,
      [full, differential, last].map(({ archive }) => archive),
      'chain',
    );
    await rejects('Invalid', target.remove(full.archive), 'what others go on from');
    const other = await open('elsewhere', { storage: 'memory' });
    const restore = await other.restore(
      [full, differential, last].map(({ archive }) => target.read(archive)),
    );
    await restore.commit();
    equal(await contents(other, false), await contents(db, false), 'restored');
    await other.close();
    // The chain goes by a policy, the last of it first.
    const newer = [await backupTo(db, target), await backupTo(db, target)];
    await db.prune({ policy: { archives: { last: 2 } }, remove: target.remove });
    const left = newer.map(({ archive }) => archive).sort();
    same((await target.list()).map(({ archive }) => archive).sort(), left, 'pruned');
    same((await db.catalog()).archives.map(({ archive }) => archive).sort(), left, 'the catalog, pruned');
  });
}

async function drilled(): Promise<void> {
  await filled(async (db) => {
    const target = objectStore(memoryStore(), ENCRYPTED);
    const { archive, name } = await backupTo(db, target);
    let asked: CatalogEntry | undefined;
    const fetch = (entry: CatalogEntry) => {
      asked = entry;
      return target.fetch(entry);
    };
    const report = await db.drill({ backup: 'random', fetch });
    same([report.ok, report.archives, report.differences, asked?.name], [true, [archive], 0, name], 'drill');
    // An archive of another database under the same name: what comes is whole, and not what was backed up.
    const other = await open('other', { storage: 'memory' });
    await (await other.collection('notes', { dimension: 8, index: 'flat' })).upsert(columns(ROWS, 8, 2));
    const foreign = await backupTo(other, target);
    const planted = await db.drill({ backup: 'latest', fetch: () => target.fetch(foreign) });
    assert(!planted.ok && (planted.differences ?? 0) > 0, 'a planted difference is found');
    await other.close();
  }, 300);
}

async function secret(): Promise<void> {
  await filled(async (db) => {
    const store = memoryStore();
    const target = objectStore(store, ENCRYPTED);
    const { archive } = await backupTo(db, target);
    const plain = memoryStore();
    await backupTo(db, objectStore(plain));
    const plainKeys = new Set(plain.objects.keys());
    for (const key of store.objects.keys())
      if (key.startsWith('pieces/')) assert(!plainKeys.has(key), 'names tell the content');
    const wrong = objectStore(store, { encrypt: { key: new Uint8Array(32).fill(8) } });
    await rejects('Mismatch', wrong.list(), 'another key');
    await rejects('Mismatch', backupTo(db, wrong), 'another key, writing');
    await rejects('Mismatch', backupTo(db, objectStore(store)), 'no key, writing');
    await rejects('Corrupt', read(objectStore(store).read(archive)), 'no key');
    await rejects(
      'Mismatch',
      backupTo(db, objectStore(plain, ENCRYPTED)),
      'a key, where nothing is encrypted',
    );
    // Somebody who can write takes the encryption off an object: it is not taken for one that was put there with the key.
    const key = `archives/${archive}`;
    const { archive: bare } = await backupTo(db, objectStore(plain));
    store.objects.set(key, plain.objects.get(`archives/${bare}`) as never);
    await rejects('Corrupt', read(target.read(archive)), 'a list that is not encrypted');
    equal([...store.objects.keys()].filter((one) => one.startsWith('leases/')).length, 0, 'no lease is left');
  }, 50);
}

async function passphrase(): Promise<void> {
  await filled(async (db) => {
    const store = memoryStore();
    const { archive } = await backupTo(db, objectStore(store, { encrypt: { passphrase: 'caf\u00e9' } }));
    // However the accent was typed.
    const again = objectStore(store, { encrypt: { passphrase: 'cafe\u0301' } });
    equal((await db.verify(again.read(archive))).rows, 50, 'rows');
    await rejects('Mismatch', objectStore(store, { encrypt: { passphrase: 'tea' } }).list(), 'another one');
    await rejects('Mismatch', objectStore(store, ENCRYPTED).list(), 'a key in its place');
  }, 50);
}

async function twoFirsts(): Promise<void> {
  await filled(async (db) => {
    const store = memoryStore();
    // Neither sees what the other one puts before it has put its own.
    const blind = {
      ...store,
      list: async (prefix: string) => (prefix === 'repository/' ? [] : store.list(prefix)) as [],
    };
    let lists = 0;
    const firstBlind = {
      ...store,
      list: async (prefix: string) => {
        if (prefix === 'repository/') lists += 1;
        return (prefix === 'repository/' && lists === 1 ? blind : store).list(prefix) as Promise<[]>;
      },
    };
    const one = await backupTo(db, objectStore(store, ENCRYPTED));
    const two = await backupTo(db, objectStore(firstBlind, ENCRYPTED));
    equal(
      [...store.objects.keys()].filter((key) => key.startsWith('repository/')).length,
      2,
      'there are two',
    );
    const three = await backupTo(db, objectStore(store, ENCRYPTED));
    const target = objectStore(store, ENCRYPTED);
    for (const { archive } of [one, two, three])
      equal((await db.verify(target.read(archive))).rows, 50, archive);
    await target.collect({ graceMs: 0 });
    same((await target.check()).broken, [], 'after collecting');
  }, 50);
}

async function refused(): Promise<void> {
  await filled(async (db) => {
    const target = objectStore(memoryStore());
    await rejects('Invalid', backupTo(db, target, { compress: true }), 'compressed twice');
    await rejects('Invalid', backupTo(db, target, { encrypt: { passphrase: 'x' } }), 'encrypted twice');
    await rejects('Invalid', read(target.read('0'.repeat(32))), 'no such archive');
    await rejects('Invalid', read(target.read('../secret')), 'no archive at all');
    await target.remove('0'.repeat(32));
    await rejects('Invalid', target.remove('../secret'), 'removing no archive at all');
    for (const wrong of [{ prefix: 1 }, { parallel: 0 }, { retry: 1 }]) {
      await rejects(
        'Invalid',
        (async () => objectStore(memoryStore(), wrong as never))(),
        JSON.stringify(wrong),
      );
    }
    await rejects('Invalid', (async () => objectStore({ put() {} } as never))(), 'no store');
    // Handed over by itself, past backupTo.
    const stream = await db.backup({ compress: true });
    const sink = await target.begin({ manifest: stream.manifest });
    await rejects(
      'Invalid',
      (async () => {
        for await (const piece of stream as never as AsyncIterable<Uint8Array>) await sink.write(piece);
      })(),
      'packed',
    );
    await sink.abort();
    const cut = await target.begin({ manifest: stream.manifest });
    await rejects('Corrupt', cut.close(), 'nothing');
    await cut.abort();
    same(await target.list(), [], 'nothing is there');
  }, 50);
}
