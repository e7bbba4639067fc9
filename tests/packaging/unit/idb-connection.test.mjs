// What becomes of a transaction whose connection another one found gone. The browser is a stand-in: a real one goes silent
// once in a hundred full disks.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

const { Connection } = await import(
  new URL('storage/idb-connection.js', pathToFileURL(`${process.env.LODESTORE_DIST}/`))
);

class Request {
  result;
  constructor(result) {
    this.result = result;
    queueMicrotask(() => this.onsuccess?.({ target: this }));
  }
}

/** Object stores in which nothing is found. */
const store = new Proxy({}, { get: () => () => new Request(undefined) });

class Database extends EventTarget {
  /** What becomes of the next transactions, in turn: `complete`, `abort`, or nothing. */
  fates = [];
  closed = 0;

  transaction(_, mode) {
    const tx = { db: this, mode, error: null, objectStore: () => store, commit() {}, abort() {} };
    const fate = this.fates.shift() ?? 'complete';
    if (fate === 'abort') tx.error = new DOMException('Connection is closing.', 'UnknownError');
    if (fate !== 'nothing') setTimeout(() => tx[`on${fate}`]?.());
    return tx;
  }

  close() {
    this.closed += 1;
  }
}

function browser() {
  const opened = [];
  globalThis.IDBVersionChangeEvent ??= class {};
  globalThis.indexedDB = {
    open() {
      opened.push(new Database());
      return new Request(opened.at(-1));
    },
  };
  return opened;
}

const asked = (tx) => new Promise((resolve) => (tx.objectStore('files').get('f').onsuccess = resolve));

test(
  'what is under way on a connection that is found gone does not wait for ever',
  { timeout: 5000 },
  async () => {
    const opened = browser();
    const connection = new Connection('lodestore:x', 'it', 'strict');
    await connection.open();
    opened[0].fates = ['nothing', 'abort'];
    const silent = connection.write(false, asked);
    const told = assert.rejects(silent, { code: 'Unavailable' });
    await connection.write(true, asked);
    await told;
    assert.ok(opened[0].closed > 0);
    assert.equal(opened.length, 2, 'the other one is made again, on a new connection');
  },
);

test('one that may be repeated is', { timeout: 5000 }, async () => {
  const opened = browser();
  const connection = new Connection('lodestore:x', 'it', 'strict');
  await connection.open();
  opened[0].fates = ['nothing', 'abort'];
  await Promise.all([connection.write(true, asked), connection.write(true, asked)]);
  assert.equal(opened.length, 2);
});

test('a browser that says nothing about opening it again is not waited for', { timeout: 5000 }, async (t) => {
  const opened = browser();
  const connection = new Connection('lodestore:x', 'it', 'strict');
  await connection.open();
  opened[0].fates = ['abort'];
  globalThis.indexedDB.open = () => ({});
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const told = assert.rejects(connection.write(true, asked), { code: 'Unavailable' });
  for (let second = 0; second < 60; second += 1) {
    await new Promise(setImmediate);
    t.mock.timers.tick(1000);
  }
  await told;
});
