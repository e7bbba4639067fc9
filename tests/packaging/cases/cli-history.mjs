// The command line goes back: what is kept, what has changed since, rows and whole databases as they were.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { workplace } from '../command-line.mjs';

const line = (id, n) => `${JSON.stringify({ id, vector: [n, 1], metadata: { n } })}\n`;
const text = (rows) => rows.map(([id, n]) => line(id, n)).join('');

async function back(context) {
  const { at, expect, json } = await workplace(context);
  const rows = async () => (await expect(0, ['export', 'notes', 'words', '--format', 'jsonl'])).stdout;
  const put = async (...all) => {
    await writeFile(at('some.jsonl'), text(all));
    await json(0, ['import', 'notes', 'words', 'some.jsonl']);
    return (await json(0, ['history', 'notes'])).result;
  };
  const first = await put(['a', 1], ['b', 2], ['c', 3]);
  assert.ok(first.points.length > 0 && first.points.every(({ time }) => !Number.isNaN(Date.parse(time))));
  const was = await rows();
  const between = new Date().toISOString();
  await new Promise((resolve) => setTimeout(resolve, 20));
  await put(['b', 20], ['d', 4]);
  const is = await rows();
  const said = (await expect(0, ['history', 'notes'])).stdout;
  assert.match(said, /^writes 0 to \d+ can be gone back to\n/);

  for (const to of [String(first.seq), between]) {
    const { result } = await json(0, ['diff', 'notes', 'words', '--to', to]);
    assert.equal(result.seq, first.seq);
    assert.deepEqual(result.changes, [
      { id: 'b', change: 'changed', then: { n: 2 }, now: { n: 20 }, vectorChanged: true },
    ]);
  }
  const byId = await json(0, ['diff', 'notes', 'words', '--to', String(first.seq), '--ids', '["d","a"]']);
  assert.deepEqual(
    byId.result.changes.map(({ id, change }) => [id, change]),
    [['d', 'added']],
  );
  assert.match(
    (await expect(0, ['diff', 'notes', 'words', '--to', 'latest'])).stdout,
    /^0 rows of words differ/,
  );

  const to = ['--to', String(first.seq)];
  const rehearsed = await expect(0, ['restore', 'notes', ...to, '--dry-run']);
  assert.match(rehearsed.stdout, /words: 1 row would be as they were[\s\S]*Nothing was changed/);
  assert.equal(await rows(), is);
  const one = await json(0, ['restore', 'notes', ...to, '--only', 'words', '--ids', '["b"]']);
  assert.deepEqual([one.result.written, one.result.deleted], [1, 0]);
  assert.equal(
    await rows(),
    text([
      ['a', 1],
      ['b', 2],
      ['c', 3],
      ['d', 4],
    ]),
  );
  const whole = await json(0, ['restore', 'notes', ...to]);
  assert.deepEqual([whole.result.rows, whole.result.dryRun], [3, false]);
  assert.equal(await rows(), was);
  const before = whole.result.points.at(-2).seq;
  assert.match((await expect(0, ['restore', 'notes', '--to', String(before)])).stdout, /as of write/);
  assert.equal(
    await rows(),
    text([
      ['a', 1],
      ['b', 2],
      ['c', 3],
      ['d', 4],
    ]),
  );
  assert.equal((await json(0, ['check', 'notes'])).result.ok, true);
}

async function refused(context) {
  const { at, expect } = await workplace(context);
  await writeFile(at('some.jsonl'), text([['a', 1]]));
  await expect(0, ['import', 'notes', 'words', 'some.jsonl']);
  const usage = [
    ['diff', 'notes', 'words'],
    ['diff', 'notes', 'words', '--to', 'some day'],
    ['diff', 'notes', 'words', '--to', '1', '--ids', 'a'],
    ['diff', 'notes', 'words', '--to', '1', '--ids', '["a"]', '--filter', '{}'],
    ['restore', 'notes'],
    ['restore', 'notes', 'notes.lode', '--ids', '["a"]'],
    ['restore', 'notes', '--to', '1', '--replace'],
    ['restore', 'notes', '--to', '1', '--ids', '["a"]'],
    ['restore', 'notes', '--to', '1', '--into', 'other'],
  ];
  for (const args of usage) {
    const { stderr } = await expect(2, args);
    assert.match(stderr, /^lodestore: Usage: /, args.join(' '));
  }
  for (const args of [
    ['restore', 'notes', '--to', '999'],
    ['restore', 'notes', '--to', '2001-01-01'],
    ['restore', 'notes', '--to', 'latest', '--only', 'none'],
    ['restore', 'notes', '--to', 'latest', '--only', 'none', '--dry-run'],
    ['diff', 'notes', 'none', '--to', 'latest'],
  ]) {
    const { stderr } = await expect(1, args);
    assert.match(stderr, /^lodestore: Invalid: .*expected/, args.join(' '));
  }
}

export const cliHistoryCases = {
  'command line: history, diff, and back to a point of it': back,
  'command line: points and rows that are not there are refused': refused,
};
