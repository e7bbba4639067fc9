/** Looking after a database: what was done is noted and can be read. */

import { assert, type Case, equal, rejects, same } from '../check.js';
import { everywhere, type Place, type Session } from './place.js';
import { columns } from './rows.js';

export function upkeepCases(all: Place[]): Case[] {
  return [...everywhere(all, 'what was done is in the audit log', audited)];
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
