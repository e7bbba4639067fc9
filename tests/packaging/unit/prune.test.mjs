// Which archives a policy keeps. LODESTORE_DIST names the folder of the compiled modules.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

const dist = pathToFileURL(`${process.env.LODESTORE_DIST}/`);
const { judge, prune } = await import(new URL('prune.js', dist));
const { archivesOf } = await import(new URL('catalog.js', dist));

let seq = 0;
const backup = (archive, type, base) => ({
  seq: ++seq,
  time: new Date(1e12 + seq * 1000),
  kind: 'backup',
  details: { archive, type, ...(base && { base }), fromMs: 0, toMs: seq * 1000, ok: true },
});

/** A chain of three, two full ones and one whose base is gone. */
const entries = () => [
  backup('a', 'full'),
  backup('b', 'differential', 'a'),
  backup('c', 'incremental', 'b'),
  backup('x', 'incremental', 'gone'),
  backup('d', 'full'),
  backup('e', 'full'),
];
const policy = { snapshots: {}, archives: { weekly: 1 }, history: { days: 0 } };
const staying = (judged) => judged.filter(({ keep }) => keep).map(({ archive, why }) => [archive, ...why]);

test('the newest two full ones, what a rule keeps, and what that needs', () => {
  const judged = judge(archivesOf(entries()), { policy, archives: [[], [], ['weekly'], [], []] });
  assert.deepEqual(staying(judged), [
    ['a', 'needed'],
    ['b', 'needed'],
    ['c', 'weekly'],
    ['x', 'incomplete'],
    ['d', 'newest'],
    ['e', 'newest'],
  ]);
  const none = judge(archivesOf(entries()), { policy, archives: [[], [], [], [], ['weekly']] });
  assert.deepEqual(staying(none), [
    ['x', 'incomplete'],
    ['d', 'newest'],
    ['e', 'weekly', 'newest'],
  ]);
});

test('without a word about archives all of them stay', () => {
  for (const said of [undefined, { ...policy, archives: {} }]) {
    const judged = judge(archivesOf(entries()), { policy: said, archives: [] });
    assert.ok(judged.every(({ keep }) => keep));
    assert.equal(judged.length, 6);
  }
});

/** An engine that knows these archives and keeps none of them. */
function engineOf(noted) {
  const calls = [];
  return {
    calls,
    upkeep: async (method, first, details) => {
      calls.push([method, first, details]);
      if (method === 'audit')
        return JSON.stringify({ entries: noted.map((one) => ({ ...one, timeMs: +one.time })), damage: [] });
      if (method !== 'prune') return undefined;
      const { archives } = JSON.parse(first);
      const gone = { snapshots: 0, logs: 0, bytes: 0 };
      return JSON.stringify({ dryRun: false, policy, gone, snapshots: [], archives: archives.map(() => []) });
    },
  };
}

test('what goes is removed before what it needs, and forgotten when it is gone', async () => {
  const engine = engineOf(entries());
  const removed = [];
  await prune(engine, { policy: {}, dryRun: true, remove: () => assert.fail('a dry run') });
  await prune(engine, { policy: {} });
  assert.equal(engine.calls.filter(([method]) => method === 'note').length, 0);
  const result = await prune(engine, { policy: {}, remove: async (archive) => removed.push(archive) });
  assert.deepEqual(
    removed.map(({ archive }) => archive),
    ['c', 'b', 'a'],
  );
  assert.ok(removed.every((archive) => !('keep' in archive) && archive.time instanceof Date));
  assert.deepEqual(
    staying(result.archives).map(([archive]) => archive),
    ['x', 'd', 'e'],
  );
  const forgotten = engine.calls.filter(([method, kind]) => method === 'note' && kind === 'forget');
  assert.deepEqual(
    forgotten.map(([, , details]) => JSON.parse(details).archive),
    ['c', 'b', 'a'],
  );
});

test('where removing fails, pruning ends, and what was removed stays forgotten', async () => {
  const engine = engineOf(entries());
  const remove = async ({ archive }) => {
    if (archive === 'b') throw new Error('no network');
  };
  await assert.rejects(prune(engine, { policy: {}, remove }), /no network/);
  const forgotten = engine.calls.filter(([method, kind]) => method === 'note' && kind === 'forget');
  assert.deepEqual(
    forgotten.map(([, , details]) => JSON.parse(details).archive),
    ['c'],
  );
});

test('archives are asked about in the order of what they hold, those that cannot be restored left out', async () => {
  const engine = engineOf(entries().reverse());
  await prune(engine, { dryRun: true });
  const asked = JSON.parse(engine.calls.find(([method]) => method === 'prune')[1]).archives;
  assert.equal(asked.length, 5);
  assert.deepEqual(
    asked,
    [...asked].sort((a, b) => a - b),
  );
});
