// What is timed.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, openAsBlob, readSync } from 'node:fs';
import { open as openFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import { dataset } from '../store/dataset.mjs';

/** Of what is written and not synced, and of what is read back at once: as the store does it. */
const SYNC_BYTES = 32 << 20;
const READ_BYTES = 4 << 20;

export const timesOf = {
  median: (values) => values.toSorted((a, b) => a - b)[values.length >> 1],
  blob: (path) => openAsBlob(path),
};

/**
 * Waits until nothing is left to be written or deleted: each measurement would else pay for the one before it, a copy behind a
 * backup three times what it takes.
 */
const settled = () => promisify(execFile)('sync');

async function synced(path) {
  const file = await openFile(path, 'r+');
  await file.sync();
  await file.close();
}

/** A database with its graph built and saved. */
export async function filled({ lodestore, scratch, n }, say) {
  const db = await lodestore.open('live', { storage: 'files', directory: join(scratch, 'live') });
  const collection = await db.collection('words', { dimension: 384, index: 'hnsw', quantization: 'int8' });
  // As quickly as they go in, so that the graph is built by optimize(), by which restores are estimated.
  for (const batch of dataset({ n, batch: 10_000, queries: 0 }).batches) await collection.upsert(batch);
  say(`${n} rows are in`);
  await collection.optimize();
  await db.checkpoint();
  say('the graph is built and saved');
  return db;
}

/** A backup into a file, as the guide has it: on the disk when it is done. */
export async function written({ backupTo, toFile }, db, path, options) {
  await settled();
  const start = performance.now();
  const result = await backupTo(db, toFile(path, { replace: true }), options);
  return { ...result, path, ms: performance.now() - start };
}

/** The same bytes from file to file by streams, and synced. */
export async function copied(from, to) {
  await rm(to, { force: true });
  await settled();
  const start = performance.now();
  await pipeline(createReadStream(from, { highWaterMark: 1 << 20 }), createWriteStream(to));
  await synced(to);
  const ms = performance.now() - start;
  if ((await stat(to)).size !== (await stat(from)).size) throw new Error('the copy is not one');
  await rm(to);
  return ms;
}

/**
 * What a restore that believes nothing has to do at the least, by functions of Node alone: each chunk checksummed and
 * digested, written, synced, and all of it read back into memory and checksummed again.
 */
export async function floored(from, to) {
  await rm(to, { force: true });
  await settled();
  const start = performance.now();
  const file = await openFile(to, 'w+');
  let [at, crc, unsynced] = [0, 0, 0];
  let [writing, syncing] = [Promise.resolve(), Promise.resolve()];
  const digests = createHash('sha256');
  for await (const chunk of createReadStream(from, { highWaterMark: 1 << 20 })) {
    crc = crc32(chunk, crc);
    digests.update(createHash('sha256').update(chunk).digest());
    await writing;
    writing = file.write(chunk, 0, chunk.length, at);
    at += chunk.length;
    unsynced += chunk.length;
    if (unsynced < SYNC_BYTES) continue;
    unsynced = 0;
    syncing = Promise.all([syncing, writing.then(() => file.datasync())]);
  }
  await Promise.all([writing, syncing]);
  await file.sync();
  const back = Buffer.allocUnsafe(at);
  let seen = 0;
  for (let done = 0; done < at;) {
    const count = readSync(file.fd, back, done, Math.min(READ_BYTES, at - done), done);
    seen = crc32(back.subarray(done, done + count), seen);
    done += count;
  }
  await file.close();
  const ms = performance.now() - start;
  if (seen !== crc) throw new Error('what was read back is not what was written');
  await rm(to);
  return ms;
}

/** A restore into a new database, from files as the guide has it: phases, and when it could be asked with its index. */
export async function restored({ lodestore, scratch }, paths, what, say) {
  const directory = join(scratch, 'restored');
  const db = await lodestore.open('restored', { storage: 'files', directory });
  await settled();
  const start = performance.now();
  const restore = await db.restore(await Promise.all(paths.map((path) => lodestore.fromFile(path))));
  const planned = restore.plan.etaMs;
  const validation = await restore.stage();
  await restore.commit();
  const serviceable = performance.now() - start;
  const { content, index } = validation.ms;
  say(
    `restored ${what}: content ${content.toFixed(0)} ms, index ${index.toFixed(0)} ms (announced ` +
      `${validation.indexEtaMs.toFixed(0)}, planned ${planned.index.toFixed(0)}), serviceable after ${serviceable.toFixed(0)} ms`,
  );
  if (validation.found !== validation.queries) throw new Error('sample queries did not find their rows');
  await db.close();
  await rm(directory, { recursive: true });
  return { ...validation, serviceable, planned };
}
