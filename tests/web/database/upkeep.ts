/** Looking after a database: what was done is noted and can be read, what is to be kept is, and the rest goes. */

import { assert, type Case, equal, rejects, same } from '../check.js';
import { everywhere, type Place, type Session } from './place.js';
import { columns } from './rows.js';

export function upkeepCases(all: Place[]): Case[] {
  return [
    ...everywhere(all, 'what was done is in the audit log', audited),
    ...everywhere(
      all,
      'a policy is obeyed by whoever opens it, and the history says what it leaves',
      retained,
    ),
  ];
}

async function audited(session: Session): Promise<void> {
  let { db } = session;
  same(await db.audit(), { entries: [], damage: [] }, 'nothing was done');
  const notes = await db.collection('notes', { dimension: 3 });
  const { seq } = await notes.upsert(columns(12, 3, 1, 0));
  const archive = new Uint8Array(await new Response(db.export()).arrayBuffer());
  await db.checkpoint();
  await notes.delete('row-00001');
  await db.import(archive, { replace: true });
  const bad = archive.slice();
  bad[bad.length >> 1]! ^= 1;
  await rejects('Corrupt', db.import(bad, { replace: true }), 'a damaged archive');
  await rejects('Invalid', db.import(archive), 'one for an empty database');
  const then = await db.asOf(seq);
  await then.restoreAll();
  const started = Date.now();
  if (session.place.keeps) db = await session.reopen();
  const { entries, damage } = await db.audit();
  same(damage, [], 'damage');
  same(
    entries.map((one) => [one.seq, one.kind, one.details['what'], one.details['ok']]),
    [
      [1, 'restore', 'import', true],
      [2, 'restore', 'import', false],
      [3, 'restore', `write ${seq}`, true],
    ],
    'entries',
  );
  equal(entries[1]?.details['error'], 'Corrupt', 'why it failed');
  equal((entries[0]?.details['result'] as { rows: number }).rows, 12, 'rows');
  const time = entries[2]?.time.getTime() ?? 0;
  assert(time <= started && time > started - 60_000, `noted at ${time}, not before ${started}`);
  same((await db.audit({ last: 2, kind: 'restore' })).entries, entries.slice(1), 'the last two');
  same((await db.audit({ kind: 'backup' })).entries, [], 'of another kind');
  for (const last of [0, -1, 1.5, 1e6]) await rejects('Invalid', db.audit({ last }), `last: ${last}`);
  await rejects('Invalid', db.audit({ kind: 1 as never }), 'a kind that is none');
  same(await db.catalog(), { archives: [], damage: [] }, 'no archive is known');
  await rejects('Invalid', db.forget('0123456789abcdef0123456789abcdef'), 'an archive that is not known');
  assert((await db.check()).ok, 'whole');
}

async function retained(session: Session): Promise<void> {
  let { db } = session;
  const again = async (): Promise<void> => {
    if (session.place.keeps) db = await session.reopen();
  };
  equal(await db.retention(), undefined, 'nothing was said');
  const policy = { snapshots: { last: 4 }, archives: { monthly: 3 } };
  await db.setRetention(policy);
  await again();
  same(await db.retention(), policy, 'what was said');
  const notes = await db.collection('notes', { dimension: 3 });
  const seqs: number[] = [];
  for (let round = 0; round < 6; round += 1) {
    seqs.push((await notes.upsert(columns(5, 3, round + 1, 5 * round))).seq);
    await db.checkpoint();
    await notes.update({ filter: {} }, { round });
    // As of the moment of a checkpoint is also what the next round wrote within the same millisecond.
    const moment = Date.now();
    while (Date.now() === moment) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await again();
  const { points } = await db.history();
  same(
    points.map((point) => point.seq),
    seqs.slice(2),
    'points',
  );
  const alone = points.slice(0, 2);
  assert(
    alone.every((point) => point.toSeq === point.seq && point.logBytes === 0),
    JSON.stringify(points),
  );
  for (const [i, point] of alone.entries()) {
    // Rounds may end within one millisecond: as of that moment is what the last of them left.
    const last = points.map((one) => one.time.getTime()).lastIndexOf(point.time.getTime());
    for (const [moment, round] of [
      [point.seq, i],
      [point.time, last],
    ] as const) {
      const then = await db.asOf(moment);
      equal(await (await then.collection('notes')).count(), 5 * (round + 3), `as of ${String(moment)}`);
      await then.close();
    }
    await rejects('Invalid', db.asOf(point.seq + 1), 'what followed it');
  }
  const files = async (): Promise<unknown> => (await db.stats()).bytes.total;
  const before = await files();
  const planned = await db.prune({ policy: { snapshots: { last: 3 } }, dryRun: true });
  equal(await files(), before, 'bytes after a dry run');
  same([planned.dryRun, planned.snapshots, planned.archives], [true, 1, []], 'a dry run');
  same(
    planned.points.map((point) => [point.seq, point.keep, point.why]),
    [
      [seqs[2], false, []],
      [seqs[3], true, ['last']],
      [seqs[4], true, ['last', 'newest']],
      [seqs[5], true, ['last', 'newest']],
    ],
    'why',
  );
  const done = await db.prune({ policy: { snapshots: { last: 3 } } });
  same({ ...planned, dryRun: false }, done, 'what was done is what was planned');
  same((await db.prune()).policy, policy, 'the stored policy');
  equal((await db.history()).points.length, 3, 'points');
  equal((await db.prune({ keep: 1 })).snapshots, 2, 'by number');
  const { entries } = await db.audit({ kind: 'prune' });
  same(
    entries.map(({ details }) => [details['what'], (details['result'] as { snapshots: number }).snapshots]),
    [
      ['policy', 1],
      ['keep', 2],
    ],
    'entries',
  );
  await db.setRetention(undefined);
  await again();
  equal(await db.retention(), undefined, 'taken back');
  assert((await db.check()).ok, 'whole');
  for (const wrong of [
    5,
    null,
    { snapshots: { last: 1 } },
    { snapshots: { hourly: 1 } },
    { history: { days: -1 } },
  ]) {
    await rejects('Invalid', db.setRetention(wrong as never), JSON.stringify(wrong));
    await rejects('Invalid', db.prune({ policy: wrong as never }), JSON.stringify(wrong));
  }
  await rejects('Invalid', db.prune({ keep: 1, policy }), 'two ways at once');
}
