// A module that may have 32 MiB and no more: what can be refused is refused, and where the module itself fails, that is
// told, nobody waits for ever, and what was acknowledged is there for the next process.
import { node } from '../project.mjs';

const SCRIPT = `
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { deleteDatabase, load, open } from 'lodestore';

const PAGES = 512;
const options = { storage: 'files', directory: './full', durability: 'relaxed' };

function leb(bytes, at) {
  let [value, shift] = [0, 0];
  for (;;) {
    const byte = bytes[at++];
    value |= (byte & 127) << shift;
    shift += 7;
    if (byte < 128) return [value, at];
  }
}

/** The module with a memory of at most PAGES pages. */
function limited(wasm) {
  for (let at = 8; ; ) {
    const [size, body] = leb(wasm, at + 1);
    if (wasm[at] === 5) {
      assert.deepEqual([wasm[body], wasm[body + 1]], [1, 0], 'one memory without a bound');
      const section = [1, 1, ...wasm.subarray(body + 2, body + size), (PAGES & 127) | 128, PAGES >> 7];
      return Buffer.concat([wasm.subarray(0, at), Buffer.from([5, section.length, ...section]), wasm.subarray(body + size)]);
    }
    at = body + size;
  }
}

const batch = (first, count) =>
  Array.from({ length: count }, (_, i) => ({
    id: 'row-' + (first + i),
    vector: [1, 2, 3, first + i],
    metadata: Object.fromEntries(Array.from({ length: 8 }, (_, k) => ['key' + k, 'value ' + k + ' of ' + (first + i) + ' '.repeat(90)])),
  }));

/** Fills the memory: how many rows were acknowledged. */
async function fill(rows) {
  let count = 0;
  for (const size of [200, 20]) {
    for (;;) {
      try {
        await rows.upsert(batch(count, size));
      } catch (error) {
        assert.equal(error.code, 'Quota', String(error));
        break;
      }
      count += size;
    }
    // It was refused, and everything goes on; to the brim, a query may be refused as well.
    assert.equal(await rows.count(), count);
    const query = rows.query([1, 2, 3, 4], { topK: 3 });
    const found = await query.catch((error) => assert.equal(error.code, 'Quota', String(error)));
    assert.equal(found?.matches.length ?? 3, 3);
  }
  return count;
}

await load(limited(await readFile(fileURLToPath(import.meta.resolve('lodestore/lodestore.wasm')))));
{
  const db = await open('full', options);
  const rows = await db.collection('rows', { dimension: 4, index: 'flat', quantization: 'none' });
  const count = await fill(rows);
  const failed = { code: 'Unavailable', message: /WebAssembly module failed/ };
  // For the index of metadata there is none either, which is asked for before.
  const filter = { key1: { $gte: 'a' } };
  await assert.rejects(() => rows.count(filter), { code: 'Quota' });
  await assert.rejects(() => rows.update({ filter }, { key1: 'changed' }), { code: 'Quota' });
  assert.equal(await rows.count(), count);
  // What a call brings along, and what a change of many rows is made of, is taken from what ends the module when there is none.
  const ids = (count) => Array.from({ length: count }, (_, n) => 'row-' + n);
  if (process.argv[2] === 'now') await assert.rejects(() => rows.get(ids(100_000)), failed);
  else await assert.rejects(() => rows.update({ ids: ids(3_000) }, { key1: 'changed' }), failed);
  await assert.rejects(() => rows.count(), failed);
  await assert.rejects(() => rows.upsert(batch(0, 1)), failed);
  await assert.rejects(() => open('other', { storage: 'memory' }), failed);
  await db.close();
  globalThis.gc?.();
  await new Promise((resolve) => setTimeout(resolve, 50));
  console.log(count);
}
`;

const AFTER = `
import assert from 'node:assert/strict';
import { deleteDatabase, open } from 'lodestore';
const options = { storage: 'files', directory: './full' };
const db = await open('full', options);
const rows = await db.collection('rows');
assert.equal(await rows.count(), Number(process.argv[2]));
assert.equal(await rows.count({ key1: 'changed' }), 0);
assert.ok((await db.check()).ok);
await db.close();
await deleteDatabase('full', options);
`;

async function full({ project }, how) {
  const count = await node(project, 'full.mjs', SCRIPT, how);
  await node(project, 'after-full.mjs', AFTER, count.trim().split('\n').at(-1));
}

export const memoryCases = {
  'node: no memory in a query': (context) => full(context, 'now'),
  'node: no memory in a write': (context) => full(context, 'later'),
};
