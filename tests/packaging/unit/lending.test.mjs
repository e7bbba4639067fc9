// Archives whose source lends its pieces: what is kept of them is copied.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

const dist = pathToFileURL(`${process.env.LODESTORE_DIST}/`);
const { ArchiveInput } = await import(new URL('archive/input.js', dist));
const { incoming } = await import(new URL('import-source.js', dist));
const { fromFile } = await import(new URL('targets/index.js', dist));

const BYTES = 5 * 2 ** 20 + 17;
const content = Uint8Array.from({ length: BYTES }, (_, i) => (i * 31 + (i >> 16)) & 255);

async function inFile(t) {
  const folder = await mkdtemp(join(tmpdir(), 'lodestore-lending-'));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, 'a.lode');
  await writeFile(path, content);
  return path;
}

async function all(pieces) {
  const copies = [];
  for await (const piece of pieces) copies.push(piece.slice());
  return Buffer.concat(copies);
}

test('the pieces of a file are its bytes, in buffers that are used by turns', async (t) => {
  const source = await fromFile(await inFile(t));
  const { total, lends, chunks } = incoming(source);
  assert.deepEqual([total, lends, source.locked], [BYTES, true, true]);
  const buffers = new Set();
  const seen = async function* () {
    for await (const piece of chunks) {
      buffers.add(piece.buffer);
      yield piece;
    }
  };
  assert.ok((await all(seen())).equals(content));
  assert.equal(buffers.size, 2);
  assert.throws(() => incoming(source), { code: 'Invalid' }, 'it was read');
});

test('whoever reads the stream gets pieces to keep', async (t) => {
  const pieces = [];
  for await (const piece of await fromFile(await inFile(t))) pieces.push(piece);
  assert.ok(Buffer.concat(pieces).equals(content));
});

/** Looks at so many pieces, and what they were when each was there. */
function looking(count) {
  const seen = [];
  return {
    seen,
    lookStart: async () => 1,
    lookWrite: async (_, bytes) => seen.push(bytes.slice()) === count,
    lookFinish: async () => ({ json: '{}' }),
    lookClose: async () => undefined,
  };
}

const keys = { lend: (use) => use(undefined), learn() {} };

for (const looked of [0, 1, 3, 100]) {
  test(`nothing is missing or doubled after a look at ${looked} pieces`, async (t) => {
    const input = new ArchiveInput(await fromFile(await inFile(t)));
    if (looked > 0) await input.head(looking(looked), keys);
    const pieces = [];
    for (let bytes; (bytes = await input.next()) !== undefined;) pieces.push(bytes.slice());
    assert.ok(Buffer.concat(pieces).equals(content));
    const again = looking(100);
    await input.again(again, keys);
    const first = Buffer.concat(again.seen);
    assert.ok(first.length >= 2 ** 20 && first.equals(content.subarray(0, first.length)), 'the beginning');
  });
}

test('a file that nobody reads on is closed', async (t) => {
  const input = new ArchiveInput(await fromFile(await inFile(t)));
  await input.next();
  input.cancel();
  input.cancel();
  await new Promise(setImmediate);
});
