/** Going back: what the database was at any moment that is kept, what has changed since, and rows as they were. */

import type { Change, Database, Moment, Past } from 'lodestore';
import { assert, type Case, equal, rejects, same } from '../check.js';
import { everywhere, type Place, type Session } from './place.js';
import { columns } from './rows.js';

export function pastCases(all: Place[]): Case[] {
  return [
    ...everywhere(all, 'every write that is kept can be gone back to', back),
    ...everywhere(all, 'the whole database is made what it was, and back', whole),
    ...everywhere(all, 'rows are compared with what they were, and made so again', rows),
  ];
}

/** All rows; what an index weighs is not the same in a copy. */
async function contents(of: Database | Past, seqs = true): Promise<unknown[]> {
  const all: unknown[] = [];
  for (const { name } of await of.collections()) {
    const collection = await of.collection(name);
    for await (const row of collection.listAll({ returnVectors: true })) {
      all.push([name, row.id, row.metadata, [...(row.vector ?? [])], seqs ? row.seq : 0]);
    }
  }
  return all;
}

async function back(session: Session): Promise<void> {
  let { db } = session;
  const notes = await db.collection('notes', { dimension: 3 });
  const were = new Map<number, Awaited<ReturnType<typeof contents>>>();
  const note = async (seq: number): Promise<void> => void were.set(seq, await contents(db));
  for (let round = 0; round < 4; round += 1) {
    await note((await notes.upsert(columns(12, 3, round + 1, 4 * round))).seq);
    await note((await notes.delete(`row-${String(4 * round).padStart(5, '0')}`)).seq);
    await note((await notes.update({ filter: {} }, { round })).seq);
    if (round === 1 || round === 2) await db.checkpoint();
  }
  if (session.place.keeps) db = await session.reopen();
  const history = await db.history();
  const [oldest] = history.points;
  assert(oldest !== undefined && history.points.length === 2, `${history.points.length} points`);
  equal(history.seq, Math.max(...were.keys()), 'the last write');
  assert(oldest.time instanceof Date && oldest.bytes > 0 && oldest.logBytes > 0, JSON.stringify(oldest));
  let asked = 0;
  for (const [seq, was] of were) {
    if (seq < oldest.seq) {
      const error = await rejects('Invalid', db.asOf(seq), `write ${seq}`);
      assert(error.expected?.includes(String(oldest.seq)) === true, error.expected ?? 'nothing expected');
      continue;
    }
    const then = await db.asOf(seq);
    equal(then.seq, seq, 'its write');
    same(await contents(then), was, `as of write ${seq}`);
    await then.close();
    asked += 1;
  }
  equal(asked, 7, 'points asked for');
  const then = await db.asOf('latest');
  const words = await then.collection('notes');
  same(
    (await then.collections()).map((one) => [one.name, one.rows]),
    [['notes', await words.count()]],
    'collections',
  );
  await (await db.collection('notes')).upsert([{ id: 'later', vector: [1, 0, 0] }]);
  equal(await words.get('later'), undefined, 'what came later');
  const found = await words.query([1, 0, 0], { topK: 3, returnVectors: true });
  equal(found.matches.length, 3, 'matches');
  await rejects('Invalid', words.upsert([{ id: 'x', vector: [1, 0, 0] }]), 'a write into the past');
  await rejects('Invalid', then.collection('others'), 'a collection that there was not');
  await then.close();
  await then.close();
  await rejects('Closed', words.count(), 'after its end');
  const moments: [Moment, number | undefined][] = [
    [new Date(), history.seq + 1],
    [new Date().toISOString(), history.seq + 1],
    [new Date(2000, 1, 1), undefined],
    ['yesterday or so', undefined],
    [-1, undefined],
    [history.seq + 9, undefined],
  ];
  for (const [moment, seq] of moments) {
    if (seq === undefined) await rejects('Invalid', db.asOf(moment), String(moment));
    else {
      const past = await db.asOf(moment);
      equal(past.seq, seq, String(moment));
      await past.close();
    }
  }
}

async function whole(session: Session): Promise<void> {
  let { db } = session;
  const notes = await db.collection('notes', { dimension: 3 });
  await notes.upsert(columns(30, 3, 1));
  await db.checkpoint();
  const { seq } = await notes.upsert(columns(10, 3, 2, 25));
  const was = await contents(db);
  await notes.delete({ filter: { n: { $lt: 20 } } });
  await (await db.collection('others', { dimension: 2 })).upsert([{ id: 'a', vector: [1, 1] }]);
  const is = await contents(db);
  const last = (await db.history()).seq;
  const told: Change[] = [];
  db.on('change', (change) => told.push(change));
  const then = await db.asOf(seq);
  const phases = new Set<string>();
  const reading = notes.count();
  const done = await then.restoreAll({ onProgress: ({ phase }) => phases.add(phase) });
  same([done.collections, done.rows], [1, 35], JSON.stringify(done));
  assert(phases.has('restore'), [...phases].join());
  assert([15, 35].includes(await reading), 'a count meanwhile');
  same(await contents(db), was, 'what it was');
  equal(
    (await notes.query(columns(1, 3, 2, 25).vectors, { topK: 1 })).matches[0]?.id,
    'row-00025',
    'a query',
  );
  await rejects('Closed', then.collections(), 'after it was restored');
  assert(
    told.some(({ op, collection }) => op === 'restore' && collection === null),
    JSON.stringify(told),
  );
  equal((await db.history()).seq, last + 1, 'one write more');
  if (session.place.keeps) {
    db = await session.reopen();
    same(await contents(db), was, 'opened again');
  }
  await (await db.collection('notes')).upsert([{ id: 'new', vector: [0, 1, 0] }]);
  equal((await db.check()).ok, true, 'check');
  await (await db.asOf(last)).restoreAll();
  same(await contents(db), is, 'and back');
}

async function rows({ db }: Session): Promise<void> {
  const notes = await db.collection('notes', { dimension: 2 });
  const row = (id: string, n: number) => ({
    id,
    vector: [n, 1],
    metadata: { n, kind: n % 2 ? 'odd' : 'even' },
  });
  const { seq } = await notes.upsert([1, 2, 3, 4].map((n) => row(`r${n}`, n)));
  const before = await contents(db, false);
  await notes.upsert([row('r1', 10), row('r9', 9)]);
  await notes.delete('r3');
  await notes.update('r2', { n: 0 });
  const then = await db.asOf(seq);
  const changes = await then.diff('notes');
  same(
    changes.map(({ id, change, then: was, now }) => [id, change, was?.metadata['n'], now?.metadata['n']]),
    [
      ['r1', 'changed', 1, 10],
      ['r2', 'changed', 2, 0],
      ['r3', 'deleted', 3, undefined],
    ],
    'all rows of then',
  );
  equal(changes[0]?.then?.vector?.length, 2, 'with vectors');
  const kinds = async (scope: Parameters<typeof then.diff>[1]) =>
    (await then.diff('notes', scope)).map(({ id, change }) => `${id} ${change}`);
  same(await kinds(['r9', 'r4', 'r3']), ['r9 added', 'r3 deleted'], 'by id');
  same(await kinds({ filter: { kind: 'even' } }), ['r2 changed'], 'by a filter of then');
  await rejects('Invalid', then.diff('notes', { ids: ['a'], filter: {} }), 'two scopes');
  same(
    await then.restore('notes', 'r4'),
    { written: 0, deleted: 0, seq: (await db.history()).seq },
    'as it was',
  );
  const first = await then.restore('notes', { filter: { kind: 'odd' } });
  same([first.written, first.deleted], [2, 0], 'odd ones');
  equal((await notes.get('r2'))?.metadata['n'], 0, 'others stay');
  const second = await then.restore('notes', ['r2', 'r9']);
  same([second.written, second.deleted], [1, 1], 'the rest');
  same(await contents(db, false), before, 'all of it');
  // It can be undone in the same way.
  const undone = await db.asOf(first.seq);
  same(await undone.restore('notes', 'r2'), { written: 1, deleted: 0, seq: second.seq + 1 + 0 }, 'undone');
  equal((await notes.get('r2'))?.metadata['n'], 0, 'as it was in between');
  await undone.close();
  await notes.rebuild({ config: { metric: 'dot' } });
  await rejects('Mismatch', then.diff('notes'), 'another metric');
  await db.dropCollection('notes');
  await rejects('Invalid', then.diff('notes'), 'a collection that is gone');
  await then.close();
}
