// How long restores took is remembered from the audit log, by a process that has measured nothing yet.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

const dist = pathToFileURL(`${process.env.LODESTORE_DIST}/`);
/** Each is a context of its own. */
let contexts = 0;
const fresh = () => import(new URL(`archive/rates.js?${++contexts}`, dist));

const restore = (took) => ({ kind: 'restore', details: { what: 'x', ok: true, result: { rows: 1, took } } });
const drill = (took) => ({ kind: 'drill', details: { ok: true, took } });
const collections = [{ rows: 50_000, dimension: 100 }];

test('the newest entries count most', async () => {
  const { contentMs, indexMs, indexGuessMs, rememberFrom } = await fresh();
  const guess = indexMs(collections);
  assert.equal(guess, indexGuessMs(collections));
  assert.equal(contentMs(5_000_000), 100);
  rememberFrom([
    restore({ bytes: 4_000_000, contentMs: 400, indexMs: 900, indexGuessMs: 300 }),
    drill({ bytes: 8_000_000, contentMs: 200, indexMs: 700, indexGuessMs: 1_000 }),
  ]);
  assert.equal(contentMs(10_000_000), 400);
  assert.equal(indexMs(collections).toFixed(6), (guess * 0.7).toFixed(6));
});

test('what was measured here counts, and not what the log says', async () => {
  const { contentMs, rememberFrom, tookIn } = await fresh();
  tookIn(1_000_000, 100);
  rememberFrom([drill({ bytes: 8_000_000, contentMs: 100 })]);
  assert.equal(contentMs(1_000_000), 100);
});

test('entries that say nothing, or nonsense, change nothing', async () => {
  const { contentMs, indexMs, indexGuessMs, rememberFrom } = await fresh();
  const nonsense = [
    undefined,
    null,
    7,
    {},
    { bytes: 1 },
    { bytes: -1, contentMs: 90 },
    { bytes: '9', contentMs: 90 },
  ];
  rememberFrom([
    { kind: 'restore', details: { what: 'x', ok: false, error: 'Corrupt' } },
    ...nonsense.flatMap((took) => [restore(took), drill(took)]),
    drill({ indexMs: Infinity, indexGuessMs: 90 }),
    drill({ indexMs: 90, indexGuessMs: 0 }),
  ]);
  assert.equal(contentMs(5_000_000), 100);
  assert.equal(indexMs(collections), indexGuessMs(collections));
});
