// Reading without waiting: what the facade makes of a storage object, and the descriptors it keeps in Node.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

const dist = pathToFileURL(`${process.env.LODESTORE_DIST}/`);
const part = (name) => import(new URL(name, dist));
const { StorageHost } = await part('host.js');
const { Readers } = await part('storage/readers.js');

const host = (readInto) => new StorageHost({ readInto }, new Set());

test('a storage object reads without waiting when it has readInto', () => {
  assert.equal(host(undefined).readsNow(), false);
  const able = host((name, at, target) => target.fill(name.length + at).length);
  assert.equal(able.readsNow(), true);
  const target = new Uint8Array(3);
  able.readNow('four', 5, target);
  assert.deepEqual(target, Uint8Array.of(9, 9, 9));
});

test('a readInto that fills less than its target, or does not say so, is found out', () => {
  for (const got of [2, 4, 0, undefined, '3', NaN, Promise.resolve(3)]) {
    assert.throws(
      () => host(() => got).readNow('f', 0, new Uint8Array(3)),
      { code: 'Unavailable' },
      String(got),
    );
  }
});

test('what readInto throws keeps its code, or is Unavailable', () => {
  const thrown = (error) => () => {
    throw error;
  };
  const read = (error) => () => host(thrown(error)).readNow('f', 0, new Uint8Array(1));
  assert.throws(read(Object.assign(new Error('short'), { code: 'Invalid' })), { code: 'Invalid' });
  assert.throws(read(new Error('broken')), { code: 'Unavailable' });
});

/** Files of sixteen bytes each; counts what is open. */
function fakeFs(absent) {
  const open = new Map();
  let last = 2;
  return {
    open,
    openSync(path) {
      if (path === absent) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
      open.set(++last, path);
      return last;
    },
    readSync(file, buffer, offset, length, position) {
      assert.ok(open.has(file), 'it is open');
      // As the system may: fewer bytes than were asked for.
      const count = Math.max(0, Math.min(length, 5, 16 - position));
      buffer.fill(position, offset, offset + count);
      return count;
    },
    fstatSync: () => ({ size: 16 }),
    closeSync: (file) => assert.ok(open.delete(file)),
  };
}

test('descriptors are kept, but not too many, and closed with their file', () => {
  const fs = fakeFs('/absent');
  const readers = new Readers(fs, (name) => `/${name}`);
  const target = new Uint8Array(12);
  for (let i = 0; i < 200; i += 1) readers.read(`f${i}`, 4, target);
  assert.deepEqual(target, Uint8Array.of(4, 4, 4, 4, 4, 9, 9, 9, 9, 9, 14, 14));
  assert.ok(fs.open.size <= 64 && fs.open.size > 32, `${fs.open.size} are open`);
  const before = fs.open.size;
  readers.read('f199', 0, target);
  assert.equal(fs.open.size, before, 'it was open already');
  readers.forget('f199');
  readers.forget('f199');
  readers.forget('never opened');
  assert.equal(fs.open.size, before - 1);
  assert.throws(() => readers.read('f5', 5, target), { code: 'Invalid', got: '16 bytes' });
  assert.throws(() => readers.read('absent', 0, target), { code: 'Invalid', got: 'no such file' });
  readers.close();
  assert.equal(fs.open.size, 0);
});
