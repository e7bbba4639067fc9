// Archives at the command line: passphrases, older formats, interrupts, kinds and places of archives, refusals.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { cp, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { start as run, workplace } from '../command-line.mjs';
import { damaged, row, start } from '../rows.mjs';

/** Runs `body` with every key that programs derive in it told: how many there were. */
async function derived(at, body) {
  await writeFile(
    at('count.mjs'),
    `import { appendFileSync } from 'node:fs';
     const { instantiate } = WebAssembly;
     WebAssembly.instantiate = async (...args) => {
       const made = await instantiate(...args);
       const { derive } = made.exports ?? {};
       if (typeof derive !== 'function') return made;
       const counted = (...asked) => (appendFileSync('derived', '.'), derive(...asked));
       return { exports: { ...made.exports, derive: counted } };
     };`,
  );
  await writeFile(at('derived'), '');
  process.env.NODE_OPTIONS = `--import ${pathToFileURL(at('count.mjs'))}`;
  try {
    await body();
  } finally {
    delete process.env.NODE_OPTIONS;
  }
  return (await readFile(at('derived'))).length;
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
  // The chain is looked for, planned and restored: of each archive the key is derived once.
  const restore = () => expect(0, ['restore', 'again', 'full.lode', 'inc.lode', ...file]);
  assert.equal(await derived(at, restore), 2);
  assert.equal(await exported('again'), was);
  assert.equal(await derived(at, () => expect(0, ['verify', 'full.lode', ...file])), 1);
}

/** What one process measured, the next one estimates by. */
async function rates(context) {
  const { expect, json } = await start(context, 3000);
  await expect(0, ['backup', 'notes', 'full.lode']);
  const dry = ['restore', 'notes', 'full.lode', '--replace', '--dry-run'];
  const planned = async () => (await json(0, dry)).result.plan;
  const { bytes, etaMs } = await planned();
  assert.equal(etaMs.content, bytes / 50_000, 'a guess');
  await expect(0, ['drill', 'notes', 'full.lode']);
  const { validation } = (await json(0, ['restore', 'notes', 'full.lode', '--replace'])).result;
  const { entries } = (await json(0, ['audit', 'notes'])).result;
  const [drill, restore] = [
    entries.find(({ kind }) => kind === 'drill').details.took,
    entries.find(({ kind }) => kind === 'restore').details.result.took,
  ];
  assert.deepEqual([drill.bytes, restore.bytes], [bytes, bytes]);
  assert.equal(restore.contentMs, Math.round(validation.ms.content));
  const ms = drill.contentMs / 2 + restore.contentMs;
  // What takes no time says nothing about what takes long.
  const expected = ms > 20 ? ms / 1.5 : bytes / 50_000;
  assert.equal((await planned()).etaMs.content.toFixed(3), expected.toFixed(3), 'by the audit log');
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
    [
      ['backup', 'notes', 'notes.lode', '--type', 'incremental', '--force'],
      /is what this archive would follow/,
    ],
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
  'command line: archives with a passphrase': passphrase,
  'command line: estimates by what restores took before': rates,
  'command line: archives of earlier versions': golden,
  'command line: an interrupted restore leaves nothing': interrupted,
  'command line: what export makes, as an archive': older,
  'command line: kinds of archives, and where they are': kinds,
  'command line: what archives are refused for': refused,
};
