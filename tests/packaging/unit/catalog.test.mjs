// What the entries of an audit log say of archives. LODESTORE_DIST names the folder of the compiled modules.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

const { archivesOf } = await import(new URL('catalog.js', pathToFileURL(`${process.env.LODESTORE_DIST}/`)));

let seq = 0;
const entry = (kind, details) => ({ seq: ++seq, time: new Date(1e12 + seq * 1000), kind, details });
const backup = (archive, type, base, more = {}) =>
  entry('backup', {
    archive,
    type,
    ...(base && { base }),
    fromSeq: 1,
    toSeq: 9,
    fromMs: 1,
    toMs: 2,
    rows: 3,
    bytes: 4,
    ok: true,
    ...more,
  });
const names = (archives) => archives.map(({ archive }) => archive);

test('chains are followed from what goes on to what it goes on from', () => {
  const archives = archivesOf([
    backup('a', 'full'),
    backup('b', 'differential', 'a', { name: 'weekly/b.lode' }),
    backup('c', 'incremental', 'b'),
    backup('d', 'incremental', 'c'),
    backup('e', 'full'),
  ]);
  assert.deepEqual(names(archives), ['a', 'b', 'c', 'd', 'e']);
  const [a, b, , d, e] = archives;
  assert.deepEqual(d.chain, ['a', 'b', 'c', 'd']);
  assert.deepEqual([d.missing, d.neededBy], [[], []]);
  assert.deepEqual(a.neededBy, ['b', 'c', 'd']);
  assert.deepEqual([b.chain, b.neededBy, b.name], [['a', 'b'], ['c', 'd'], 'weekly/b.lode']);
  assert.deepEqual([e.chain, e.neededBy, 'name' in e, 'base' in e], [['e'], [], false, false]);
  assert.deepEqual(
    [b.fromSeq, b.toSeq, b.from, b.to, b.rows, b.bytes],
    [1, 9, new Date(1), new Date(2), 3, 4],
  );
});

test('what was forgotten is gone, and missed by those that need it', () => {
  const archives = archivesOf([
    backup('a', 'full'),
    backup('b', 'incremental', 'a'),
    backup('c', 'incremental', 'b'),
    entry('forget', { archive: 'a', ok: true }),
    entry('forget', { archive: 'nobody', ok: true }),
  ]);
  assert.deepEqual(names(archives), ['b', 'c']);
  assert.deepEqual(
    archives.map(({ missing }) => missing),
    [['a'], ['a']],
  );
});

test('the last verification and the last drill count', () => {
  const [a, b] = archivesOf([
    backup('a', 'full'),
    backup('b', 'full'),
    entry('verify', { archive: 'a', ok: true, level: 2 }),
    entry('verify', { archive: 'a', ok: false, level: 4 }),
    entry('drill', { archive: 'a', ok: true, recall: 1 }),
    entry('verify', { archive: 'elsewhere', ok: true, level: 1 }),
  ]);
  assert.deepEqual([a.verified.ok, a.verified.level, a.drilled.ok], [false, 4, true]);
  assert.ok(a.drilled.time > a.verified.time);
  assert.deepEqual(['verified' in b, 'drilled' in b], [false, false]);
});

test('what is no archive makes none, and circles end', () => {
  const archives = archivesOf([
    backup('a', 'full', undefined, { ok: false }),
    backup('b', 'half'),
    entry('backup', { type: 'full' }),
    entry('backup', { archive: 7, type: 'full' }),
    backup('c', 'incremental', 'd'),
    backup('d', 'incremental', 'c'),
    backup('e', 'incremental', 'e'),
    backup('f', 'incremental'),
    entry('backup', { archive: 'g', type: 'full', rows: 'many', toMs: -1, bytes: 1e300 }),
  ]);
  assert.deepEqual(names(archives), ['c', 'd', 'e', 'f', 'g']);
  const [c, , e, f, g] = archives;
  assert.deepEqual([c.chain, e.chain, f.chain], [['d', 'c'], ['e'], ['not known', 'f']]);
  assert.deepEqual([f.missing, g.rows, g.bytes, g.to], [['not known'], 0, 0, new Date(0)]);
});

test('the same archive once more is where it was put last, and a copy that failed changes nothing', () => {
  const archives = archivesOf([
    backup('a', 'full', undefined, { name: 'here' }),
    backup('b', 'full'),
    backup('a', 'full', undefined, { name: 'there' }),
    backup('b', 'full', undefined, { ok: false }),
  ]);
  assert.deepEqual(
    archives.map(({ archive, name }) => [archive, name]),
    [
      ['a', 'there'],
      ['b', undefined],
    ],
  );
});
