// Digests on another thread: the same as here, in their order, without keeping a process, and an error when the thread ends.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import * as threads from 'node:worker_threads';

const dist = pathToFileURL(`${process.env.LODESTORE_DIST}/`);
const { DigestThread } = await import(new URL('seal/digest-thread.js', dist));

const MB = 1 << 20;
const bytesOf = (length, seed) => Uint8Array.from({ length }, (_, i) => (i * 31 + seed * 7 + (i >> 9)) & 255);
const here = (bytes) => createHash('sha256').update(bytes).digest('hex');
const hex = (digest) => Buffer.from(digest).toString('hex');

/** Threads that can be ended from outside. */
function watched() {
  const started = [];
  class Worker extends threads.Worker {
    constructor(...args) {
      super(...args);
      started.push(this);
    }
  }
  return { started, Worker };
}

/** Asked so often that a thread is worth it. */
async function warmed() {
  const some = watched();
  const digester = new DigestThread(some);
  const bytes = bytesOf(MB, 0);
  for (let asked = 0; asked < 20 && some.started.length === 0; asked += 1) await digester.digest(bytes);
  assert.equal(some.started.length, 1, 'a thread');
  return { digester, started: some.started };
}

test('digests are those of here, whatever becomes of the bytes', async () => {
  const { digester, started } = await warmed();
  const asked = [];
  let there = 0;
  for (let seed = 0; seed < 40; seed += 1) {
    const bytes = bytesOf(seed % 3 === 0 ? MB + 48 : 200_000 + seed * 1000, seed);
    const expected = here(bytes);
    const digest = digester.digest(bytes);
    bytes.fill(0);
    if (digest === undefined) continue;
    there += 1;
    if (seed % 2 === 0) assert.equal(hex(await digest), expected, `the one of ${seed}`);
    else asked.push(digest.then((made) => assert.equal(hex(made), expected, `the one of ${seed}`)));
  }
  await Promise.all(asked);
  assert.ok(there > 0, 'some were digested there');
  await started[0].terminate();
});

test('what is short, too long, or one too many is digested by who asks', async () => {
  const { digester, started } = await warmed();
  assert.equal(digester.digest(bytesOf(1000, 1)), undefined);
  assert.equal(digester.digest(new Uint8Array(2 * MB)), undefined);
  const asked = Array.from({ length: 8 }, (_, seed) => digester.digest(bytesOf(MB, seed)));
  assert.ok(asked.includes(undefined), 'some found no buffer');
  await Promise.all(asked);
  const again = digester.digest(bytesOf(MB, 1));
  assert.notEqual(again, undefined, 'the buffers came back');
  await again;
  await started[0].terminate();
});

test('a thread that ends with something to do is an error, and the last one', async () => {
  let thread;
  class Worker extends EventEmitter {
    constructor() {
      super();
      thread = this;
    }
    postMessage() {}
    ref() {}
    unref() {}
  }
  const digester = new DigestThread({ Worker });
  const bytes = new Uint8Array(MB);
  let digest;
  for (let asked = 0; asked < 20 && digest === undefined; asked += 1) digest = digester.digest(bytes);
  thread.emit('exit', 1);
  await assert.rejects(digest, { code: 'Unavailable' });
  for (let asked = 0; asked < 20; asked += 1) assert.equal(digester.digest(bytes), undefined);
});

test('no thread where none can be started', () => {
  const digester = new DigestThread({
    Worker: class {
      constructor() {
        throw new Error('not permitted');
      }
    },
  });
  for (let seed = 0; seed < 20; seed += 1) assert.equal(digester.digest(bytesOf(MB, 1)), undefined);
});

test('a process waits for a digest, and not for the thread', () => {
  const script = `
    const { DigestThread } = await import(${JSON.stringify(new URL('seal/digest-thread.js', dist).href)});
    const threads = await import('node:worker_threads');
    const digester = new DigestThread(threads);
    const bytes = new Uint8Array(${MB});
    let asked;
    for (let i = 0; i < 20 && asked === undefined; i += 1) asked = digester.digest(bytes);
    console.log((await asked).length);`;
  const out = execFileSync(process.execPath, ['--input-type=module', '-e', script], { timeout: 60_000 });
  assert.equal(String(out).trim(), '32');
});
