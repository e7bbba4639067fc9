// How files are made in a storage, chunk by chunk. LODESTORE_DIST names the folder of the compiled modules.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

const dist = pathToFileURL(`${process.env.LODESTORE_DIST}/`);
const part = (name) => import(new URL(name, dist));
const { ChunkQueue } = await part('chunk-queue.js');
const { StorageHost } = await part('host.js');
const { yieldNow } = await part('yield-now.js');

test('a chunk queue holds one chunk and slows the writer', async () => {
  const queue = new ChunkQueue();
  let pushed = false;
  const push = queue.push(Uint8Array.of(1)).then(() => (pushed = true));
  await yieldNow();
  assert.equal(pushed, false);
  assert.deepEqual((await queue.next()).value, Uint8Array.of(1));
  await push;
  const ended = queue.end();
  assert.equal((await queue.next()).done, true);
  await ended;
});

const storage = (create) => ({
  list: async () => [],
  read: async () => new Uint8Array(),
  create,
  append: async () => {},
  remove: async () => {},
});

test('creating a file hands its chunks on in order', async () => {
  const got = [];
  const host = new StorageHost(
    storage(async (name, chunks) => {
      for await (const chunk of chunks) got.push(name, ...chunk);
    }),
    new Set(),
  );
  const handle = host.createBegin('f');
  await host.createPush(handle, Uint8Array.of(1, 2));
  await host.createPush(handle, Uint8Array.of(3));
  await host.createEnd(handle);
  assert.deepEqual(got, ['f', 1, 2, 'f', 3]);
  await assert.rejects(() => host.createEnd(handle), { code: 'Invalid' });
});

test('a storage that fails in the middle of its chunks is what is told', async () => {
  const host = new StorageHost(
    storage(async (name, chunks) => {
      for await (const chunk of chunks)
        throw Object.assign(new Error(`no space for ${chunk.length} bytes`), { code: 'ENOSPC' });
    }),
    new Set(),
  );
  const handle = host.createBegin('f');
  await host.createPush(handle, Uint8Array.of(1, 2));
  await assert.rejects(() => host.createPush(handle, Uint8Array.of(3)), { code: 'Quota' });
  await assert.rejects(() => host.createEnd(handle), { code: 'Quota' });
});

test('a file that is given up makes the source throw', async () => {
  let thrown;
  const host = new StorageHost(
    storage(async (_, chunks) => {
      try {
        for await (const chunk of chunks) void chunk;
      } catch (error) {
        thrown = error;
        throw error;
      }
    }),
    new Set(),
  );
  const handle = host.createBegin('f');
  await host.createPush(handle, Uint8Array.of(1));
  await host.createAbort(handle);
  assert.equal(thrown.code, 'Unavailable');
});

test('a storage that refuses a file rejects the pending push and every later call', async () => {
  const host = new StorageHost(
    storage(async () => {
      throw Object.assign(new Error('is there'), { code: 'Conflict' });
    }),
    new Set(),
  );
  const handle = host.createBegin('f');
  await assert.rejects(() => host.createPush(handle, Uint8Array.of(1)), { code: 'Conflict' });
  await assert.rejects(() => host.createEnd(handle), { code: 'Conflict' });
});

test('a storage that resolves before the last chunk is found out', async () => {
  const host = new StorageHost(
    storage(async () => {}),
    new Set(),
  );
  const handle = host.createBegin('f');
  await assert.rejects(() => host.createPush(handle, Uint8Array.of(1)), { code: 'Unavailable' });
});
