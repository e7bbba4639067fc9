// Chains of archives: what does not follow is refused before anything is read, and what failed is noted with its id.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

const dist = pathToFileURL(`${process.env.LODESTORE_DIST}/`);
const { brokenLink } = await import(new URL('archive/chain.js', dist));
const { open } = await import(new URL('index.node.js', dist));

const full = { type: 'full', archive: 'a', fromSeq: 0, toSeq: 5 };
const next = { type: 'incremental', archive: 'b', base: 'a', fromSeq: 5, toSeq: 7 };
const third = { type: 'incremental', archive: 'c', base: 'b', fromSeq: 7, toSeq: 9 };
const differential = { type: 'differential', archive: 'd', base: 'a', fromSeq: 5, toSeq: 9 };
const heads = (...manifests) => manifests.map((manifest) => ({ version: 4, database: 'x', manifest }));

test('what follows is taken, and what does not is named', () => {
  for (const chain of [[full], [full, next], [full, next, third], [full, differential]])
    assert.equal(brokenLink(heads(...chain), true), undefined);
  // By itself, or without the beginning, it can be verified and not restored.
  assert.equal(brokenLink(heads(next, third), false), undefined);
  const wrong = [
    [[next], 0, 'a'],
    [[full, third], 1, 'b'],
    [[full, next, differential], 2, 'a'],
    [[full, full], 1, undefined],
    [[full, { ...next, fromSeq: 6 }], 1, 'a'],
  ];
  for (const [chain, at, missing] of wrong) {
    const broken = brokenLink(heads(...chain), true);
    assert.deepEqual([broken.at, broken.missing, broken.error.code], [at, missing, 'Invalid']);
    if (missing !== undefined)
      assert.match(broken.error.expected, new RegExp(`^archive ${missing}, up to write`));
  }
  const [one, other] = heads(full, next);
  assert.equal(brokenLink([one, { ...other, database: 'y' }], true).error.code, 'Mismatch');
  assert.equal(brokenLink([one, { ...other, version: 2, manifest: undefined }], false).error.code, 'Invalid');
  // Without its key nothing is known of what it follows.
  assert.equal(brokenLink([one, { ...other, manifest: undefined }], false), undefined);
});

async function archives() {
  const db = await open('chain', { storage: 'memory' });
  const notes = await db.collection('notes', { dimension: 2 });
  const made = [];
  for (const [n, options] of [{}, { type: 'incremental' }, { type: 'incremental' }].entries()) {
    await notes.upsert([{ id: `r${n}`, vector: [n, 1] }]);
    const since = made.at(-1)?.done;
    const stream = await db.backup({ ...options, ...(since && { since }) });
    const file = new Uint8Array(await new Response(stream).arrayBuffer());
    made.push({ file, done: await stream.done });
  }
  return { db, notes, made };
}

const refuses = (work, code, message) =>
  assert.rejects(work, (error) => error.code === code && message.test(error.message));

test('a gap is refused by verify at every level, and by restore before anything is read', async () => {
  const { db, made } = await archives();
  const [a, , c] = made.map(({ file }) => file);
  for (const level of [1, 2, 3, 4]) await refuses(db.verify([a, c], { level }), 'Invalid', /is missing/);
  await refuses(db.restore([a, c]), 'Invalid', /is missing/);
  const { file: locked } = await (async () => {
    const stream = await db.backup({ encrypt: { key: new Uint8Array(32) } });
    return { file: new Uint8Array(await new Response(stream).arrayBuffer()) };
  })();
  await refuses(db.restore(locked), 'Invalid', /is encrypted/);
  await db.close();
});

test('what failed is noted with the id of the archive', async () => {
  const { db, made } = await archives();
  const [{ file, done }] = made;
  const bad = file.slice();
  bad[bad.length - 60] ^= 1;
  for (const level of [2, 3, 4]) await refuses(db.verify(bad, { level }), 'Corrupt', /./);
  await refuses((await db.restore(bad)).stage(), 'Corrupt', /./);
  await refuses(db.drill({ backup: done.archive, fetch: async () => bad }), 'Corrupt', /./);
  const { entries } = await db.audit();
  const failed = entries.filter(({ details }) => details.ok === false);
  assert.deepEqual(
    failed.map(({ kind, details }) => [kind, details.archive ?? details.what]),
    [
      ['verify', done.archive],
      ['verify', done.archive],
      ['verify', done.archive],
      ['restore', `archive ${done.archive}`],
      ['drill', done.archive],
    ],
  );
  const [known] = (await db.catalog()).archives;
  assert.deepEqual([known.verified.ok, known.drilled.ok], [false, false]);
  await db.close();
});

test('without ids and without a filter, all rows that a collection had come back', async () => {
  const { db, notes, made } = await archives();
  await notes.delete(['r0']);
  await notes.upsert([{ id: 'r9', vector: [9, 9] }]);
  const restore = await db.restore(
    made.map(({ file }) => file),
    { only: { collection: 'notes' } },
  );
  const { written, deleted } = await restore.commit();
  assert.deepEqual([written, deleted, await notes.count()], [1, 0, 4]);
  await refuses(
    db.restore(made[0].file, { only: { collection: 'notes', ids: ['a'], filter: {} } }),
    'Invalid',
    /only/,
  );
  await db.close();
});
