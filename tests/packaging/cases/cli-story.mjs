// The whole story of archives at the command line, from the first backup to the audit log: plain, compressed and encrypted.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { damaged, row, start, vectorOf } from '../rows.mjs';

const VARIANTS = {
  plain: { make: [], keys: () => [] },
  'compressed and encrypted': {
    make: ['--compress'],
    secret: 'key',
    text: () => randomBytes(32),
    keys: () => ['--key-file', 'key'],
    wrong: () => ['--key-file', 'other'],
    other: () => `${randomBytes(32).toString('hex')}\n`,
  },
};

function story(variant) {
  return async (context) => {
    const { at, expect, json, stored, put, exported, seq } = await start(context);
    const { make, secret } = variant;
    const keys = variant.keys();
    if (secret !== undefined) {
      await writeFile(at(secret), variant.text());
      await writeFile(at('other'), variant.other());
    }

    // A full backup, then two incremental ones, with a moment between them.
    const full = (await json(0, ['backup', 'notes', 'full.lode', ...make, ...keys])).result;
    assert.deepEqual(
      [full.type, full.rows, full.bytes],
      ['full', 400, (await readFile(at('full.lode'))).length],
    );
    await put(row(3, { n: 3, edited: 'once' }) + row(400));
    const between = await seq();
    const then = await exported();
    await put(row(3, { n: 3, edited: 'twice' }));
    const some = ['backup', 'notes', 'monday.lode', '--type', 'incremental', ...make, ...keys];
    const monday = (await json(0, some)).result;
    assert.deepEqual([monday.base, monday.manifest.frames], [full.archive, 2]);
    await put(row(401));
    const since = ['backup', 'notes', 'tuesday.lode', '--since', 'monday.lode', ...make, ...keys];
    const tuesday = (await json(0, since)).result;
    assert.deepEqual([tuesday.type, tuesday.base], ['incremental', monday.archive]);
    assert.deepEqual(
      (await readdir(at('.'))).filter((name) => name.includes('.part')),
      [],
    );

    // What an archive says of itself, with and without what opens it.
    const known = (await json(0, ['inspect', 'tuesday.lode', ...keys])).result;
    assert.deepEqual(
      [known.report.manifest.archive, known.beside, known.report.encrypted, known.rows],
      [tuesday.archive, 'monday.lode', secret !== undefined, 402],
    );
    assert.match(
      (await expect(0, ['inspect', 'full.lode', ...keys])).stdout,
      /400 rows of 8 numbers, m@1, a graph of 400/,
    );
    if (secret !== undefined) {
      const { report } = (await json(0, ['inspect', 'full.lode'])).result;
      assert.deepEqual(
        [report.manifest, report.encrypted, report.seq],
        [undefined, true, full.manifest.toSeq],
      );
      assert.equal((await json(0, ['verify', 'full.lode'])).result.level, 2);
      const locked = await expect(1, ['verify', 'full.lode', '--level', '3']);
      assert.match(locked.stderr, /^lodestore: Invalid: full\.lode: .*encrypted.*--key-file/);
      assert.equal((await json(1, ['verify', 'full.lode', ...variant.wrong()])).error.code, 'Mismatch');
      const before = await stored('notes');
      const wrong = ['restore', 'notes', 'full.lode', '--replace'];
      assert.equal((await json(1, [...wrong, ...variant.wrong()])).error.code, 'Mismatch');
      assert.match((await json(1, wrong)).error.message, /encrypted.*--passphrase-file/);
      assert.deepEqual(await stored('notes'), before);
    }

    // The chain, in any order; a gap; damage.
    const files = ['tuesday.lode', 'full.lode', 'monday.lode'];
    const whole = (await json(0, ['verify', ...files, '--note', 'notes', ...keys])).result;
    assert.deepEqual([whole.level, whole.restored.rows, whole.rows], [4, 402, 402]);
    assert.deepEqual(
      whole.files.map(({ file, report }) => [file, report.levels.map(({ level }) => level)]),
      [
        ['full.lode', [1, 2, 3]],
        ['monday.lode', [1, 2, 3]],
        ['tuesday.lode', [1, 2, 3, 4]],
      ],
    );
    assert.ok(whole.restored.recall > 0.9, `recall ${whole.restored.recall}`);
    const gap = (await json(1, ['verify', 'tuesday.lode', 'full.lode', ...keys])).error;
    assert.deepEqual([gap.code, gap.expected.includes(monday.archive)], ['Invalid', true]);
    assert.match(gap.message, /tuesday\.lode: .*missing.*; monday\.lode is that archive/);
    await damaged(at, 'monday.lode', 'bad.lode');
    const bad = await expect(1, ['verify', 'bad.lode', '--note', 'notes', ...keys]);
    assert.match(bad.stderr, /^lodestore: Corrupt: bad\.lode: /);
    const before = await stored('notes');
    const refused = ['restore', 'notes', 'full.lode', 'bad.lode', '--replace', ...keys];
    assert.equal((await json(1, refused)).error.code, 'Corrupt');
    assert.equal((await json(1, ['restore', 'notes', ...files, ...keys])).error.code, 'Invalid');
    assert.deepEqual(await stored('notes'), before, 'a restore that was refused changed something');

    // A drill of what is right, and of what was planted: a database that differs in one row, at the same write.
    const good = (await json(0, ['drill', 'notes', '--backup', 'latest', ...keys])).result;
    assert.deepEqual([good.ok, good.differences, good.rows, good.archives.length], [true, 0, 402, 3]);
    await cp(at('.lodestore/notes'), at('.lodestore/twin'), { recursive: true });
    await put(row(7, { n: 7 }, vectorOf(7.5)));
    await put(row(7, { n: 7 }, vectorOf(7.25)), 'twin');
    await expect(0, ['backup', 'twin', 'twin.lode', ...make, ...keys]);
    const planted = await json(1, ['drill', 'notes', 'twin.lode', ...keys]);
    assert.deepEqual(planted.result.different, [{ collection: 'words', id: 'row-0007', what: 'vector' }]);
    assert.match(
      (await expect(1, ['drill', 'notes', 'twin.lode', ...keys])).stdout,
      /"row-0007": vector\n[^]*FAILED\n$/,
    );

    // Back to the moment between: what it would do, for one row and for all, and then all of it.
    const is = await exported();
    const to = ['--to', String(between), ...keys];
    const one = [
      'restore',
      'notes',
      ...files,
      ...to,
      '--only',
      'words',
      '--ids',
      '["row-0003"]',
      '--dry-run',
    ];
    assert.deepEqual((await json(0, one)).result.changes, [
      {
        id: 'row-0003',
        change: 'changed',
        then: { n: 3, edited: 'once' },
        now: { n: 3, edited: 'twice' },
        vectorChanged: false,
      },
    ]);
    const plan = (await json(0, ['restore', 'notes', ...files, ...to, '--replace', '--dry-run'])).result;
    assert.deepEqual([plan.dryRun, plan.refused, plan.plan.archives.length], [true, false, 3]);
    assert.ok(plan.plan.etaMs.content >= 0 && plan.plan.etaMs.index >= 0);
    assert.equal(await exported(), is, 'a rehearsal changed something');
    const done = (await json(0, ['restore', 'notes', ...files, ...to, '--replace'])).result;
    assert.deepEqual([done.seq, done.rows, done.validation.queries], [between, 401, done.validation.found]);
    assert.equal(await exported(), then);
    assert.equal((await json(0, ['check', 'notes'])).result.ok, true);

    // What the restore changed, and back again.
    const changed = (await json(0, ['diff', 'notes', 'words', '--to', String(done.before)])).result.changes;
    assert.deepEqual(
      changed.map(({ id, change }) => [id, change]),
      [
        ['row-0003', 'changed'],
        ['row-0007', 'changed'],
        ['row-0401', 'deleted'],
      ],
    );
    await expect(0, ['restore', 'notes', '--to', String(done.before)]);
    assert.equal(await exported(), is);
    const rehearsed = (await json(0, ['prune', 'notes', '--keep', '1', '--dry-run'])).result;
    const pruned = (await json(0, ['prune', 'notes', '--keep', '1'])).result;
    assert.deepEqual([rehearsed.dryRun, pruned.snapshots > 0], [true, true]);
    assert.equal(await exported(), is);

    // All of it was noted.
    const { entries } = (await json(0, ['audit', 'notes'])).result;
    const of = (kind) => entries.filter((entry) => entry.kind === kind).map(({ details }) => details.ok);
    assert.deepEqual(of('backup'), [true, true, true]);
    assert.deepEqual(of('verify'), [true, true, true, true, false]);
    assert.deepEqual(of('drill'), [true, false, false]);
    assert.deepEqual(of('restore').slice(-2), [true, true]);
    assert.ok(of('prune').length > 0, 'pruning was not noted');
    const { archives } = (await json(0, ['catalog', 'notes'])).result;
    assert.deepEqual(
      archives.map(({ archive, name, verified, drilled }) => [archive, name, verified?.ok, drilled?.ok]),
      [
        [full.archive, at('full.lode'), true, undefined],
        // Its copy was damaged, which says that it is that archive.
        [monday.archive, at('monday.lode'), false, undefined],
        [tuesday.archive, at('tuesday.lode'), true, true],
      ],
    );
  };
}

export const cliStoryCases = Object.fromEntries(
  Object.entries(VARIANTS).map(([name, variant]) => [
    `command line: the whole story of archives, ${name}`,
    story(variant),
  ]),
);
