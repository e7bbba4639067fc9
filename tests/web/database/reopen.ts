/** What was written is there when the database is opened again: from the log, from snapshots, from both. */

import { type Case, assert, equal, same } from '../check.js';
import { contents, everywhere, type Place, type Session } from './place.js';
import { columns, metadata, vectors } from './rows.js';

/** Small enough that a few writes outgrow it. */
const LOG_BYTES = 20_000;

export function reopenCases(all: Place[]): Case[] {
  const keeping = all.filter((place) => place.keeps);
  return [
    ...everywhere(keeping, 'a reopened database holds what it held, from the log alone', fromLog),
    ...everywhere(keeping, 'and from a snapshot, and from a snapshot and the log after it', fromSnapshot),
    ...everywhere(all, 'a checkpoint writes what changed and keeps two snapshots', checkpoints),
    ...everywhere(keeping, 'checkpoints come by themselves, keep the log short and lose nothing', automatic, {
      checkpointLogBytes: LOG_BYTES,
    }),
    ...everywhere(all, '20 upserts at once are all there, each in its turn', together),
  ];
}

/** Every kind of write. */
async function fill({ db }: Session): Promise<void> {
  const notes = await db.collection('notes', { dimension: 8, model: { id: 'm', version: '1' } });
  await notes.upsert(columns(1500, 8, 1));
  await notes.delete({ filter: { lang: 'fi', n: { $lt: 300 } } });
  await notes.update({ filter: { n: { $lt: 20 } } }, { changed: true });
  await notes.upsert(columns(10, 8, 2, 5));
  const other = await db.collection('other', { dimension: 1, metric: 'euclidean' });
  await other.upsert([{ id: 'ä', vector: [-0], metadata: { s: '\u0000"\\\u2028' } }]);
  const dropped = await db.collection('dropped', { dimension: 1, metric: 'dot' });
  await dropped.upsert([{ id: 'x', vector: [1] }]);
  await db.dropCollection('dropped');
}

async function fromLog(session: Session): Promise<void> {
  const { db } = session;
  const report = db.openReport;
  same(
    [report.snapshot, report.rows, report.framesReplayed, report.bytesDropped],
    [null, 0, 0, 0],
    'a new one',
  );
  await fill(session);
  const { seq } = await db.stats();
  const before = await contents(db);
  const again = (await session.reopen()).openReport;
  same(
    [again.snapshot, again.framesReplayed, again.bytesDropped, again.rowsQuarantined, again.snapshotsSkipped],
    [null, seq, 0, 0, []],
    'every write is replayed',
  );
  same(
    again.phases.map((phase) => phase.name),
    ['list', 'snapshot', 'log', 'repair'],
    'phases',
  );
  assert(
    again.phases.every((phase) => phase.ms >= 0),
    'times',
  );
  equal(await contents(session.db), before, 'contents');
  equal((await session.db.stats()).seq, seq, 'seq');
  same((await session.db.check()).problems, [], 'problems');
}

async function fromSnapshot(session: Session): Promise<void> {
  await fill(session);
  const before = await contents(session.db);
  const checkpoint = await session.db.checkpoint();
  equal(await contents(session.db), before, 'contents after the checkpoint');
  let report = (await session.reopen()).openReport;
  same([report.snapshot, report.framesReplayed], [checkpoint.generation, 0], 'nothing is left to replay');
  equal(await contents(session.db), before, 'contents from the snapshot');

  const notes = await session.db.collection('notes');
  await notes.upsert(columns(3, 8, 3, 9000));
  await notes.delete('row-00001');
  const after = await contents(session.db);
  report = (await session.reopen()).openReport;
  same([report.snapshot, report.framesReplayed], [checkpoint.generation, 2], 'the writes since are replayed');
  equal(report.rows, JSON.parse(after).flatMap((one: [unknown, unknown[]]) => one[1]).length, 'rows');
  equal(await contents(session.db), after, 'contents from both');
  const check = await session.db.check();
  same([check.ok, check.problems, check.frames], [true, [], 2], 'check');
  const found = await (await session.db.collection('notes')).query(vectors(1, 8, 3), { topK: 1 });
  equal(found.matches[0]?.id, 'row-09000', 'and it is found');
}

async function checkpoints({ db }: Session): Promise<void> {
  const notes = await db.collection('notes', { dimension: 4 });
  await notes.upsert(columns(3000, 4, 1));
  const progress: string[] = [];
  const first = await db.checkpoint({ onProgress: (step) => progress.push(step.phase) });
  // Three row groups, each with a block of vectors and one of rows.
  same([first.blocksWritten, first.blocksReused], [6, 0], 'blocks of the first');
  assert(progress.includes('checkpoint'), `progress was ${progress.join()}`);
  await notes.update('row-00000', { one: 1 });
  const second = await db.checkpoint();
  same([second.blocksWritten, second.blocksReused], [1, 5], 'a changed row of metadata is one block');
  assert(
    second.bytesWritten < first.bytesWritten / 2,
    `${second.bytesWritten} of ${first.bytesWritten} bytes`,
  );
  for (let i = 0; i < 4; i += 1) {
    await notes.upsert(columns(1, 4, i, 10_000 + i));
    await db.checkpoint();
    const stats = await db.stats();
    assert(stats.snapshots.length <= 2, `${stats.snapshots.length} snapshots`);
    const [newest, older] = stats.snapshots;
    assert((newest?.generation ?? 0) > (older?.generation ?? 0), 'newest first');
    equal(newest?.seq, stats.seq, 'the newest covers everything');
    const { log, blocks, snapshots, other, total } = stats.bytes;
    equal(log + blocks + snapshots + other, total, 'bytes by kind add up');
    assert(blocks > 3000 * 4 * 4 && snapshots > 0 && log >= stats.logBytes, 'bytes by kind');
    equal(other, 0, 'nothing else lies there');
  }
  const check = await db.check();
  same([check.ok, check.rows], [true, 3004], 'check');
}

async function automatic(session: Session): Promise<void> {
  const { db } = session;
  const notes = await db.collection('notes', { dimension: 16 });
  let longest = 0;
  for (let i = 0; i < 60; i += 1) {
    await notes.upsert(columns(20, 16, i, i * 10));
    longest = Math.max(longest, (await db.stats()).logBytes);
  }
  const stats = await db.stats();
  assert(stats.snapshots.length === 2, `${stats.snapshots.length} snapshots: none was made?`);
  // 20 rows are about 4 kB; a log may be half as long as the snapshot, and one write longer.
  const bound = Math.max(LOG_BYTES, (stats.snapshots[0]?.bytes ?? 0) / 2) + 2 * 4096;
  assert(longest <= bound, `the log grew to ${longest}, more than ${bound}`);
  const before = await contents(db);
  const report = (await session.reopen()).openReport;
  assert(report.snapshot !== null && report.framesReplayed < 60, 'opened from a snapshot');
  equal(await contents(session.db), before, 'contents');
  same((await session.db.check()).problems, [], 'problems');
}

async function together(session: Session): Promise<void> {
  const { db, place } = session;
  const notes = await db.collection('notes', { dimension: 2 });
  const writes = Array.from({ length: 20 }, (_, i) =>
    notes.upsert([
      { id: `own-${i}`, vector: [1, i], metadata: metadata(i) },
      { id: 'shared', vector: [i, 1], metadata: { last: i } },
    ]),
  );
  const results = await Promise.all(writes);
  equal(new Set(results.map((result) => result.seq)).size, 20, 'each has a sequence number of its own');
  equal(await notes.count(), 21, 'rows');
  const shared = await notes.get('shared');
  // Calls are carried out in the order in which they were made.
  same(
    [shared?.metadata, shared?.seq],
    [{ last: 19 }, Math.max(...results.map(({ seq }) => seq))],
    'the last one',
  );
  if (!place.keeps) return;
  const before = await contents(db);
  equal(await contents(await session.reopen()), before, 'after reopening');
}
