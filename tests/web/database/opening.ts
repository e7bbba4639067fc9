/** Who may open a database, what the choices of storage are, and what is left when it is closed or deleted. */

import { deleteDatabase, load, open, type OpenOptions } from 'lodestore';
import { assert, type Case, type Context, type Driver, equal, freshName, rejects, same } from '../check.js';
import { contents, directory, everywhere, fresh, type Place, type Session } from './place.js';
import { columns } from './rows.js';

const CYCLES = 200;

export function openingCases(all: Place[], context: Context, driver: Driver): Case[] {
  const keeping = all.filter((place) => place.keeps);
  const memory = all.filter((place) => !place.keeps);
  return [
    ...everywhere(
      keeping.filter((place) => !place.shares),
      'a second opening is a Conflict until the first closes',
      second,
    ),
    ...everywhere(
      keeping.filter((place) => place.shares),
      'a second opening shares the database, and goes on when the first closes',
      shared,
    ),
    ...everywhere(all, 'databases of different names know nothing of one another', apart),
    ...everywhere(keeping, 'a deleted database is gone, an open one is not deleted', deleting),
    ...everywhere(all, 'stats say where it is and how large', stats),
    ...memory.map((place) => ({
      name: `${place.label}: ${CYCLES} databases opened and closed do not let memory grow`,
      run: () => cycles(place),
    })),
    {
      name: 'auto is the most durable storage of this context',
      run: () => (context === 'edge' ? autoAtTheEdge() : auto(context)),
    },
    { name: 'an opening that is given up or fails leaves no lock', run: () => givenUp(keeping[0] as Place) },
    ...(context === 'window'
      ? [
          { name: 'a worker opens what the page wrote, and back', run: handOver },
          {
            name: 'a page in the back/forward cache lets go of what its worker holds, and goes on when it is back',
            run: () => left(driver),
          },
        ]
      : []),
  ];
}

async function second(session: Session): Promise<void> {
  const { db, name, place } = session;
  await db.collection('notes', { dimension: 2 });
  const error = await rejects('Conflict', place.open(name), 'open twice');
  assert(/open|close/i.test(error.message), `it says what to do: ${error.message}`);
  equal((await db.collections()).length, 1, 'the first goes on');
  await (await db.collection('notes')).upsert(columns(3, 2, 1));
  await db.close();
  const again = await place.open(name);
  equal(await (await again.collection('notes')).count(), 3, 'opened after the close');
  await again.close();
}

async function shared({ db, name, place }: Session): Promise<void> {
  const told: (string | null)[] = [];
  const notes = await db.collection('notes', { dimension: 2 });
  const other = await place.open(name);
  const stop = other.on('change', ({ collection, ids }) => told.push(`${collection} ${ids?.length}`));
  same([(await db.stats()).role, (await other.stats()).role], ['leader', 'follower'], 'roles');
  const theirs = await other.collection('notes', { dimension: 2 });
  await notes.upsert(columns(3, 2, 1));
  equal(await theirs.count(), 3, 'rows seen by the other');
  await theirs.delete('row-00000');
  equal(await notes.count(), 2, 'rows seen by the first');
  same(told, ['notes 3', 'notes 1'], 'changes that the other was told of');
  stop();
  await db.close();
  await theirs.upsert(columns(5, 2, 2));
  equal(await theirs.count(), 5, 'rows after the first was closed');
  equal((await other.stats()).role, 'leader', 'the one that is left');
  same([(await other.check()).problems, told.length], [[], 2], 'problems, and changes after it was stopped');
  await other.close();
}

async function apart({ db, place }: Session): Promise<void> {
  const name = freshName('Other');
  const other = await place.open(name);
  const [one, two] = await Promise.all([
    db.collection('notes', { dimension: 2 }),
    other.collection('notes', { dimension: 3, metric: 'dot' }),
  ]);
  await Promise.all([one.upsert(columns(20, 2, 1)), two.upsert(columns(30, 3, 2))]);
  await Promise.all([db.checkpoint(), one.delete('row-00000'), other.checkpoint()]);
  same([await one.count(), await two.count()], [19, 30], 'rows');
  await other.close();
  await place.remove(name);
  equal(await one.count(), 19, 'the other one is closed and gone');
  same((await db.check()).problems, [], 'problems');
}

async function deleting(session: Session): Promise<void> {
  const { db, name, place } = session;
  const notes = await db.collection('notes', { dimension: 2 });
  await notes.upsert(columns(10, 2, 1));
  await db.checkpoint();
  await rejects('Conflict', place.remove(name), 'delete while open');
  equal(await notes.count(), 10, 'nothing is gone');
  await db.close();
  await place.remove(name);
  await place.remove(name);
  session.db = await place.open(name);
  same([session.db.openReport.snapshot, await session.db.collections()], [null, []], 'opened anew');
}

async function stats({ db, name, place, reopen }: Session): Promise<void> {
  const notes = await db.collection('notes', { dimension: 32, metric: 'euclidean' });
  await notes.upsert(columns(100, 32, 1));
  const stats = await db.stats();
  same([stats.name, stats.durability, stats.seq], [name, 'strict', 2], 'name, durability, seq');
  equal(stats.storage, place.label.split(' ')[0], 'storage');
  same(stats.collections, await db.collections(), 'collections');
  same(stats.collections[0], await notes.stats(), 'stats of the collection');
  equal(stats.collections[0]?.rows, 100, 'rows');
  assert(
    stats.logBytes > 100 * 32 * 4 && stats.bytes.log === stats.logBytes,
    `log of ${stats.logBytes} bytes`,
  );
  if (place.keeps)
    equal((await (await reopen({ durability: 'relaxed' })).stats()).durability, 'relaxed', 'durability');
  assert(stats.memoryBytes > stats.logBytes, `memory of ${stats.memoryBytes} bytes`);
  same(stats.snapshots, [], 'no snapshot yet');
}

async function cycles(place: Place): Promise<void> {
  const rows = columns(1000, 64, 1);
  let warm = 0;
  for (let i = 0; i < CYCLES; i += 1) {
    const db = await place.open(`cycle-${i % 3}`);
    const notes = await db.collection('notes', { dimension: 64 });
    await notes.upsert(rows);
    await notes.query(rows.vectors.subarray(0, 64));
    const { memoryBytes } = await db.stats();
    await db.close();
    if (i === 9) warm = memoryBytes;
    // 1,000 rows of 64 numbers: a leak of the vectors alone would be 50 MB at the end.
    assert(
      memoryBytes <= warm + 4_000_000 || i < 9,
      `cycle ${i}: ${warm} bytes of memory became ${memoryBytes}`,
    );
  }
}

async function auto(context: Context): Promise<void> {
  const name = freshName('auto');
  const options: OpenOptions = context === 'node' ? { directory } : {};
  const db = await open(name, options);
  equal((await db.stats()).storage, context === 'node' ? 'files' : 'indexeddb', 'storage');
  await db.collection('notes', { dimension: 2 });
  await db.close();
  const same = await open(name, { ...options, storage: context === 'node' ? 'files' : 'indexeddb' });
  equal((await same.collections()).length, 1, 'the same one by its name');
  await same.close();
  await deleteDatabase(name, context === 'node' ? { directory } : {});
  // Loaded long since: asking again is fine.
  await load();
}

/** There is none that is durable, so it is said to be in memory only. */
async function autoAtTheEdge(): Promise<void> {
  const db = await open(freshName('auto'));
  const { storage, build } = await db.stats();
  equal(storage, 'memory', 'storage');
  equal(build, 'simd128', 'build: the only one that comes with a Worker');
  await db.close();
  for (const other of ['indexeddb', 'opfs', 'files'] as const) {
    await rejects('Invalid', open(freshName('auto'), { storage: other }), other);
  }
  await load();
}

async function givenUp(place: Place): Promise<void> {
  await fresh(place, async (session) => {
    await session.db.close();
    const reason = new Error('enough');
    const early = await place
      .open(session.name, { signal: AbortSignal.abort(reason) })
      .catch((error) => error);
    assert(early === reason, 'aborted before');
    const controller = new AbortController();
    const opening = place.open(session.name, { signal: controller.signal });
    controller.abort(reason);
    assert((await opening.catch((error: unknown) => error)) === reason, 'aborted during');
    // What opens late is closed; its lock goes soon after.
    session.db = await soon(() => place.open(session.name));
  });
}

/** The result of `work` once it stops being a Conflict. */
async function soon<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if ((error as { code?: string }).code !== 'Conflict') throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

async function handOver(): Promise<void> {
  const name = freshName('hand-over');
  let before = '';
  for (const worker of [false, true, false]) {
    const db = await open(name, { storage: 'indexeddb', worker });
    if (before !== '') equal(await contents(db), before, `worker ${worker}`);
    const notes = await db.collection('notes', { dimension: 2 });
    await notes.upsert(columns(10, 2, 1, before.length));
    before = await contents(db);
    await db.close();
  }
  await deleteDatabase(name, { storage: 'indexeddb' });
}

/** A worker is not told that its page is left, and would hold the lock for as long as the browser keeps the page. */
async function left(driver: Driver): Promise<void> {
  const open = `import('/package/dist/index.web.js').then((m) => m.open(${JSON.stringify(freshName('left'))}, { worker: true }))`;
  const out = (await driver('navigate', {
    before: `${open}.then(async (db) => { globalThis.kept = db; await db.collection('c', { dimension: 2 }); })`,
    meanwhile: `${open}.then(async (db) => { const all = await db.collections(); await db.close(); return all.length; })`,
    after: `globalThis.kept === undefined ? 'the browser did not keep the page' : globalThis.kept.stats().then(async (s) => { await globalThis.kept.close(); return 'alive, ' + s.collections.length + ' collections'; }, async (e) => { await globalThis.kept.close(); return e.code + ': ' + e.message; })`,
  })) as { meanwhile: number; after: string };
  equal(out.meanwhile, 1, 'collections that another page finds while the first is hidden');
  equal(out.after, 'alive, 1 collections', 'when it is back');
}
