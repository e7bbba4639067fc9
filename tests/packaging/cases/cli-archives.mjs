// Archives at the command line, from the first backup to the audit log: the whole story, plain, compressed and encrypted.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { cp, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { start as run, workplace } from '../command-line.mjs';

const DIMENSION = 8;
const vectorOf = (n) => Array.from({ length: DIMENSION }, (_, i) => Math.fround(Math.sin(n * (i + 1) + i)));
const row = (n, metadata = { n }, vector = vectorOf(n)) =>
  `${JSON.stringify({ id: `row-${String(n).padStart(4, '0')}`, vector, metadata })}\n`;
const rows = (from, to) => Array.from({ length: to - from }, (_, i) => row(from + i)).join('');

/** A database of some rows with a graph, and the functions to go on with. */
async function start(context, count = 400) {
  const place = await workplace(context);
  const { json, expect } = place;
  const put = (text, name = 'notes') =>
    expect(0, ['import', name, 'words', '-', '--format', 'jsonl'], { input: text });
  const config = ['--index', 'hnsw', '--model', 'm@1'];
  const made = ['import', 'notes', 'words', '-', '--format', 'jsonl', ...config];
  await expect(0, made, { input: rows(0, count) });
  await expect(0, ['optimize', 'notes']);
  const exported = async (name = 'notes') =>
    (await expect(0, ['export', name, 'words', '--format', 'jsonl'])).stdout;
  const seq = async () => (await json(0, ['history', 'notes'])).result.seq;
  return { ...place, put, exported, seq };
}

/** One byte of a file is another one in a copy. */
async function damaged(at, from, to, where = 0.5) {
  const bytes = await readFile(at(from));
  bytes[Math.floor(bytes.length * where)] ^= 1;
  await writeFile(at(to), bytes);
}

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

/** A passphrase, from a file and from the environment. */
async function passphrase(context) {
  const { at, expect, json, put, exported } = await start(context, 60);
  await writeFile(at('secret'), 'fünf Wörter für ein Tor\r\n');
  const [file, env] = [
    ['--passphrase-file', 'secret'],
    ['--passphrase-env', 'LODESTORE_SECRET'],
  ];
  await expect(0, ['backup', 'notes', 'full.lode', '--compress', ...file]);
  await put(row(61));
  const was = await exported();
  process.env.LODESTORE_SECRET = 'fünf Wörter für ein Tor';
  try {
    await expect(0, ['backup', 'notes', 'inc.lode', '--type', 'incremental', ...env]);
    assert.equal((await json(0, ['verify', 'inc.lode', 'full.lode', ...env])).result.restored.rows, 61);
  } finally {
    delete process.env.LODESTORE_SECRET;
  }
  const { report } = (await json(0, ['inspect', 'full.lode'])).result;
  assert.deepEqual([report.passphrase, report.manifest], [true, undefined]);
  await writeFile(at('other'), 'four words\n');
  const wrong = ['restore', 'again', 'full.lode', 'inc.lode', '--passphrase-file', 'other'];
  assert.equal((await json(1, wrong)).error.code, 'Mismatch');
  await writeFile(at('key'), randomBytes(32));
  const key = await expect(1, ['restore', 'again', 'full.lode', '--key-file', 'key']);
  assert.match(key.stderr, /full\.lode: .*--passphrase-file.*expected a passphrase, got a key/);
  assert.equal(existsSync(at('.lodestore/again')), false);
  await expect(0, ['restore', 'again', 'full.lode', 'inc.lode', ...file]);
  assert.equal(await exported('again'), was);
}

/** Nothing is left of a restore that was interrupted, whether something was there or not. */
async function interrupted(context) {
  const { at, expect, stored, folder, exported } = await start(context, 3000);
  await expect(0, ['backup', 'notes', 'notes.lode']);
  const bytes = await readFile(at('notes.lode'));
  const program = join(context.installed, 'dist/cli/main.js');
  const was = await exported();
  for (const [name, more] of [
    ['fresh', []],
    ['notes', ['--replace']],
  ]) {
    const before = await stored('notes');
    const child = spawn(process.execPath, [program, 'restore', name, '-', ...more], { cwd: folder });
    const ended = once(child, 'close');
    let stderr = '';
    child.stderr.on('data', (data) => (stderr += data));
    child.stdin.on('error', () => undefined);
    // So much of it that staging has begun: blocks stand beside those of the database.
    child.stdin.write(bytes.subarray(0, bytes.length - 100));
    const begun = () => {
      const place = at(`.lodestore/${name}`);
      const here = existsSync(place) ? readdirSync(place) : [];
      return here.some((file) => file.includes('blocks-') && !before.some(([one]) => one === file));
    };
    while (!begun() && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 10));
    child.kill('SIGINT');
    assert.deepEqual(await ended, [130, null], stderr);
    assert.match(stderr, /^lodestore: Interrupted: /);
    assert.equal(existsSync(at('.lodestore/fresh')), false, 'a database was left');
    assert.deepEqual(await stored('notes'), before);
  }
  assert.equal(await exported(), was);
}

const OLD = `
import { open } from 'lodestore';
import { writeFile } from 'node:fs/promises';
const [directory, file] = process.argv.slice(2);
const db = await open('notes', { storage: 'files', directory });
const parts = [];
for await (const part of db.export()) parts.push(part);
await writeFile(file, Buffer.concat(parts));
await db.close();
`;

/** Archives that earlier versions made, kept as they were. */
async function golden(context) {
  const { at, expect, json } = await workplace(context);
  for (const version of [1, 2]) {
    const name = `v${version}.lode`;
    await cp(join(context.root, `tests/golden/v${version}/archive.lode`), at(name));
    const { level, rows, files } = (await json(0, ['verify', name])).result;
    assert.deepEqual([level, files[0].report.version, rows > 0], [4, version, true]);
    assert.equal((await json(0, ['restore', `golden${version}`, name])).result.rows, rows);
    await expect(0, ['check', `golden${version}`]);
  }
}

/** What `db.export()` makes is verified, shown and restored as ever. */
async function older(context) {
  const { at, expect, json, exported } = await start(context, 1200);
  await writeFile(join(context.project, 'old.mjs'), OLD);
  const made = spawn(process.execPath, ['old.mjs', at('.lodestore'), at('old.lode')], {
    cwd: context.project,
  });
  assert.deepEqual(await once(made, 'close'), [0, null]);
  const verified = (await json(0, ['verify', 'old.lode'])).result;
  assert.deepEqual([verified.level, verified.rows, verified.restored.rows], [4, 1200, 1200]);
  assert.ok(verified.files[0].report.version < 4);
  assert.equal((await json(0, ['inspect', 'old.lode'])).result.collections[0].rows, 1200);
  assert.equal((await json(0, ['restore', 'again', 'old.lode', '--dry-run'])).result.rows, 1200);
  assert.equal((await json(0, ['restore', 'again', 'old.lode'])).result.rows, 1200);
  assert.equal(await exported('again'), await exported());
  assert.equal((await json(0, ['drill', 'notes', 'old.lode'])).result.differences, 0);
  await damaged(at, 'old.lode', 'bad.lode');
  assert.equal((await json(1, ['verify', 'bad.lode'])).error.code, 'Corrupt');
  const follow = await expect(1, ['backup', 'notes', 'next.lode', '--since', 'old.lode']);
  assert.match(follow.stderr, /^lodestore: Invalid: old\.lode: nothing can follow an archive of format/);
  await expect(0, ['backup', 'notes', 'new.lode']);
  assert.equal((await json(1, ['verify', 'old.lode', 'new.lode'])).error.code, 'Invalid');
}

/** Differential archives, what else a backup is asked for, other names, and archives without a path. */
async function kinds(context) {
  const { at, expect, json, put, exported, folder } = await start(context);
  assert.match(
    (await expect(1, ['backup', 'notes', 'x.lode', '--type', 'incremental'])).stderr,
    /no archive/,
  );
  await expect(0, ['backup', 'notes', 'full.lode']);
  await put(row(3, { n: 0 }));
  await expect(0, ['backup', 'notes', 'inc.lode', '--type', 'incremental']);
  const differential = (await json(0, ['backup', 'notes', 'diff.lode', '--type', 'differential'])).result;
  const exact = (await json(0, ['inspect', 'full.lode'])).result;
  assert.equal(differential.base, exact.report.manifest.archive, 'it follows the full one, not the last one');
  assert.equal((await json(0, ['restore', 'other', 'diff.lode', 'full.lode'])).result.rows, 400);
  assert.equal(await exported('other'), await exported());
  const small = (await json(0, ['backup', 'notes', 'small.lode', '--vectors', 'int8', '--no-index'])).result;
  assert.deepEqual([small.manifest.lossy, small.manifest.collections[0].nodes], [true, 0]);
  const rehearsed = await expect(0, ['restore', 'notes', 'small.lode', '--replace', '--dry-run']);
  assert.match(rehearsed.stdout, /8 bits a number[^]*Nothing was changed/);

  const before = await exported();
  await expect(0, ['restore', 'notes', 'full.lode', '--into', 'beside']);
  assert.equal(await exported(), before);
  assert.notEqual(await exported('beside'), before);
  assert.equal((await json(1, ['restore', 'notes', 'full.lode', '--into', 'beside'])).error.code, 'Invalid');
  const only = ['restore', 'notes', 'full.lode', '--only', 'words'];
  assert.deepEqual((await json(0, [...only, '--filter', '{"n":3}'])).result.written, 1);
  assert.deepEqual((await json(0, only)).result.written, 0);
  assert.equal(await exported(), await exported('beside'));

  // One that replaces another is the only one of that name that is known; one that was moved is not found.
  await expect(0, ['backup', 'notes', 'full.lode', '--force']);
  const archives = async () => (await json(1, ['catalog', 'notes'])).result.archives;
  assert.equal((await archives()).filter(({ name }) => name === at('full.lode')).length, 1);
  await rename(at('full.lode'), at('moved.lode'));
  const { archive } = (await archives()).find(({ name }) => name === at('full.lode'));
  const gone = await expect(1, ['drill', 'notes', '--backup', archive]);
  assert.match(gone.stderr, /^lodestore: Invalid: archive \w+ is not where it was put: .*catalog --forget/);
  assert.equal((await json(0, ['drill', 'notes', 'moved.lode'])).result.ok, true);

  // Through a pipe, where the catalog knows of no path.
  const program = join(context.installed, 'dist/cli/main.js');
  const script = '"$0" "$1" backup notes - | "$0" "$1" verify - --json';
  const piped = await run('bash', ['-c', script, process.execPath, program], { cwd: folder });
  assert.deepEqual([piped.code, JSON.parse(piped.stdout).result.restored.rows], [0, 400], piped.stderr);
  const unnamed = await expect(1, ['drill', 'notes', '--backup', 'latest']);
  assert.match(unnamed.stderr, /the catalog does not say where archive \w+ is: name its file/);
}

async function refused(context) {
  const { at, expect, json } = await start(context, 3);
  await expect(0, ['backup', 'notes', 'notes.lode']);
  const usage = [
    [
      ['backup', 'notes', 'x.lode', '--type', 'whole'],
      /--type must be one of full, differential, incremental/,
    ],
    [
      ['backup', 'notes', 'x.lode', '--type', 'full', '--since', 'notes.lode'],
      /a full backup follows nothing/,
    ],
    [['backup', 'notes', 'x.lode', '--key-file', 'a', '--passphrase-env', 'B'], /two things/],
    [['verify'], /FILE is missing/],
    [['verify', 'notes.lode', ''], /FILE is empty/],
    [['verify', 'notes.lode', '--level', '5'], /--level must be one of 1, 2, 3, 4/],
    [['verify', '-', 'notes.lode'], /- is one archive/],
    [['restore', 'notes', 'notes.lode', '--only', 'words', '--replace'], /--only writes some rows/],
    [['restore', 'notes', 'notes.lode', '--only', 'words', '--into', 'x'], /leave out --into/],
    [['restore', 'notes', 'notes.lode', '--ids', '["a"]'], /name it with --only/],
    [['restore', 'notes', '--to', '1', '--into', 'x'], /goes back within the database/],
    [['drill', 'notes', 'notes.lode', '--backup', 'latest'], /--backup is of the catalog/],
    [['drill', 'notes', '--recall', '2'], /--recall must be a number from 0 to 1/],
  ];
  for (const [args, what] of usage) {
    const { stderr } = await expect(2, args);
    assert.match(stderr, what, args.join(' '));
    assert.match(stderr, /^lodestore: Usage: .*\nTry "lodestore help/);
  }
  await writeFile(at('short'), 'abc');
  await writeFile(at('empty'), '\n');
  const failures = [
    [['backup', 'notes', 'x.lode', '--key-file', 'short'], /short is no key \(expected 32 bytes or 64/],
    [['backup', 'notes', 'x.lode', '--passphrase-file', 'empty'], /empty has no passphrase/],
    [
      ['backup', 'notes', 'x.lode', '--passphrase-env', 'LODESTORE_NOT_SET'],
      /LODESTORE_NOT_SET has no passphrase/,
    ],
    [['backup', 'notes', 'x.lode', '--key-file', 'nothing'], /cannot read nothing/],
    [['backup', 'notes', 'x.lode', '--since', 'nothing'], /cannot read nothing/],
    [['verify', 'nothing.lode'], /cannot read nothing\.lode/],
    [['restore', 'notes', 'notes.lode', '--to', '999', '--replace'], /do not reach as far/],
    [['restore', 'notes', 'notes.lode', '--only', 'none'], /there is no collection "none"/],
    [['drill', 'notes', '--backup', 'ffff'], /the catalog has no such backup/],
  ];
  for (const [args, what] of failures) assert.match((await expect(1, args)).stderr, what, args.join(' '));
  assert.equal(existsSync(at('x.lode')), false);
  const early = ['restore', 'notes', 'notes.lode', '--to', '999', '--replace', '--dry-run'];
  assert.match((await json(1, early)).result.refusals[0], /the archives end at write/);
  // Another model: vectors that queries of now would not find.
  await expect(0, ['import', 'other', 'words', '-', '--format', 'jsonl', '--model', 'm@2'], {
    input: row(1),
  });
  const other = ['restore', 'other', 'notes.lode', '--replace'];
  assert.equal((await json(1, [...other, '--dry-run'])).result.refused, true);
  assert.equal((await json(1, other)).error.code, 'Mismatch');
  await expect(0, [...other, '--allow-model-change']);
}

export const cliArchiveCases = {
  ...Object.fromEntries(
    Object.entries(VARIANTS).map(([name, variant]) => [
      `command line: the whole story of archives, ${name}`,
      story(variant),
    ]),
  ),
  'command line: archives with a passphrase': passphrase,
  'command line: archives of earlier versions': golden,
  'command line: an interrupted restore leaves nothing': interrupted,
  'command line: what export makes, as an archive': older,
  'command line: kinds of archives, and where they are': kinds,
  'command line: what archives are refused for': refused,
};
