// Node: import, require, the quick starts of both READMEs, and the facade's own unit tests.
import assert from 'node:assert/strict';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { node, run } from '../project.mjs';

const SCRIPT = `
import assert from 'node:assert/strict';
import { open, deleteDatabase, LodestoreError } from 'lodestore';
const options = { storage: 'files', directory: './data' };
let db = await open('app', options);
let notes = await db.collection('notes', { dimension: 2, model: { id: 'm', version: '1' } });
await notes.upsert({ ids: ['a', 'b'], vectors: Float32Array.of(1, 0, 0, 1), metadata: [{ n: 1 }, undefined] });
await db.close();
await assert.rejects(() => notes.count(), { code: 'Closed' });
db = await open('app', options);
notes = await db.collection('notes');
const { matches } = await notes.query([1, 0.1], { topK: 1, returnVectors: true });
assert.equal(matches[0].id, 'a');
assert.deepEqual(matches[0].metadata, { n: 1 });
assert.deepEqual(matches[0].vector, Float32Array.of(1, 0));
assert.equal(await notes.get('none'), undefined);
assert.deepEqual((await notes.get(['b', 'none'])).map((row) => row?.id), ['b', undefined]);
const ids = [];
for await (const row of notes.listAll({ limit: 1 })) ids.push(row.id);
assert.deepEqual(ids, ['a', 'b']);
assert.equal((await notes.update('b', { n: 2 })).count, 1);
assert.equal(await notes.count({ n: { $gte: 2 } }), 1);
await assert.rejects(() => notes.query([1, 2, 3]), { code: 'Invalid' });
await assert.rejects(() => db.collection('notes', { dimension: 3 }), { code: 'Mismatch' });
await assert.rejects(() => open('other', { worker: true }), { code: 'Invalid' });
await assert.rejects(() => open('other', { storag: 'memory' }), LodestoreError);
const archive = await new Response(db.export()).arrayBuffer();
const copy = await open('copy', { storage: 'memory' });
assert.equal((await copy.import(archive)).rows, 2);
await assert.rejects(() => copy.import(archive), { code: 'Invalid' });
await assert.rejects(() => copy.import(archive.slice(0, -1), { replace: true }), { code: 'Corrupt' });
const copied = await copy.collection('notes');
const info = await copied.rebuild({
  config: { dimension: 3, model: { id: 'm', version: '2' } },
  batchSize: 1,
  embed: async (rows) => new Float32Array(rows.length * 3).fill(1),
});
assert.equal(info.dimension, 3);
assert.equal((await copied.query([1, 1, 1])).matches.length, 2);
const reason = new Error('enough');
await assert.rejects(
  () => copied.rebuild({ config: { dimension: 4 }, embed: async () => { throw reason; } }),
  (error) => error === reason,
);
const abort = new AbortController();
const cut = db.export({ signal: abort.signal, onProgress: () => abort.abort(reason) });
await assert.rejects(() => new Response(cut).arrayBuffer(), (error) => error === reason);
let cancelled = false;
const never = new ReadableStream({ pull: () => new Promise(() => {}), cancel: () => { cancelled = true; } });
const waiting = new AbortController();
setTimeout(() => waiting.abort(reason), 20);
await assert.rejects(
  () => copy.import(never, { replace: true, signal: waiting.signal }),
  (error) => error === reason,
);
assert.equal(cancelled, true);
assert.equal(await copied.count(), 2);
await copy.close();
await copy.close();
await db.close();
await deleteDatabase('app', options);
`;

/** A process with a thousand databases has to open a thousand, and may have few files open. */
const DESCRIPTORS = `
import assert from 'node:assert/strict';
import { readdirSync, readlinkSync } from 'node:fs';
import { open } from 'lodestore';
const options = { storage: 'files', directory: './descriptors' };
const link = (file) => {
  try { return readlinkSync('/proc/self/fd/' + file); } catch { return ''; }
};
const held = () => readdirSync('/proc/self/fd').map(link).filter((path) => path.includes('/descriptors/'));
let db = await open('app', options);
const notes = await db.collection('notes', { dimension: 3 });
await notes.upsert([{ id: 'one', vector: [1, 2, 3] }]);
assert.notDeepEqual(held(), [], 'a log that is written to is open, so they are seen here');
await db.checkpoint();
await notes.upsert([{ id: 'two', vector: [1, 2, 3] }]);
await db.close();
db = await open('app', options);
assert.deepEqual(held(), [], 'after opening');
await new Response(await db.backup()).arrayBuffer();
assert.deepEqual(held(), [], 'after a backup');
await db.close();
`;

async function quickStart(project, file) {
  const text = await readFile(file, 'utf8');
  const block = /^```ts\n([\s\S]*?)^```/m.exec(text)?.[1];
  assert.ok(block, `${file} has no ts block`);
  const output = await node(project, 'quick-start.mjs', block);
  assert.notEqual(output.trim(), '', 'the quick start shows nothing');
}

const BUILD = `
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { load, open } from 'lodestore';
const [wanted, expected] = process.argv.slice(2);
if (wanted) await load(await readFile(fileURLToPath(import.meta.resolve(wanted))));
const db = await open('app', { storage: 'memory' });
assert.equal((await db.stats()).build, expected);
await db.close();
`;

/** Node 20 knows relaxed SIMD behind a flag only, and then computes wrong sums with it. */
const BUILD_OF_NODE = Number(process.versions.node.split('.')[0]) < 22 ? 'simd128' : 'relaxed-simd';

async function builds({ project }) {
  await writeFile(join(project, 'build.mjs'), BUILD);
  const loads = (...args) => run(process.execPath, [...args], { cwd: project });
  await loads('build.mjs', '', BUILD_OF_NODE);
  await loads('build.mjs', 'lodestore/lodestore.wasm', 'simd128');
  const flag = '--experimental-wasm-relaxed-simd';
  if (BUILD_OF_NODE === 'simd128') await loads(flag, 'build.mjs', '', 'simd128');
}

/** A package without the file for relaxed SIMD, as some deployments will have it. */
async function withoutRelaxed({ project, installed }) {
  await writeFile(join(project, 'build.mjs'), BUILD);
  const file = join(installed, 'dist/wasm/lodestore_relaxed_bg.wasm');
  await rename(file, `${file}.away`);
  try {
    await run(process.execPath, ['build.mjs', '', 'simd128'], { cwd: project });
  } finally {
    await rename(`${file}.away`, file);
  }
}

const SECOND = `
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { load, open } from 'lodestore';

const bytes = (name) => readFile(fileURLToPath(import.meta.resolve('lodestore/' + name + '.wasm')));
const [first, second, message] = process.argv.slice(2);
await load(await bytes(first));
const db = await open('second', { storage: 'memory' });
const words = await db.collection('words', { dimension: 3 });
await words.upsert([{ id: 'one', vector: [1, 2, 3] }]);
const more = second === 'own' ? load(undefined, { more: true }) : load(undefined, { more: await bytes(second) });
if (message === undefined) {
  await more;
} else {
  await assert.rejects(more, (error) => error.code === 'Unavailable' && error.message.includes(message));
  await assert.rejects(db.check(), (error) => error.code === 'Unavailable');
}
// What needs only the first part goes on either way.
assert.equal((await words.query([1, 2, 3])).matches.length, 1);
if (message === undefined) {
  assert.equal((await db.check()).ok, true);
  const copy = await open('copy', { storage: 'memory' });
  assert.equal((await copy.import(db.export())).rows, 1);
}
`;

/** The second part is found where the package has it, fits its own build, and is refused beside another one. */
async function secondPart({ project }) {
  await writeFile(join(project, 'second.mjs'), SECOND);
  const loads = (...args) => run(process.execPath, ['second.mjs', ...args], { cwd: project });
  const flagged = (...args) =>
    run(process.execPath, ['--experimental-wasm-relaxed-simd', 'second.mjs', ...args], { cwd: project });
  const relaxed = BUILD_OF_NODE === 'simd128' ? flagged : loads;
  await loads('lodestore', 'own');
  await loads('lodestore', 'lodestore-more');
  await relaxed('lodestore', 'lodestore-relaxed-more', 'of another build');
  await relaxed('lodestore-relaxed', 'own');
  await relaxed('lodestore-relaxed', 'lodestore-relaxed-more');
  await relaxed('lodestore-relaxed', 'lodestore-more', 'of another build');
}

const SEAL = `
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { load } from 'lodestore';
const bytes = (name) => readFile(fileURLToPath(import.meta.resolve('lodestore/' + name + '.wasm')));
const noWasm = load(undefined, { seal: new Uint8Array(8) });
await assert.rejects(noWasm, (error) => error.code === 'Unavailable' && error.message.includes('lodestore-seal.wasm'));
await load(undefined, { seal: process.argv[2] === 'own' ? true : await bytes('lodestore-seal') });
`;

/** What encrypted archives need is found where the package has it, or taken from elsewhere. */
async function seal({ project }) {
  await writeFile(join(project, 'seal.mjs'), SEAL);
  for (const source of ['own', 'given']) await run(process.execPath, ['seal.mjs', source], { cwd: project });
}

const TARGETS = `
import assert from 'node:assert/strict';
import { open } from 'lodestore';
import { backupTo, fromFile, memoryStore, objectStore, scheduleBackup, toFile } from 'lodestore/targets';
const db = await open('app', { storage: 'memory' });
const notes = await db.collection('notes', { dimension: 2 });
await notes.upsert([{ id: 'a', vector: [1, 0] }]);
const { archive } = await backupTo(db, toFile('notes.lode', { replace: true }));
assert.equal((await db.verify(await fromFile('notes.lode'), { level: 4 })).manifest.archive, archive);
const target = objectStore(memoryStore(), { encrypt: { passphrase: 'a long one' } });
await backupTo(db, target);
assert.equal((await db.drill({ backup: 'latest', fetch: target.fetch })).ok, true);
// Neither of these, which are not stopped, keeps the process alive: one has nothing to do, the other one something.
scheduleBackup(db, { everyDays: 1, run: async () => {} });
scheduleBackup(db, { everyDays: 1e-9, run: async () => {} });
`;

/** Puts a backup, deflated, into a store in a folder; or lists it in a process that opens no database. */
const LISTING = `
import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { open } from 'lodestore';
import { backupTo, objectStore } from 'lodestore/targets';
const file = (key) => 'store/' + encodeURIComponent(key);
await mkdir('store', { recursive: true });
const target = objectStore({
  put: (key, bytes) => writeFile(file(key), bytes),
  get: (key) => readFile(file(key)).catch(() => undefined),
  list: async (prefix) => (await readdir('store')).map((name) => ({ key: decodeURIComponent(name) })).filter(({ key }) => key.startsWith(prefix)),
  delete: (key) => rm(file(key), { force: true }),
});
if (process.argv[2] === 'list') {
  assert.equal((await target.list()).length, 1);
  assert.ok(open);
} else {
  const db = await open('app', { storage: 'memory' });
  const notes = await db.collection('notes', { dimension: 2 });
  await notes.upsert(Array.from({ length: 500 }, (_, i) => ({ id: 'row-' + i, vector: [1, i] })));
  await backupTo(db, target);
}
`;

async function listing({ project }) {
  for (const step of ['fill', 'list']) await node(project, 'listing.mjs', LISTING, step);
}

export const nodeCases = {
  'node: a store is listed by a process that opens no database': listing,
  'node: lodestore/targets, and a schedule that keeps no process alive': ({ project }) =>
    node(project, 'targets.mjs', TARGETS),
  'node: what encrypted archives need can be loaded ahead': seal,
  'node: the second part fits its own build only': secondPart,
  'node: the build is chosen by what the engine computes': builds,
  'node: without the file for relaxed SIMD the other one serves': withoutRelaxed,
  'node: a database keeps no file open that it only reads': ({ project }) =>
    node(project, 'descriptors.mjs', DESCRIPTORS),
  'node: import': ({ project }) => node(project, 'script.mjs', SCRIPT),
  'node: require': async ({ project }) => {
    // Node 20 before 20.19 and 22 before 22.12 cannot require modules at all.
    if (process.features.require_module !== true)
      return console.log('        (this Node cannot require modules)');
    const source = `const { open } = require('lodestore'); if (typeof open !== 'function') throw new Error('no open');`;
    await node(project, 'script.cjs', source);
  },
  'node: unit tests of the facade': ({ root, installed }) =>
    run(process.execPath, ['--test', resolve(root, 'tests/packaging/unit')], {
      env: { ...process.env, LODESTORE_DIST: join(installed, 'dist') },
    }),
  'quick start of the package README': ({ project, installed }) =>
    quickStart(project, join(installed, 'README.md')),
  'quick start of the repository README': ({ project, root }) => quickStart(project, join(root, 'README.md')),
};
