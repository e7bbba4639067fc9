/** Backups, verification and restores, on every storage in every host. */

import { LodestoreError, open } from 'lodestore';
import type { ArchiveSource, BackupOptions, Database } from 'lodestore';
import { assert, type Case, equal, rejects, same } from '../check.js';
import { everywhere, type Place, type Session } from './place.js';
import { columns } from './rows.js';

export function backupCases(all: Place[]): Case[] {
  return [
    ...everywhere(all, 'a chain of backups is restored up to any write', chained),
    ...everywhere(all, 'backups are verified in levels, and damage is refused', verified),
    ...everywhere(all, 'a restore is staged beside the database', staged),
    ...everywhere(all, 'single rows come back from a backup', rowsOnly),
    ...everywhere(all, 'a drill finds what was planted', drilled),
  ];
}

async function made(db: Database, options: BackupOptions = {}) {
  const stream = await db.backup(options);
  const file = new Uint8Array(await new Response(stream).arrayBuffer());
  return { file, ...(await stream.done) };
}

async function filled(db: Database, rows: number) {
  const notes = await db.collection('notes', {
    dimension: 8,
    index: 'hnsw',
    model: { id: 'm', version: '1' },
  });
  await notes.upsert(columns(rows, 8, 1, 0));
  return notes;
}

async function chained({ db }: Session): Promise<void> {
  const notes = await filled(db, 300);
  const encrypt = { key: crypto.getRandomValues(new Uint8Array(32)) };
  const base = await made(db, { encrypt, compress: true });
  equal(base.bytes, base.file.length, 'bytes');
  equal(base.manifest.rows, 300, 'rows');
  const { seq: gone } = await notes.delete(['row-00001', 'row-00002']);
  await notes.upsert(columns(5, 8, 2, 1000));
  const next = await made(db, { type: 'incremental', since: base, encrypt });
  equal(next.manifest.frames, 2, 'frames');
  await notes.upsert(columns(300, 8, 3, 0));
  // From the archive itself, which has to be opened for it.
  const differential = await made(db, { type: 'differential', since: base.file, encrypt });
  equal(differential.manifest.base, base.manifest.archive, 'what it follows');

  const all = await db.restore([base.file, next.file], { encrypt });
  equal(all.plan.rows, 303, 'rows of the plan');
  assert((all.plan.etaMs.content ?? 0) > 0, 'an estimate');
  const phases = new Set<string>();
  const validation = await all.stage({ onProgress: ({ phase }) => void phases.add(phase) });
  same([validation.rows, validation.queries === validation.found], [303, true], 'what was found');
  assert(phases.has('content') && phases.has('index'), `phases ${[...phases].join()}`);
  await all.commit();
  equal(await notes.count(), 303, 'both');
  const some = await db.restore([base.file, next.file], { encrypt, to: gone });
  await some.commit();
  equal(await notes.count(), 298, 'up to the deletion');
  await (await db.restore([base.file, differential.file], { encrypt })).commit();
  equal(await notes.count(), 305, 'by the differential one');
  // Everything before the restore is in the history.
  await (await db.restore('history', { to: (await db.history()).points[0]!.seq })).commit();

  const missing = await rejects(
    'Invalid',
    made(db, { type: 'incremental', since: base, encrypt }),
    'behind a restore',
  );
  assert(missing instanceof LodestoreError, 'typed');
  const refusals: [string, ArchiveSource[], BackupOptions['encrypt'], 'Invalid' | 'Mismatch'][] = [
    ['without its key', [base.file], undefined, 'Invalid'],
    ['with another key', [base.file], { key: new Uint8Array(32) }, 'Mismatch'],
    ['with a passphrase', [base.file], { passphrase: 'x' }, 'Invalid'],
    ['without the one before', [next.file], encrypt, 'Invalid'],
    ['in another order', [next.file, base.file], encrypt, 'Invalid'],
  ];
  const count = await notes.count();
  for (const [what, archives, key, code] of refusals) {
    const restoring = async () => {
      await using restore = await db.restore(archives, { ...(key && { encrypt: key }) });
      return restore.commit();
    };
    await rejects(code, restoring(), what);
  }
  equal(await notes.count(), count, 'nothing changed');
  assert((await db.check()).ok, 'whole');
  const kinds = (await db.audit()).entries.map((entry) => entry.kind);
  same(kinds.filter((kind) => kind === 'backup').length, 3, 'backups that were noted');
  equal((await db.catalog()).archives.length, 3, 'archives that are known');
}

async function verified({ db }: Session): Promise<void> {
  await filled(db, 200);
  const old = new Uint8Array(await new Response(db.export()).arrayBuffer());
  for (const compress of [false, true]) {
    const { file: archive, sha256 } = await made(db, { compress });
    for (const level of [1, 2, 3, 4] as const) {
      const report = await db.verify(new Blob([archive]), { level });
      equal(report.rows, 200, `rows at level ${level}`);
      if (level > 1) equal(report.sha256, sha256, 'digest');
      equal(report.restored?.rows, level === 4 ? 200 : undefined, 'rows read back');
      assert(
        report.levels.some((one) => one.level === level),
        'what was done',
      );
    }
    const bad = archive.slice();
    bad[bad.length >> 1]! ^= 1;
    for (const level of [2, 3, 4] as const)
      await rejects('Corrupt', db.verify(bad, { level }), `damage at level ${level}`);
    await rejects('Corrupt', db.verify(archive.slice(0, -9), { level: 2 }), 'cut off');
    const [failed] = (await db.audit({ kind: 'verify' })).entries.filter(
      (entry) => entry.details['ok'] === false,
    );
    assert(typeof failed?.details['archive'] === 'string', 'which one failed is noted');
  }
  equal((await db.verify(old)).version < 4 && (await db.verify(old)).rows, 200, 'an older archive');
  await rejects('Corrupt', db.verify(new Uint8Array(500)), 'no archive');
  await rejects('Invalid', db.verify(old, { level: 5 as never }), 'no level');
}

async function staged({ db }: Session): Promise<void> {
  const notes = await filled(db, 150);
  const { file: archive } = await made(db);
  await notes.delete(['row-00003']);
  await db.checkpoint();
  const before = (await db.stats()).bytes.total;
  const restore = await db.restore(archive);
  await restore.stage();
  // Reads and writes go on, and what is staged can be asked.
  await notes.upsert(columns(2, 8, 9, 5000));
  equal(await notes.count(), 151, 'live');
  const then = await restore.past.collection('notes');
  equal(await then.count(), 150, 'staged');
  const changes = await restore.diff('notes', ['row-00003', 'row-00004']);
  same(
    changes.map(({ id, change }) => [id, change]),
    [['row-00003', 'deleted']],
    'what would change',
  );
  await restore.abort();
  await restore.abort();
  await rejects('Closed', restore.commit(), 'given up');
  await notes.delete(['row-05000', 'row-05001']);
  await db.checkpoint();
  const after = (await db.stats()).bytes.total;
  assert(after < before * 1.5, `${after} bytes after ${before}: something was left`);
  equal(await notes.count(), 149, 'nothing changed');

  const controller = new AbortController();
  const given = await db.restore(archive);
  const reason = new Error('enough');
  const stopping = given.stage({ signal: controller.signal, onProgress: () => controller.abort(reason) });
  equal(await stopping.catch((error: unknown) => error), reason, 'the reason of the signal');
  equal(await notes.count(), 149, 'nothing changed, again');

  await (await db.restore(archive)).commit();
  equal(await notes.count(), 150, 'committed');
  await db.dropCollection('notes');
  await db.collection('notes', { dimension: 8, index: 'hnsw', model: { id: 'm', version: '2' } });
  await rejects('Mismatch', (await db.restore(archive)).commit(), 'vectors of another model');
  await (await db.restore(archive, { allowModelChange: true })).commit();
}

async function rowsOnly({ db }: Session): Promise<void> {
  const notes = await filled(db, 60);
  const { file: archive } = await made(db, { compress: true });
  const was = await notes.get(['row-00005'], { returnVectors: true });
  await notes.delete(['row-00004']);
  await notes.upsert(columns(20, 8, 7, 0));
  const { seq } = await notes.upsert(columns(1, 8, 8, 900));
  const restore = await db.restore(archive, {
    only: { collection: 'notes', ids: ['row-00004', 'row-00005'] },
  });
  const done = await restore.commit();
  assert('written' in done && done.written >= 1, 'rows were written');
  const is = await notes.get(['row-00005'], { returnVectors: true });
  same([...is[0]!.vector!], [...was[0]!.vector!], 'as it was');
  equal(await notes.count(), 61, 'the others stay');
  assert((await db.stats()).seq > seq, 'by ordinary writes');
}

async function drilled({ db }: Session): Promise<void> {
  const notes = await filled(db, 120);
  const base = await made(db);
  const good = await db.drill({ backup: base.file });
  same([good.ok, good.differences, good.rows, good.problems], [true, 0, 120, []], 'nothing was planted');
  assert(good.recall > 0.95 && good.queries > 0, `recall ${good.recall}`);
  // The same database but for one number of one row, and one row that is gone.
  const twin = await open('twin', { storage: 'memory' });
  const others = await filled(twin, 120);
  await others.upsert([{ id: 'row-00007', vector: new Float32Array(8).fill(1), metadata: { n: 7 } }]);
  await notes.upsert([{ id: 'row-00007', vector: new Float32Array(8).fill(1.0001), metadata: { n: 7 } }]);
  await others.delete(['row-00009']);
  await notes.delete(['row-00008']);
  const planted = await made(twin);
  await twin.close();
  const bad = await db.drill({ backup: planted.file });
  same([bad.ok, bad.differences], [false, 3], 'what was planted');
  same(
    bad.different.map(({ id, what }) => `${id} ${what}`).sort(),
    ['row-00007 vector', 'row-00008 extra', 'row-00009 missing'],
    'which they are',
  );
  const kinds = (await db.audit({ kind: 'drill' })).entries;
  equal(kinds.length, 2, 'drills that were noted');
  await rejects('Invalid', db.drill({ backup: 'random' }), 'without a way to get it');
  const fetched = await db.drill({ backup: base.manifest.archive, fetch: async () => base.file });
  equal(fetched.archives[0], base.manifest.archive, 'of the catalog');
}
