// The command line of the installed package: the whole story of a backup, the manual, usage errors, JSON, completions.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { start, workplace } from '../command-line.mjs';

const COMMANDS = [
  ...['inspect', 'check', 'repair', 'salvage', 'backup', 'verify', 'restore', 'drill', 'history', 'diff'],
  ...['prune', 'audit', 'catalog', 'rebuild', 'optimize'],
  ...['export', 'import', 'completions', 'help'],
];

/** Rows in the order of their ids, written as an export writes them: short numbers, no spaces. */
function rowsText(count) {
  const lines = Array.from({ length: count }, (_, i) => {
    const id = `row-${String(i).padStart(5, '0')}`;
    const vector = [i + 0.1, -0.25, 1e-7, Number((i / 3).toFixed(2))];
    return JSON.stringify({ id, vector, metadata: { n: i, text: `"quoted", ünï 🛶\n${i}` } });
  });
  return `${lines.join('\n')}\n`;
}

/** From a file of rows to a backup, over a damaged one, and back to the file. */
async function story(context) {
  const { at, expect, json, stored } = await workplace(context);
  const text = rowsText(2500);
  await writeFile(at('rows.jsonl'), text);
  const model = ['--model', 'all-MiniLM-L6-v2@1', '--metric', 'dot'];
  const imported = await json(0, ['import', 'notes', 'words', 'rows.jsonl', '--batch', '700', ...model]);
  assert.equal(imported.result.rows, 2500);
  assert.equal(imported.result.made, true);

  const { result } = await json(0, ['inspect', 'notes']);
  assert.equal(result.kind, 'database');
  const [words] = result.stats.collections;
  assert.deepEqual([words.rows, words.dimension, words.metric], [2500, 4, 'dot']);
  assert.deepEqual(words.model, { id: 'all-MiniLM-L6-v2', version: '1' });
  assert.match((await expect(0, ['inspect', 'notes'])).stdout, /rows +2500\n/);

  assert.equal((await json(0, ['backup', 'notes', 'notes.lode'])).result.rows, 2500);
  assert.deepEqual(
    (await readdir(at('.'))).filter((name) => name.includes('.part')),
    [],
    'a draft was left',
  );
  const good = await readFile(at('notes.lode'));
  const verified = await json(0, ['verify', 'notes.lode']);
  const { level, rows, restored, bytes } = verified.result;
  assert.deepEqual([level, rows, restored.rows, bytes], [4, 2500, 2500, good.length]);

  // Another backup is refused, and the one that is there stays; --force replaces it.
  const taken = await expect(1, ['backup', 'notes', 'notes.lode']);
  assert.match(taken.stderr, /^lodestore: Conflict: notes\.lode is there already/);
  assert.deepEqual(await readFile(at('notes.lode')), good);
  await expect(0, ['backup', 'notes', 'notes.lode', '--force']);

  // One byte.
  const bad = Buffer.from(good);
  bad[bad.length >> 1] ^= 1;
  await writeFile(at('bad.lode'), bad);
  const damaged = await json(1, ['verify', 'bad.lode']);
  assert.equal(damaged.error.code, 'Corrupt');
  assert.match((await expect(1, ['verify', 'bad.lode'])).stderr, /^lodestore: Corrupt: /);
  assert.equal((await json(1, ['inspect', 'bad.lode'])).error.code, 'Corrupt');
  await expect(1, ['verify', '-'], { input: good.subarray(0, good.length - 1) });

  const before = await stored('notes');
  assert.equal((await json(1, ['restore', 'notes', 'bad.lode', '--replace'])).error.code, 'Corrupt');
  assert.equal((await json(1, ['restore', 'notes', 'notes.lode'])).error.code, 'Invalid');
  assert.deepEqual(await stored('notes'), before, 'a restore that was refused changed something');

  // Something is lost, and the rehearsal says what would come.
  await writeFile(at('other.jsonl'), '{"id":"stray","vector":[1,1,1,1]}\n');
  await expect(0, ['import', 'notes', 'words', 'other.jsonl']);
  const rehearsal = await json(1, ['restore', 'notes', 'notes.lode', '--dry-run']);
  assert.equal(rehearsal.result.refused, true);
  assert.equal(rehearsal.result.there[0].rows, 2501);
  assert.equal(rehearsal.result.rows, 2500);
  await expect(0, ['restore', 'notes', 'notes.lode', '--dry-run', '--replace']);
  assert.equal((await json(0, ['inspect', 'notes'])).result.stats.collections[0].rows, 2501);

  await expect(0, ['restore', 'notes', 'notes.lode', '--replace']);
  await expect(0, ['export', 'notes', 'words', 'back.jsonl']);
  assert.equal(await readFile(at('back.jsonl'), 'utf8'), text);
  assert.equal((await expect(0, ['export', 'notes', 'words', '--format', 'jsonl'])).stdout, text);

  // Beside it, through a pipe.
  assert.equal((await json(0, ['restore', 'beside', '-'], { input: good })).result.rows, 2500);
  assert.equal((await json(0, ['check', 'beside'])).result.ok, true);
}

/** A byte that is another, wherever it stands. */
async function everyByte(context) {
  const { at, expect, json } = await workplace(context);
  await expect(0, ['import', 'notes', 'words', '-', '--format', 'jsonl'], { input: rowsText(3) });
  await expect(0, ['backup', 'notes', 'notes.lode']);
  const good = await readFile(at('notes.lode'));
  for (let part = 0; part <= 12; part += 1) {
    const place = Math.min(good.length - 1, Math.floor((good.length * part) / 12));
    const bad = Buffer.from(good);
    bad[place] ^= 1 << (part % 8);
    const { error } = await json(1, ['verify', '-'], { input: bad });
    assert.ok(['Corrupt', 'Version'].includes(error.code), `byte ${place}: ${error.code}: ${error.message}`);
  }
  assert.match((await expect(1, ['verify', '-'], { input: '' })).stderr, /^lodestore: Corrupt: /);
  assert.match((await expect(1, ['verify', '.'])).stderr, /^lodestore: Invalid: cannot read \. \(/);
}

/** Damage in a database: found, and salvaged. */
async function damage(context) {
  const { at, expect, json, folder, stored } = await workplace(context);
  await writeFile(at('rows.jsonl'), rowsText(1500));
  await expect(0, ['import', 'notes', 'words', 'rows.jsonl']);
  await expect(0, ['optimize', 'notes']);
  assert.equal((await json(0, ['check', 'notes'])).result.rows, 1500);
  const whole = await json(0, ['salvage', 'notes']);
  assert.deepEqual(whole.result, { salvaged: false, rows: 1500, salvage: null });
  await expect(0, ['prune', 'notes']);
  await expect(0, ['backup', 'notes', 'notes.lode']);

  const place = join(folder, '.lodestore/notes');
  const blocks = (await readdir(place)).filter((name) => /block/.test(name));
  assert.ok(blocks.length > 0, (await readdir(place)).join(' '));
  for (const name of blocks) {
    const bytes = await readFile(join(place, name));
    bytes[bytes.length >> 1] ^= 1;
    await writeFile(join(place, name), bytes);
  }
  const refused = await json(1, ['check', 'notes']);
  assert.equal(refused.error.code, 'Corrupt');
  assert.match(refused.error.message, /lodestore salvage notes, or lodestore restore notes FILE --replace/);
  await cp(place, join(folder, '.lodestore/again'), { recursive: true });

  const salvaged = await json(1, ['salvage', 'notes']);
  assert.equal(salvaged.result.salvaged, true);
  assert.ok(salvaged.result.salvage.groups.length > 0);
  assert.ok(salvaged.result.rows < 1500);
  await expect(0, ['check', 'notes']);
  const after = await json(0, ['inspect', 'notes']);
  assert.equal(after.result.stats.collections[0].rows, salvaged.result.rows);
  assert.ok(after.result.quarantine.length > 0);
  assert.equal((await json(0, ['repair', 'notes'])).result.ok, true);
  assert.equal((await json(0, ['salvage', 'notes'])).result.salvaged, false);

  // A backup replaces what does not open; one that is damaged, too, leaves it as it is.
  const bytes = await readFile(at('notes.lode'));
  await writeFile(at('bad.lode'), bytes.subarray(0, bytes.length - 5));
  const before = await stored('again');
  assert.equal((await json(1, ['restore', 'again', 'bad.lode', '--replace'])).error.code, 'Corrupt');
  assert.equal((await json(1, ['restore', 'again', 'notes.lode'])).error.code, 'Corrupt');
  const rehearsal = await json(0, ['restore', 'again', 'notes.lode', '--replace', '--dry-run']);
  assert.equal(rehearsal.result.damaged, true);
  assert.deepEqual(await stored('again'), before);
  const restored = await json(0, ['restore', 'again', 'notes.lode', '--replace']);
  assert.equal(restored.result.rows, 1500);
  assert.ok(restored.result.damaged.length > 0);
  assert.equal((await expect(0, ['export', 'again', 'words', '--format', 'jsonl'])).stdout, rowsText(1500));
}

const DELETES = `
import { open } from 'lodestore';
const [directory] = process.argv.slice(2);
const db = await open('notes', { storage: 'files', directory });
await (await db.collection('words')).delete(['row-00001', 'row-00002']);
process.stdout.write('ready');
// Stays open until the line comes.
for await (const _ of process.stdin) break;
await db.close();
`;

/** A database that another process has open is left alone; rows that were deleted are in no backup. */
async function together(context) {
  const { at, expect, json } = await workplace(context);
  await writeFile(at('rows.jsonl'), rowsText(1100));
  await expect(0, ['import', 'notes', 'words', 'rows.jsonl']);
  await expect(0, ['optimize', 'notes']);
  await writeFile(join(context.project, 'deletes.mjs'), DELETES);
  const other = spawn(process.execPath, ['deletes.mjs', at('.lodestore')], { cwd: context.project });
  try {
    await once(other.stdout, 'data');
    assert.equal((await json(1, ['backup', 'notes', 'notes.lode'])).error.code, 'Conflict');
    assert.equal(existsSync(at('notes.lode')), false);
  } finally {
    const ended = once(other, 'close');
    other.stdin.end('go on\n');
    await ended;
  }
  await expect(0, ['backup', 'notes', 'notes.lode']);
  const { result } = await json(0, ['verify', 'notes.lode']);
  assert.deepEqual([result.rows, result.restored.rows], [1098, 1098]);
}

async function upkeep(context) {
  const { at, expect, json } = await workplace(context);
  await writeFile(at('rows.jsonl'), rowsText(1200));
  await expect(0, ['import', 'notes', 'words', 'rows.jsonl', '--index', 'flat', '--dir', 'data/deep']);
  const dir = ['--dir', 'data/deep'];
  const config = ['--index', 'hnsw', '--quantization', 'binary', '--m', '8', '--oversample', '7'];
  const rebuilt = await json(0, ['rebuild', 'notes', 'words', ...config, ...dir]);
  assert.deepEqual(
    [rebuilt.result.index, rebuilt.result.quantization, rebuilt.result.oversample],
    ['hnsw', 'binary', 7],
  );
  assert.equal(rebuilt.result.hnsw.m, 8);
  assert.equal(rebuilt.result.indexState.nodes, 1200);
  // The graph was saved: the next opening finds it.
  const { result } = await json(0, ['inspect', 'notes', ...dir]);
  assert.deepEqual(result.openReport.graphs, [{ collection: 'words', nodes: 1200, pending: 0 }]);
  assert.equal((await json(0, ['optimize', 'notes', 'words', ...dir])).result.collections.length, 1);
  assert.equal((await json(0, ['prune', 'notes', '--keep', '1', ...dir])).result.snapshots >= 1, true);
  assert.equal((await json(0, ['inspect', 'notes', ...dir])).result.stats.snapshots.length, 1);
  assert.equal(
    (await json(1, ['rebuild', 'notes', 'nouns', '--index', 'flat', ...dir])).error.expected,
    'words',
  );
  const mismatch = await json(1, ['import', 'notes', 'words', 'rows.jsonl', '--metric', 'dot', ...dir]);
  assert.equal(mismatch.error.code, 'Mismatch');
}

async function usage(context) {
  const { at, expect, json, cli } = await workplace(context);
  const wrong = [
    [['inspct'], /there is no command "inspct"; did you mean inspect\?/],
    [['--json', 'inspect'], /the command comes first/],
    [['inspect'], /NAME is missing/],
    [['inspect', 'a', 'b'], /there is no place for "b"/],
    [['inspect', ''], /NAME is empty/],
    [['inspect', 'a', '--bogus'], /Unknown option '--bogus'/],
    [['prune', 'a', '--keep', '3'], /--keep must be a whole number from 1 to 2, not "3"/],
    [['prune', 'a', '--keep', '1e0'], /whole number/],
    [['rebuild', 'a', 'b'], /nothing to change/],
    [['rebuild', 'a', 'b', '--index', 'tree'], /--index must be one of auto, flat, hnsw, not "tree"/],
    [['import', 'a', 'b', 'c.txt'], /--format is needed/],
    [['export', 'a', 'b', '--format', 'pinecone'], /--format must be one of jsonl, csv, parquet, not/],
    [['import', 'a', 'b', 'c.csv', '--model', 'x'], /--model must be ID@VERSION/],
    [['completions', 'csh'], /the shell must be one of bash, zsh, fish/],
    [['help', 'nothing'], /there is no command "nothing"/],
  ];
  for (const [args, message] of wrong) {
    const { stderr, stdout } = await expect(2, args);
    assert.match(stderr, message);
    assert.match(stderr, /^lodestore: Usage: .*\nTry "lodestore help/);
    if (!args.includes('--json')) assert.equal(stdout, '');
  }
  const none = await cli([]);
  assert.equal(none.code, 2);
  assert.match(none.stderr, /SYNOPSIS/);
  const told = await json(2, ['prune', 'a', '--keep', '9']);
  assert.equal(told.error.code, 'Usage');

  // What fails is no usage error, and leaves no database behind.
  const absent = await json(1, ['check', 'absent']);
  assert.deepEqual([absent.error.code, existsSync(at('.lodestore'))], ['Invalid', false]);
  assert.match(
    (await expect(1, ['check', 'absent'])).stderr,
    /^lodestore: Invalid: .* \(expected .*, got .*\)\n$/,
  );
  await expect(1, ['restore', 'absent', 'no.lode']);
  await expect(1, ['import', 'absent', 'words', 'no.jsonl']);
  await expect(1, ['import', 'absent', 'words', '-', '--format', 'jsonl'], { input: 'nothing\n' });
  assert.equal(existsSync(at('.lodestore')), false);
}

async function manual(context) {
  const { expect, json } = await workplace(context);
  const overview = (await expect(0, ['help'])).stdout;
  assert.equal((await expect(0, ['--help'])).stdout, overview);
  for (const name of COMMANDS) {
    assert.match(overview, new RegExp(`^ +${name}  `, 'm'));
    const { stdout } = await expect(0, ['help', name]);
    const heads = ['NAME', 'SYNOPSIS', 'DESCRIPTION', 'OPTIONS', 'EXIT CODES', 'EXAMPLES'];
    for (const head of heads) assert.match(stdout, new RegExp(`^${head}$`, 'm'), `${name} has no ${head}`);
    assert.ok(
      stdout.split('\n').every((line) => line.length <= 100),
      `${name} has lines that are too long`,
    );
    assert.equal((await expect(0, [name, '--help'])).stdout, stdout);
  }
  const listed = overview.slice(overview.indexOf('\nCOMMANDS\n') + 10).split('\n\n')[0];
  assert.deepEqual(
    listed.split('\n').map((line) => line.trim().split(' ')[0]),
    COMMANDS,
  );
  assert.ok(Array.isArray((await json(0, ['help', 'check'])).result.help));
}

/** An interrupt gives up in good order, even while nobody writes to stdin; a closed pipe is no failure to talk of. */
async function signals(context) {
  const { at, expect, json, folder } = await workplace(context);
  const program = join(context.installed, 'dist/cli/main.js');
  const waiting = spawn(process.execPath, [program, 'restore', 'notes', '-', '--json'], { cwd: folder });
  const ended = once(waiting, 'close');
  let [stdout, stderr] = ['', ''];
  waiting.stdout.on('data', (data) => (stdout += data));
  waiting.stderr.on('data', (data) => (stderr += data));
  // It has the database open, so it listens.
  const open = () => existsSync(at('.lodestore/notes')) && readdirSync(at('.lodestore/notes')).length > 1;
  while (!open() && waiting.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 10));
  waiting.kill('SIGINT');
  assert.deepEqual(await ended, [130, null], stderr);
  assert.match(stderr, /^lodestore: Interrupted: /);
  assert.equal(JSON.parse(stdout).error.code, 'Interrupted');
  assert.equal(existsSync(at('.lodestore')), false, 'a database was left');

  await writeFile(at('rows.jsonl'), rowsText(20_000));
  await expect(0, ['import', 'notes', 'words', 'rows.jsonl']);
  const script = '"$0" "$1" export notes words --format jsonl | head -n 1';
  const first = await start('bash', ['-c', script, process.execPath, program], { cwd: folder });
  assert.deepEqual([first.code, first.stderr], [0, '']);
  assert.equal(first.stdout, rowsText(1));
  await expect(0, ['check', 'notes']);

  const copy =
    '"$0" "$1" import copy words <("$0" "$1" export notes words --format jsonl) --format jsonl --json';
  const copied = await start('bash', ['-c', copy, process.execPath, program], { cwd: folder });
  assert.equal(JSON.parse(copied.stdout).result.rows, 20_000, copied.stderr);
}

/** The bin that npm made, with the version of the package. */
async function version({ project, installed }) {
  const known = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8')).version;
  const name = process.platform === 'win32' ? 'lodestore.cmd' : 'lodestore';
  const made = await start(join(project, 'node_modules/.bin', name), ['--version'], { cwd: project });
  assert.deepEqual([made.code, made.stdout], [0, `lodestore ${known}\n`]);
  const npx = await start('npx', ['--offline', '--no', '--', 'lodestore', '--version', '--json'], {
    cwd: project,
  });
  assert.deepEqual(JSON.parse(npx.stdout), { ok: true, command: 'version', result: { version: known } });
}

async function completions(context) {
  const { at, expect, json } = await workplace(context);
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { stdout } = await expect(0, ['completions', shell]);
    for (const name of COMMANDS) assert.match(stdout, new RegExp(`\\b${name}\\b`), `${shell} has no ${name}`);
    assert.match(stdout, /quantization/);
    assert.equal((await json(0, ['completions', shell])).result.script.trim(), stdout.trim());
    if (shell === 'bash') await writeFile(at('completions.bash'), stdout);
  }
  const script = `source ./completions.bash
ask() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _lodestore; echo "\${COMPREPLY[*]}"; }
ask lodestore re; ask lodestore rebuild --ind; ask lodestore rebuild --index h; ask lodestore help ver; ask lodestore completions z`;
  const { code, stdout } = await start('bash', ['-c', script], { cwd: at('.') });
  assert.equal(code, 0);
  assert.equal(stdout, 'repair restore rebuild\n--index\nhnsw\nverify\nzsh\n');
}

export const cliCases = {
  'command line: rows, backup, a damaged byte, restore, the same rows': story,
  'command line: verify sees a byte that is another, wherever it stands': everyByte,
  'command line: check, repair and salvage': damage,
  'command line: a database that is open elsewhere, and rows that were deleted': together,
  'command line: rebuild, optimize, prune': upkeep,
  'command line: usage errors end with 2 and change nothing': usage,
  'command line: help of every command': manual,
  'command line: interrupts and closed pipes': signals,
  'command line: npx and the version': version,
  'command line: completions hold every command': completions,
};
