// The command line looks after a database: the audit log, the catalog, what is to be kept.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { workplace } from '../command-line.mjs';

const row = (id, n) => `${JSON.stringify({ id, vector: [n, 1], metadata: { n } })}\n`;

/** A database of some rows, its backup, and the functions to go on with. */
async function start(context) {
  const place = await workplace(context);
  await writeFile(place.at('some.jsonl'), row('a', 1) + row('b', 2));
  await place.expect(0, ['import', 'notes', 'words', 'some.jsonl']);
  await place.expect(0, ['backup', 'notes', 'notes.lode']);
  return place;
}

async function audited(context) {
  const { at, expect, json } = await start(context);
  assert.match(
    (await expect(0, ['catalog', 'notes'])).stdout,
    /^\w{32} full, [^]*\n  at .*notes\.lode\n  never/,
  );
  const bad = await readFile(at('notes.lode'));
  // In its last chunk: what comes before that says which archive it is.
  bad[bad.length - 60] ^= 1;
  await writeFile(at('bad.lode'), bad);
  await expect(1, ['restore', 'notes', 'bad.lode', '--replace']);
  await expect(0, ['restore', 'notes', 'notes.lode', '--replace']);
  const { result } = await json(0, ['audit', 'notes']);
  const restores = result.entries.filter(({ kind }) => kind === 'restore');
  assert.deepEqual(
    restores.map(({ details }) => [/^archive \w{32}$/.test(details.what), details.ok, details.error]),
    [
      [true, false, 'Corrupt'],
      [true, true, undefined],
    ],
  );
  const { stdout } = await expect(0, ['audit', 'notes', '--kind', 'restore']);
  assert.match(stdout, /^\S+Z restore FAILED \{"what":"archive \w+","error":"Corrupt".*\n\S+Z restore ok \{/);
  const last = await json(0, ['audit', 'notes', '--kind', 'restore', '--last', '1']);
  assert.deepEqual(last.result.entries, restores.slice(1));
  assert.equal((await expect(0, ['audit', 'notes', '--kind', 'drill'])).stdout, 'nothing was noted\n');

  // A damaged log is told of, and the rest of it listed.
  const file = at('.lodestore/notes/audit-1');
  const bytes = await readFile(file);
  bytes[100] ^= 1;
  await writeFile(file, bytes);
  const damaged = await json(1, ['audit', 'notes']);
  assert.equal(damaged.result.entries.length, result.entries.length - 1);
  assert.match(
    (await expect(1, ['catalog', 'notes'])).stdout,
    /^damaged: audit-1: \d+ bytes do not verify\n$/,
  );
  assert.equal((await json(0, ['check', 'notes'])).result.ok, true);
}

/** A policy is tried, stored, obeyed and taken back. */
async function kept(context) {
  const { at, expect, json } = await start(context);
  for (let n = 0; n < 5; n += 1) {
    await writeFile(at('some.jsonl'), row('a', n) + row(`c${n}`, n));
    await expect(0, ['import', 'notes', 'words', 'some.jsonl']);
    // A backup begins with a snapshot.
    await expect(0, ['backup', 'notes', `kept-${n}.lode`]);
    if (n === 0) {
      const saved = await json(0, ['prune', 'notes', '--keep-last', '4', '--save']);
      assert.equal(saved.result.saved, true);
      assert.deepEqual(saved.result.policy, { snapshots: { last: 4 } });
    }
  }
  const { points } = (await json(0, ['history', 'notes'])).result;
  assert.equal(points.length, 4);
  const planned = await json(0, ['prune', 'notes', '--keep-last', '3', '--dry-run']);
  assert.deepEqual([planned.result.dryRun, planned.result.snapshots], [true, 1]);
  assert.deepEqual(
    planned.result.points.map(({ keep }) => keep),
    [false, true, true, true],
  );
  const told = (await expect(0, ['prune', 'notes', '--keep-last', '3', '--dry-run'])).stdout;
  assert.match(
    told,
    /^write \d+, \S+Z: would go\nwrite \d+, \S+Z: stays \(last\)\n[\s\S]*Nothing was changed\.\n$/,
  );
  assert.equal((await json(0, ['history', 'notes'])).result.points.length, 4);
  const done = await json(0, ['prune', 'notes', '--keep-last', '3']);
  assert.deepEqual([done.result.snapshots, done.result.bytes], [1, planned.result.bytes]);
  // Without options it is the stored policy, by which nothing goes.
  assert.equal((await json(0, ['prune', 'notes'])).result.snapshots, 0);
  assert.match(
    (await expect(0, ['audit', 'notes', '--kind', 'retention'])).stdout,
    /Z retention ok \{"what":"set"/,
  );
  await expect(0, ['prune', 'notes', '--forget-policy']);
  assert.equal((await json(0, ['prune', 'notes'])).result.snapshots, 2);
  assert.equal((await json(0, ['check', 'notes'])).result.ok, true);
}

async function refused(context) {
  const { expect } = await start(context);
  const usage = [
    [['audit', 'notes', '--last', '0'], /--last must be a whole number from 1/],
    [['audit'], /NAME is missing/],
    [['prune', 'notes', '--keep-last', '1'], /--keep-last must be a whole number from 2/],
    [['prune', 'notes', '--keep', '1', '--keep-daily', '3'], /two ways of saying it/],
    [['prune', 'notes', '--save'], /--save stores what/],
    [['prune', 'notes', '--keep-daily', '3', '--save', '--dry-run'], /--save changes something/],
    [['prune', 'notes', '--forget-policy', '--keep', '1'], /--forget-policy goes alone/],
    [['catalog', 'notes', 'more'], /there is no place for "more"/],
  ];
  for (const [args, what] of usage) assert.match((await expect(2, args)).stderr, what);
  assert.match(
    (await expect(1, ['audit', 'nowhere'])).stderr,
    /^lodestore: Invalid: there is no database "nowhere"/,
  );
  const gone = await expect(1, ['catalog', 'notes', '--forget', '00']);
  assert.match(gone.stderr, /^lodestore: Invalid: forget: there is no such archive in the catalog/);
}

export const cliUpkeepCases = {
  'command line: what was done is in the audit log': audited,
  'command line: a policy is tried, stored, obeyed and taken back': kept,
  'command line: what audit, catalog and prune refuse': refused,
};
