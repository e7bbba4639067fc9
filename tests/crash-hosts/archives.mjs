// Archives and a disk that is full: a backup that does not fit, and a restore for which there is no room, leave what was
// there and nothing else. Usage: LODESTORE_TARBALL=... node tests/crash-hosts/archives.mjs, as root.

import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { install } from '../packaging/project.mjs';
import { SmallDisk } from './disk.mjs';

const ROWS = 8000;
const DIMENSION = 256;

const scratch = fileURLToPath(new URL('../../target/crash-archives', import.meta.url));
await rm(scratch, { recursive: true, force: true });
await mkdir(scratch, { recursive: true });
const project = await install(join(scratch, 'project'), process.env.LODESTORE_TARBALL);
await writeFile(
  join(project, 'entry.mjs'),
  "export * from 'lodestore';\nexport { backupTo, fromFile, toFile, toFolder } from 'lodestore/targets';\n",
);
const { backupTo, fromFile, open, toFile, toFolder } = await import(
  pathToFileURL(join(project, 'entry.mjs'))
);

const quota = { code: 'Quota' };

async function filled(name, directory, rows) {
  const db = await open(name, { storage: 'files', directory });
  const words = await db.collection('words', { dimension: DIMENSION });
  const vectors = Float32Array.from({ length: rows * DIMENSION }, (_, i) => Math.sin(i));
  await words.upsert({ ids: Array.from({ length: rows }, (_, i) => `w${i}`), vectors });
  return db;
}

/** What is in a folder: names and bytes. */
async function contents(folder) {
  const names = (await readdir(folder)).sort();
  return Promise.all(names.map(async (name) => [name, (await readFile(join(folder, name))).length]));
}

async function backups(disk) {
  const db = await filled('backed', join(scratch, 'backed'), ROWS);
  const folder = join(disk.folder, 'archives');
  await mkdir(folder);
  const kept = join(folder, 'kept.lode');
  await backupTo(db, toFile(kept));
  const bytes = await readFile(kept);
  await disk.fill();
  await assert.rejects(backupTo(db, toFile(join(folder, 'other.lode'))), quota, 'a new one');
  await assert.rejects(backupTo(db, toFile(kept, { replace: true })), quota, 'in the place of one');
  await assert.rejects(backupTo(db, toFolder(folder)), quota, 'in a folder');
  assert.deepEqual(await contents(folder), [['kept.lode', bytes.length]], 'no part of another');
  assert.ok(bytes.equals(await readFile(kept)), 'what was there stays as it is');
  assert.equal((await db.catalog()).archives.length, 1, 'nothing in the catalog that is not there');
  await disk.free();
  await backupTo(db, toFile(kept, { replace: true }));
  assert.equal((await db.verify(await fromFile(kept), { level: 3 })).rows, ROWS);
  await db.close();
}

async function restores(disk) {
  const source = await filled('source', join(scratch, 'source'), ROWS);
  const archive = join(scratch, 'source.lode');
  await backupTo(source, toFile(archive));
  await source.close();
  const directory = join(disk.folder, 'live');
  const db = await filled('live', directory, 10);
  await disk.fill();
  const names = async () => (await readdir(directory, { recursive: true })).sort();
  const before = await names();
  const refused = async () => {
    const restore = await db.restore(await fromFile(archive));
    await restore.stage().finally(() => restore.abort());
  };
  await assert.rejects(refused(), quota);
  assert.deepEqual(await names(), before, 'no trace of it');
  assert.equal(await (await db.collection('words')).count(), 10, 'reads go on');
  await disk.free();
  const restore = await db.restore(await fromFile(archive));
  await restore.stage();
  await restore.commit();
  assert.equal(await (await db.collection('words')).count(), ROWS, 'with room');
  assert.deepEqual((await db.check()).problems, []);
  await db.close();
}

let failed = 0;
const cases = { 'a backup that does not fit': backups, 'a restore without room': restores };
for (const [name, run] of Object.entries(cases)) {
  const disk = await SmallDisk.make(scratch);
  try {
    await run(disk);
    console.log(`ok   ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL ${name}\n${error.stack}`);
  } finally {
    await disk.close();
  }
}
await rm(scratch, { recursive: true, force: true });
console.log(`${Object.keys(cases).length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
